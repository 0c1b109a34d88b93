"""Words for what the beauty department sells."""

# ruff: noqa: E501 - tables keep to one row for one kind

from skill_gym.webshop.kinds import family

BEAUTY = (
    family(
        "beauty",
        "Beauty & Personal Care › Hair Care",
        """
        hair masks | hair mask, repair mask, conditioning treatment | Hair Masks | 15
        shampoo & conditioner | shampoo, conditioner, shampoo and conditioner set | Shampoo & Conditioner › Sets | 18
        hair treatment oils | hair oil, treatment oil, hair serum | Hair Treatment Oils | 16
        scalp treatments | scalp treatment, scalp serum, scalp tonic | Scalp Treatments | 20
        hair loss products | hair growth serum, hair thickening spray, growth oil | Hair Loss Products › Regrowth | 24
        hair coloring products | hair color, root touch up powder, hair dye kit | Hair Coloring Products › Color | 14
        styling products | styling gel, curl cream, hair wax, setting spray | Styling Products | 13
        """,
        looks="""Nourishing, Hydrating, Gentle, Deep Repair, Volumizing, Botanical, Smoothing, Daily, Rich, Herbal""",
        materials="Argan, Rosemary, Coconut, Keratin, Aloe, Castor, Honey, Biotin, Oat Milk",
        people="for women, for men and women, for curly hair, for fine hair, for all hair types, for teens",
        places="Shower, Salon, Gym Bag, Weekend Trip, Bathroom Shelf",
        being="""sulfate free, paraben free, cruelty free, long lasting, easy apply, dermatologist tested, plant
        based""",
        having="coconut oil, argan oil, tea tree, natural ingredients, hyaluronic acid, green tea",
        purpose="damaged hair, dry hair, hair growth, natural hair, hair loss, hair styling, color treated",
        options="size=ounces, scent=scents, color=hair colors, style=amounts",
        benefits="""leaves hair soft after the first wash; calms a dry and itchy scalp; rinses out without a film;
        brings back shine to dull ends; detangles knots in seconds; keeps frizz down on humid days; smells
        fresh until the evening; makes combing easy""",
    ),
    family(
        "beauty",
        "Beauty & Personal Care › Tools & Accessories",
        """
        hair extensions, wigs & accessories | hair extension, clip in hair piece, lace wig, ponytail piece | Hair Extensions & Wigs › Pieces | 32 | color=hair colors
        hair cutting tools | hair clipper, thinning shears, barber scissors, trimmer kit | Cutting Tools › Scissors & Clippers | 26 | size=tool sizes
        hair accessories | hair clip set, headband, scrunchie set, hair barrette | Hair Accessories | 10 | size=tool sizes
        styling tools & appliances | curling iron, hair dryer, flat iron, hot air brush | Styling Appliances › Irons & Dryers | 38 | size=tool sizes
        makeup brushes & tools | makeup brush set, beauty sponge, eyelash curler | Makeup Brushes & Tools › Sets | 14 | size=tool sizes
        mirrors | makeup mirror, vanity mirror, travel mirror | Mirrors › Vanity Mirrors | 28 | size=tool sizes
        bags & cases | makeup bag, toiletry case, cosmetic organizer | Bags & Cases › Cosmetic Bags | 17 | size=bag sizes
        refillable containers | travel bottle set, cream jar, spray bottle, pump dispenser | Bags & Cases › Refillable Containers | 12 | size=ounces
        cotton balls & swabs | cotton swab, cotton round, cotton ball pack | Cotton Balls & Swabs | 8 | size=amounts, style=tool sizes
        salon & spa equipment | salon stool, massage table cover, barber cape | Salon & Spa Equipment | 45 | size=tool sizes
        piercing & tattoo supplies | tattoo needle set, piercing kit, tattoo ink | Piercing & Tattoo Supplies › Kits | 15 | size=tool sizes
        """,
        looks="Portable, Professional, Elegant, Foldable, Compact, Clear, Glossy, Cute, Premium, Slim",
        materials="Silicone, Acrylic, Bamboo, Steel, Nylon, Ceramic, Ivory, Pearl, Onyx",
        people="for women, for girls, for barbers, for stylists, for men and women, for travelers",
        places="Home, Salon, Travel, Vanity Desk, Dressing Room, Bathroom",
        being="""high quality, easy use, easy carry, non slip, travel size, double sided, leak proof, heat resistant""",
        having="""stainless steel, storage case, rose gold, synthetic hair, carrying pouch, soft bristles, suction cup""",
        purpose="""hair cutting, hair styling, beauty salon, nail art, eye shadow, sensitive skin, hair extensions""",
        options="color=colors, size=inches, style=amounts",
        benefits="""fits into the smallest purse; cleans up with a damp cloth; feels light in the hand; stays where it
        is put; saves space on a crowded counter; holds up to daily work in a salon; lets you see every
        detail; makes a lovely present for a friend""",
    ),
    family(
        "beauty",
        "Beauty & Personal Care › Skin Care",
        """
        face care | face cream, face wash, facial serum, sheet mask | Face › Treatments & Masks | 19
        eyes care | eye cream, under eye patch, eye serum | Eyes › Creams | 18
        body care | body lotion, body butter, body cream | Body › Moisturizers › Lotions | 15
        lip care | lip balm, lip mask, lip scrub | Lip Care › Balms & Moisturizers | 8
        skin care sets & kits | skin care set, facial kit, spa gift set | Sets & Kits | 30
        foot, hand & nail care | hand cream, foot balm, cuticle oil, foot file | Foot, Hand & Nail Care › Creams | 12
        scrubs & body treatments | body scrub, sugar scrub, salt scrub | Body › Scrubs & Treatments › Scrubs | 16
        sunscreens & tanning products | sunscreen lotion, tanning mousse, after sun gel | Sunscreens & Tanning › Sunscreens | 17
        skin care tools | face roller, cleansing brush, pore vacuum, gua sha stone | Tools › Face Tools | 22
        skin care maternity | stretch mark cream, belly butter, nursing balm | Maternity › Creams | 18
        """,
        looks="Hydrating, Gentle, Brightening, Cooling, Daily, Overnight, Organic, Velvety, Firming, Calming",
        materials="Aloe, Shea, Rose, Cucumber, Oat, Collagen, Charcoal, Jojoba, Chamomile",
        people="for women, for men, for adults, for all skin types, for mature skin, for teens",
        places="Morning Routine, Night Routine, Travel, Spa Day, Gym Bag",
        being="""cruelty free, paraben free, fragrance free, dermatologist tested, alcohol free, clinically proven,
        oil free""",
        having="""hyaluronic acid, shea butter, vitamin c, tea tree, natural ingredients, essential oils, green tea""",
        purpose="sensitive skin, dry skin, dead skin, fine lines, dark circles, acne prone",
        options="size=ounces, scent=scents, style=amounts, color=shades",
        benefits="""sinks in without a greasy feel; evens out rough patches; leaves a dewy finish; soothes redness after
        a long day; wakes up tired skin; locks in moisture for a full day; works well under makeup; feels
        cool on the skin""",
    ),
    family(
        "beauty",
        "Beauty & Personal Care › Makeup",
        """
        makeup palettes | eyeshadow palette, contour palette, blush palette | Makeup Palettes | 16
        lips makeup | lipstick, lip gloss, lip liner, lip stain | Lips › Lipsticks | 11
        eyes makeup | mascara, eyeliner pen, false eyelashes, eyebrow pencil | Eyes › Mascara & Liners | 12
        face makeup | foundation, concealer stick, setting powder, primer | Face › Foundation | 17
        body makeup | body glitter, body shimmer oil, temporary tattoo sheet | Body › Glitters | 10
        makeup remover | makeup remover wipe, cleansing balm, micellar water | Makeup Remover › Wipes & Waters | 12
        makeup sets | makeup kit, makeup gift box, beauty starter set | Makeup Sets | 27
        """,
        looks="Matte, Shimmer, Creamy, Satin, Bold, Sheer, Vivid, Natural Looking, Lightweight, Glossy",
        materials="Mineral, Rose, Pearl, Cocoa, Mica, Vitamin, Velvet",
        people="for women, for girls, for beginners, for makeup artists, for teens, for mature skin",
        places="Party, Wedding, Stage, Office, Festival, Date Night",
        being="long lasting, highly pigmented, cruelty free, easy apply, easy use, water proof, paraben free",
        having="hyaluronic acid, rose gold, coconut oil, built mirror, natural ingredients",
        purpose="eye shadow, sensitive skin, eye makeup, dry skin, daily makeup",
        options="color=shades, size=ounces, style=amounts",
        benefits="""blends smoothly with a brush or a fingertip; stays put through a long party; builds from soft to
        bold; comes off with warm water; does not crease by noon; suits warm and cool tones; glides on in
        one stroke; looks natural in daylight""",
    ),
    family(
        "beauty",
        "Beauty & Personal Care › Oral Care",
        """
        toothpaste | toothpaste, tooth powder, whitening toothpaste | Toothpaste | 9
        mouthwash | mouthwash, oral rinse, breath spray | Mouthwash | 10
        dental floss & picks | dental floss, floss pick, interdental brush | Dental Floss & Picks › Dental Floss | 8
        toothbrushes & accessories | toothbrush, electric toothbrush, brush head pack | Toothbrushes & Accessories › Brushes | 16
        teeth whitening | teeth whitening kit, whitening strips, whitening pen | Teeth Whitening › Kits | 24
        tongue cleaners | tongue scraper, tongue brush, tongue cleaner | Tongue Cleaners | 8
        denture care | denture case, denture cleanser tablet, denture brush | Denture Care › Cleansers | 11
        children's dental care | kids toothbrush, kids toothpaste, training toothbrush | Children's Dental Care › Toothbrushes | 10
        orthodontic supplies | retainer case, aligner chewies, orthodontic wax | Orthodontic Supplies › Cases | 9
        """,
        looks="Fresh, Gentle, Soft, Daily, Deep Clean, Whitening, Cool, Compact, Extra Fine",
        materials="Bamboo, Charcoal, Silicone, Mint, Silk, Coconut, Clove",
        people="for adults, for kids, for the whole family, for toddlers, for braces",
        places="Home, Travel, Office Drawer, Bathroom, School",
        being="""fluoride free, easy use, high quality, bpa free, eco friendly, clinically proven, alcohol free,
        travel size""",
        having="""tea tree, coconut oil, soft bristles, stainless steel, natural ingredients, xylitol sweetener""",
        purpose="teeth whitening, sensitive teeth, bad breath, oral hygiene, gum care, fresh breath",
        options="size=amounts, flavor name=mint flavors, color=colors",
        benefits="""reaches between the narrowest gaps; leaves a clean taste for hours; is kind to tender gums; lifts
        stains of tea and wine; makes brushing fun; rinses clean in a moment; keeps its shape for months""",
    ),
    family(
        "beauty",
        "Beauty & Personal Care › Fragrance",
        """
        women's fragrance | eau de parfum, perfume spray, body mist | Women's › Eau de Parfum | 42
        men's fragrance | cologne spray, eau de toilette, solid cologne | Men's › Cologne | 38
        children's fragrance | kids body mist, kids cologne | Children's › Mists | 15
        sets fragrance | perfume gift set, fragrance sampler, rollerball set | Sets › Women's | 48
        """,
        looks="Floral, Woody, Fresh, Sensual, Spicy, Warm, Citrus, Powdery, Mysterious, Bright",
        materials="Amber, Vanilla, Sandalwood, Jasmine, Bergamot, Musk, Cedar, Neroli, Fig",
        people="for women, for men, for her, for him, for teens, for everyone",
        places="Evening, Office, Date Night, Summer, Winter, Holiday Gift",
        being="long lasting, alcohol free, cruelty free, travel size, easy carry, high quality",
        having="essential oils, natural ingredients, gift box, glass bottle, green tea",
        purpose="sensitive skin, daily wear, special occasions, dry skin",
        options="size=fluid ounces, scent=scents, style=amounts",
        benefits="""opens bright and dries down warm; lingers on a scarf for days; never turns sharp on the skin; comes
        in a bottle worth keeping; turns heads without shouting; fits into a coat pocket""",
    ),
    family(
        "beauty",
        "Beauty & Personal Care › Bath & Shaving",
        """
        bathing accessories | bath sponge, loofah, back scrubber, bath pillow | Bathing Accessories › Sponges | 11
        bath & bathing accessories | bath bomb set, bubble bath, bath salt | Bath › Additives | 15
        deodorants & antiperspirants | deodorant stick, antiperspirant roll on, deodorant spray | Deodorants & Antiperspirants › Deodorant | 10
        shave & hair removal | razor set, shaving cream, wax strips, epilator | Shave & Hair Removal › Women's › Razors | 18
        soaps & cleansers | bar soap, body wash, hand soap | Soaps & Cleansers › Bars | 9
        """,
        looks="Soft, Refreshing, Exfoliating, Gentle, Relaxing, Large, Thick, Creamy, Invisible",
        materials="Bamboo, Cotton, Lavender, Oat, Sea Salt, Silicone, Eucalyptus, Goat Milk",
        people="for women, for men, for men and women, for kids, for couples",
        places="Shower, Bathtub, Spa, Gym, Hotel",
        being="aluminum free, easy clean, easy use, paraben free, cruelty free, long handle, eco friendly",
        having="essential oils, shea butter, tea tree, natural ingredients, stainless steel, hanging loop",
        purpose="dead skin, sensitive skin, dry skin, hair removal, back acne",
        options="scent=scents, size=amounts, color=colors",
        benefits="""builds a rich lather; dries quickly between showers; keeps you fresh all day; leaves no white marks;
        melts the stress away; reaches the middle of the back; lasts twice as long as common ones""",
    ),
)
