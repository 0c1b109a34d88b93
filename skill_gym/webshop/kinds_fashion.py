"""Words for what the fashion department sells."""

# ruff: noqa: E501 - tables keep to one row for one kind

from skill_gym.webshop.kinds import family

_TOP_BENEFITS = """
    keeps its shape after many washes; drapes well over jeans; does not cling on hot days; breathes on long walks;
    layers neatly under a jacket; feels soft from the first day; stays tucked in; hides small spills;
    moves with you; does not fade"""

FASHION = (
    family(
        "fashion",
        "Clothing, Shoes & Jewelry › Men › Clothing",
        """
        men's t-shirts & tanks | men's t-shirt, men's tank top, men's tee | Shirts › T-Shirts | 17
        men's dress shirts | men's dress shirt, men's button down shirt | Shirts › Dress Shirts | 30
        men's polos | men's polo shirt, men's golf polo | Shirts › Polos | 26
        men's henleys | men's henley shirt, men's henley | Shirts › Henleys | 24
        men's tuxedo shirts | men's tuxedo shirt, men's formal shirt | Shirts › Tuxedo Shirts | 33
        men's casual button-down shirts | men's flannel shirt, men's hawaiian shirt | Shirts › Casual Button-Down Shirts | 27
        men's sweaters | men's sweater, men's cardigan, men's turtleneck pullover | Sweaters › Pullovers | 36
        men's fashion hoodies & sweatshirts | men's hoodie, men's sweatshirt | Fashion Hoodies & Sweatshirts | 34
        men's jackets & coats | men's jacket, men's puffer coat, men's denim jacket | Jackets & Coats › Lightweight Jackets | 58
        men's suits & sport coats | men's suit, men's sport coat, men's vest | Suits & Sport Coats › Suits | 95
        """,
        looks="Casual, Classic, Graphic, Striped, Vintage, Basic, Stylish, Lightweight, Warm, Plaid",
        materials="Cotton, Linen, Fleece, Flannel, Polyester, Knit, Denim",
        people="for men, for big and tall men, for dad, for teens, for husband",
        places="Work, Weekend, Golf, Beach, Party, Office, Wedding, Fall",
        being="""machine wash, slim fit, classic fit, loose fit, moisture wicking, hand wash, regular fit, wash cold""",
        having="""long sleeve, short sleeve, button closure, polyester spandex, cotton spandex, needle sleeve, crew
        neck, zipper pocket""",
        purpose="daily wear, gym workout, dry clean, tumble dry, casual wear",
        options="color=clothing colors, size=clothing sizes, fit type=fits, style=sleeves",
        benefits=_TOP_BENEFITS,
    ),
    family(
        "fashion",
        "Clothing, Shoes & Jewelry › Men › Clothing",
        """
        men's shorts | men's shorts, men's cargo shorts, men's swim trunks | Shorts › Flat Front | 23
        men's pants | men's pants, men's joggers, men's cargo pants | Pants › Casual | 34
        men's jeans | men's jeans, men's denim pants | Jeans › Regular | 42
        men's underwear | men's boxer briefs, men's thermal underwear, men's boxers | Underwear › Boxer Briefs | 22
        men's sleep & lounge | men's pajama set, men's bathrobe, men's lounge pants | Sleep & Lounge › Sleep Sets | 32
        men's socks | men's crew socks, men's dress socks, men's ankle socks | Socks › Casual Socks | 14
        """,
        looks="""Casual, Athletic, Stretchy, Comfortable, Quick Dry, Lightweight, Warm, Classic, Breathable, Rugged""",
        materials="Cotton, Nylon, Fleece, Bamboo, Denim, Twill, Modal",
        people="for men, for big and tall men, for runners, for teens, for workers",
        places="Gym, Beach, Hiking, Work, Home, Travel, Training",
        being="""machine wash, slim fit, straight leg, moisture wicking, relaxed fit, hand wash, long lasting, water
        resistant""",
        having="""elastic waistband, drawstring closure, zipper closure, cotton spandex, button closure, side pockets,
        elastic waist""",
        purpose="daily wear, gym workout, tumble dry, everyday wear, cold weather",
        options="color=clothing colors, size=clothing sizes, fit type=fits, style=sets",
        benefits="""dries before lunch; does not ride up; holds phone and keys safely; stretches with every step; keeps
        its shape after many washes; sits well without a belt; stays dry on long runs; feels like nothing at
        all""",
    ),
    family(
        "fashion",
        "Clothing, Shoes & Jewelry › Women › Clothing",
        """
        women's tops, tees & blouses | women's blouse, women's tunic top, women's tee | Tops, Tees & Blouses › Blouses & Button-Down Shirts | 22
        women's fashion hoodies & sweatshirts | women's hoodie, women's sweatshirt, women's pullover | Fashion Hoodies & Sweatshirts | 30
        women's sweaters | women's sweater, women's cardigan, women's knit pullover | Sweaters › Cardigans | 34
        women's dresses | women's maxi dress, women's summer dress, women's cocktail dress | Dresses › Casual | 36
        women's bodysuit tops | women's bodysuit, women's thong bodysuit | Bodysuit Tops | 20
        women's jumpsuits, rompers & overalls | women's jumpsuit, women's romper, women's overalls | Jumpsuits, Rompers & Overalls › Jumpsuits | 34
        women's coats, jackets & vests | women's trench coat, women's puffer vest, women's jacket | Coats, Jackets & Vests › Trench Coats | 62
        women's suiting & blazers | women's blazer, women's office suit | Suiting & Blazers › Blazers | 46
        women's swimsuits & cover ups | women's swimsuit, women's bikini set, women's beach cover up | Swimsuits & Cover Ups › One-Pieces | 28
        """,
        looks="Casual, Floral, Elegant, Flowy, Vintage, Cropped, Chic, Boho, Oversized, Striped, Sexy",
        materials="Cotton, Chiffon, Linen, Lace, Knit, Satin, Polyester, Fleece",
        people="for women, for ladies, for teen girls, for curvy women, for juniors, for mom",
        places="Office, Beach, Party, Wedding Guest, Vacation, Spring, Date Night, Fall",
        being="""machine wash, hand wash, loose fit, slim fit, wash cold, high waist, machine washable, soft material""",
        having="""long sleeve, short sleeve, polyester spandex, tummy control, button closure, v neck, zipper closure,
        side pockets""",
        purpose="daily wear, teen girls, dry clean, casual wear, tumble dry, special occasions",
        options="color=clothing colors, size=clothing sizes, fit type=fits, style=sleeves",
        benefits=_TOP_BENEFITS,
    ),
    family(
        "fashion",
        "Clothing, Shoes & Jewelry › Women › Clothing",
        """
        women's shorts | women's shorts, women's bike shorts, women's denim shorts | Shorts › Casual | 21
        women's pants | women's wide leg pants, women's dress pants, women's joggers | Pants › Casual | 29
        women's jeans | women's skinny jeans, women's bootcut jeans | Jeans › Skinny | 38
        women's activewear | women's leggings, women's sports bra, women's workout set | Active › Active Leggings | 26
        women's skirts | women's skirt, women's pleated skirt, women's midi skirt | Skirts › Midi | 25
        women's lingerie, sleep & lounge | women's nightgown, women's pajama set, women's bralette | Lingerie, Sleep & Lounge › Sleep & Lounge › Sets | 26
        women's socks & hosiery | women's tights, women's ankle socks, women's compression socks | Socks & Hosiery › Tights | 13
        """,
        looks="Stretchy, Casual, Ribbed, Seamless, Soft, Flared, Lightweight, Sexy, Comfortable, Breathable",
        materials="Cotton, Denim, Lace, Modal, Nylon, Silk, Bamboo, Fleece",
        people="for women, for ladies, for teen girls, for curvy women, for runners, for mom",
        places="Yoga, Gym, Home, Beach, Office, Travel, Weekend",
        being="""machine wash, high waist, hand wash, moisture wicking, wide leg, butt lifting, fleece lined, quick
        drying""",
        having="""tummy control, elastic waistband, polyester spandex, elastic closure, side pockets, lace trim,
        cotton crotch""",
        purpose="daily wear, gym workout, teen girls, laundry bag, yoga class",
        options="color=clothing colors, size=clothing sizes, fit type=fits, style=sets",
        benefits="""never shows through; stays up on a run; smooths the waist; stretches with every step; dries before
        lunch; feels like a second skin; holds a phone in the side; survives the washing machine""",
    ),
    family(
        "fashion",
        "Clothing, Shoes & Jewelry › Women › Shoes",
        """
        women's pumps | women's pumps, women's high heels, women's stiletto shoes | Pumps | 42
        women's flats | women's ballet flats, women's flats | Flats | 30
        women's sandals | women's wedge sandals, women's flip flops, women's sandals | Sandals › Platforms & Wedges | 29
        women's fashion sneakers | women's sneakers, women's slip on shoes, women's canvas shoes | Fashion Sneakers | 39
        women's boots | women's ankle boots, women's snow boots, women's knee boots | Boots › Ankle & Bootie | 58
        women's mules & clogs | women's mules, women's clogs | Mules & Clogs | 34
        women's slippers | women's house slippers, women's fuzzy slippers | Slippers | 22
        women's loafers & slip-ons | women's loafers, women's penny loafers | Loafers & Slip-Ons | 37
        women's oxfords | women's oxfords, women's lace up shoes | Oxfords | 44
        women's work & safety footwear | women's nursing shoes, women's steel toe shoes | Work & Safety › Footwear | 52
        """,
        looks="Casual, Elegant, Comfortable, Chunky, Strappy, Vintage, Lightweight, Cute, Platform, Pointed",
        materials="Leather, Suede, Canvas, Mesh, Satin, Cork, Velvet",
        people="for women, for ladies, for nurses, for brides, for teen girls, for wide feet",
        places="Office, Wedding, Beach, Walking, Party, Garden, Hospital, Travel",
        being="""non slip, slip resistant, water resistant, open toe, closed toe, light weight, knee high, day
        comfort""",
        having="""rubber sole, arch support, ankle strap, memory foam, high heel, leather sole, rubber outsole, faux
        fur""",
        purpose="daily wear, long walks, teen girls, wedding party, wet floors",
        options="size=women's shoe sizes, color=clothing colors, style=widths",
        benefits="""carries you through a double shift; needs no breaking in; grips on wet tiles; bends with the foot;
        lets the toes breathe; comes off at the door with one tug; looks good with a skirt or with jeans;
        eases tired heels""",
    ),
    family(
        "fashion",
        "Clothing, Shoes & Jewelry › Men › Shoes",
        """
        men's loafers & slip-ons | men's loafers, men's boat shoes, men's slip on shoes | Loafers & Slip-Ons | 46
        men's sandals | men's sandals, men's flip flops, men's slides | Sandals › Sport Sandals | 30
        men's fashion sneakers | men's sneakers, men's high top shoes, men's canvas shoes | Fashion Sneakers | 45
        men's outdoor shoes | men's hiking shoes, men's trail shoes, men's water shoes | Outdoor › Hiking & Trekking | 56
        men's boots | men's work boots, men's chukka boots, men's snow boots | Boots › Chukka | 72
        men's oxfords | men's oxford shoes, men's dress shoes | Oxfords | 60
        men's slippers | men's slippers, men's moccasin slippers | Slippers | 26
        men's athletic shoes | men's running shoes, men's tennis shoes, men's training shoes | Athletic › Running | 48
        """,
        looks="Casual, Rugged, Classic, Breathable, Lightweight, Comfortable, Sporty, Formal, Warm, Durable",
        materials="Leather, Suede, Mesh, Canvas, Rubber, Wool, Nubuck",
        people="for men, for wide feet, for workers, for runners, for dad, for hikers",
        places="Trail, Office, Beach, Gym, Warehouse, Wedding, Camping, Winter",
        being="""non slip, slip resistant, water resistant, light weight, day comfort, long lasting, anti slip, steel
        toe""",
        having="""rubber sole, arch support, memory foam, rubber outsole, ethylene vinyl, leather lining, lace closure""",
        purpose="daily wear, long walks, rough terrain, office wear, wet weather",
        options="size=men's shoe sizes, color=clothing colors, style=widths",
        benefits="""grips on mud and gravel; keeps out puddles; needs no breaking in; shrugs off knocks at the toe; lets
        warm air out; goes from the desk to dinner; weighs less than it looks; holds the heel in place""",
    ),
    family(
        "fashion",
        "Clothing, Shoes & Jewelry › Accessories",
        """
        women's handbags | women's tote bag, women's crossbody bag, women's shoulder bag | Handbags & Wallets › Totes | 38 | size=bag sizes
        wallets & card cases | leather wallet, card holder, coin purse | Wallets & Card Cases › Wallets | 20 | size=bag sizes
        belts | leather belt, ratchet belt, waist belt | Belts | 19 | size=belt sizes
        necklaces | pendant necklace, chain necklace, pearl necklace | Jewelry › Necklaces | 24 | size=chain lengths
        earrings | hoop earrings, stud earrings, drop earrings | Jewelry › Earrings | 16 | size=jewelry sizes
        wrist watches | quartz watch, leather strap watch, sports watch | Watches › Wrist Watches | 55 | size=jewelry sizes
        sunglasses | polarized sunglasses, round sunglasses, sport sunglasses | Sunglasses & Eyewear › Sunglasses | 18 | size=jewelry sizes
        hats & caps | baseball cap, bucket hat, knit beanie | Hats & Caps › Baseball Caps | 17
        scarves & wraps | silk scarf, knit scarf, shawl wrap | Scarves & Wraps | 18 | size=jewelry sizes
        travel backpacks | travel backpack, laptop backpack, gym duffel bag | Luggage & Travel Gear › Backpacks | 44 | size=bag sizes
        """,
        looks="Elegant, Minimalist, Classic, Vintage, Slim, Dainty, Casual, Handmade, Chic, Sporty",
        materials="Leather, Canvas, Silver, Silk, Wool, Nylon, Pearl, Suede",
        people="for women, for men, for teens, for mom, for dad, for brides",
        places="Work, Travel, Birthday Gift, Wedding, School, Beach, Anniversary",
        being="""water resistant, long lasting, hand crafted, light weight, nickel free, easy clean, hand wash, rfid
        blocking""",
        having="""genuine leather, stainless steel, zipper closure, adjustable strap, gift box, faux leather, quick
        release, uv protection""",
        purpose="daily wear, special occasions, valentines day, outdoor sports, business travel",
        options="color=clothing colors, size=hat sizes, style=accessory styles",
        benefits="""goes with every coat; ages well; keeps cards and coins in order; does not irritate the skin; closes
        with a firm click; holds a laptop and a lunch; makes a small gift look large; adjusts to the
        smallest wrist""",
    ),
)
