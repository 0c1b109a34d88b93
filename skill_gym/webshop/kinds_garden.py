"""Words for what the home and garden department sells."""

# ruff: noqa: E501 - tables keep to one row for one kind

from skill_gym.webshop.kinds import family

GARDEN = (
    family(
        "garden",
        "Home & Kitchen › Furniture",
        """
        console tables | console table, entryway table, hallway table | Living Room Furniture › Tables › Sofa & Console Tables | 120
        coffee tables | coffee table, lift top coffee table, cocktail table | Living Room Furniture › Tables › Coffee Tables | 130
        end tables | end table, side table, c shaped table | Living Room Furniture › Tables › End Tables | 65
        sofa tables | sofa table, behind couch table | Living Room Furniture › Tables › Sofa & Console Tables | 110
        dining tables | dining table, kitchen table, drop leaf table | Kitchen & Dining Room Furniture › Tables | 210
        dining sets | dining set, table and chair set, breakfast nook set | Kitchen & Dining Room Furniture › Table & Chair Sets | 290
        desks | computer desk, writing desk, corner desk | Home Office Furniture › Home Office Desks | 140
        drafting tables | drafting table, drawing desk, craft table | Home Office Furniture › Drafting Tables | 150
        nightstands | nightstand, bedside table, bedside cabinet | Bedroom Furniture › Nightstands | 75
        bookcases | bookcase, bookshelf, ladder shelf | Home Office Furniture › Bookcases | 105
        tv stands | tv stand, media console, entertainment center | Living Room Furniture › Television Stands | 160
        file cabinets | file cabinet, filing drawer, rolling file cart | Home Office Furniture › Home Office Cabinets | 125
        baker's racks | baker's rack, microwave stand, kitchen shelf rack | Kitchen & Dining Room Furniture › Baker's Racks | 95
        buffets & sideboards | sideboard, buffet cabinet, credenza | Kitchen & Dining Room Furniture › Buffets & Sideboards | 230
        kitchen islands | kitchen island, rolling kitchen cart, butcher block cart | Kitchen & Dining Room Furniture › Kitchen Islands | 190
        vanities | makeup vanity, vanity table set, dressing table | Bedroom Furniture › Vanities & Benches | 170
        coat racks | coat rack, coat tree, wall hook rack | Hall & Entry Furniture › Coat Racks | 45
        hall trees | hall tree, entry bench | Hall & Entry Furniture › Hall Trees | 140
        """,
        looks="""Modern, Rustic, Industrial, Farmhouse, Vintage, Minimalist, Narrow, Tall, Elegant, Foldable, Classic""",
        materials="Oak, Pine, Marble, Walnut, Metal, Bamboo, Acacia, Glass",
        people="for small spaces, for couples, for students, for families, for gamers, for apartments",
        places="Hallway, Entryway, Bedroom, Kitchen, Apartment, Foyer, Loft, Study",
        being="""easy assemble, space saving, heavy duty, easy clean, assembly required, mid century, wall mounted,
        fully assembled""",
        having="""solid wood, storage space, steel frame, metal legs, engineered wood, tempered glass, wood finish,
        storage shelves""",
        purpose="living room, dining room, home office, storage cabinets, small apartments",
        options="color=finishes, size=furniture sizes, style=furniture styles",
        benefits="""holds more than it seems to; goes together in half an hour; stands firm on uneven floors; hides the
        clutter of a busy home; resists scratches and rings of cups; keeps what you need within reach; fits
        a narrow wall; shows the grain of the wood""",
    ),
    family(
        "garden",
        "Home & Kitchen › Furniture › Seating",
        """
        ottomans | storage ottoman, footstool, pouf | Ottomans & Footstools | 70
        bar stools | bar stool, counter stool, swivel stool | Kitchen & Dining › Bar Stools | 120
        accent chairs | accent chair, armchair, reading chair | Living Room › Accent Chairs | 160
        home office chairs | office chair, desk chair, task chair | Home Office › Home Office Chairs › Desk Chairs | 130
        sofas and couches | sofa, loveseat, sectional couch, sleeper sofa | Living Room › Sofas & Couches | 420
        living room sets | living room set, sofa and chair set | Living Room › Living Room Sets | 620
        dining chairs | dining chair, kitchen chair, side chair pair | Kitchen & Dining › Chairs | 140
        recliners | recliner, lift chair, rocking recliner | Living Room › Recliners | 310
        """,
        looks="Modern, Tufted, Plush, Elegant, Round, Cozy, Vintage, Ergonomic, Swivel, Upholstered",
        materials="Velvet, Linen, Leather, Rattan, Chenille, Oak, Corduroy",
        people="for adults, for small spaces, for families, for seniors, for gamers",
        places="Bedroom, Balcony, Nursery, Office, Kitchen Island, Reading Corner",
        being="""easy assemble, high density, easy clean, mid century, button tufted, heavy duty, height adjustable,
        assembly required""",
        having="""lumbar support, solid wood, faux leather, memory foam, metal legs, storage space, wood frame, pu
        leather""",
        purpose="living room, dining room, home office, guest room, small apartments",
        options="color=colors, size=seat sizes, style=furniture styles",
        benefits="""invites you to stay for a second chapter; keeps its spring after years; carries heavy guests with
        ease; supports the small of the back; wipes clean after dinner; turns without a squeak; hides
        blankets under the lid; moves without scratching the floor""",
    ),
    family(
        "garden",
        "Home & Kitchen › Furniture › Bedroom Furniture",
        """
        beds | platform bed, bunk bed, daybed | Beds, Frames & Bases › Beds | 290
        bedframes | bed frame, metal bed frame, upholstered bed frame | Beds, Frames & Bases › Bed Frames | 190
        bases | box spring, adjustable bed base, mattress foundation | Beds, Frames & Bases › Bases | 180
        mattresses | mattress, mattress topper, futon mattress | Mattresses & Box Springs › Mattresses | 260
        """,
        looks="Modern, Plush, Sturdy, Low, Quiet, Cooling, Upholstered, Classic, Foldable, Thick, Minimalist",
        materials="Bamboo, Oak, Metal, Linen, Velvet, Pine, Gel, Latex",
        people="for adults, for kids, for teens, for couples, for guests, for small rooms",
        places="Bedroom, Guest Room, Dorm, Camper, Nursery, Loft",
        being="""easy assemble, high density, heavy duty, long lasting, space saving, assembly required, king size,
        queen size""",
        having="""memory foam, box spring, wood frame, metal frame, storage space, pocket springs, solid wood, wood
        slats""",
        purpose="living room, guest room, back pain, hot sleepers, bunk beds",
        options="size=bed sizes, color=finishes, style=sets",
        benefits="""carries two sleepers without a creak; stays cool through August nights; goes together within the
        hour; unpacks flat and rises within a day; eases shoulders and hips; leaves room for boxes below;
        stands firm when children jump; does not let the mattress slip""",
    ),
    family(
        "garden",
        "Home & Kitchen › Bedding",
        """
        throw blankets | throw blanket, fleece blanket, weighted blanket | Blankets & Throws › Throws | 30 | size=throw sizes
        decorative pillows | throw pillow cover, lumbar pillow, floor cushion | Decorative Pillows, Inserts & Covers | 18 | size=pillow sizes
        comforter sets | comforter set, quilt set, duvet cover set | Comforters & Sets › Comforter Sets | 62
        sheets & pillowcases | sheet set, pillowcase pair, fitted sheet | Sheets & Pillowcases › Sheet Sets | 34
        """,
        looks="Soft, Cozy, Plush, Breathable, Cooling, Thick, Reversible, Washed, Warm, Quilted",
        materials="Cotton, Microfiber, Bamboo, Fleece, Linen, Sherpa, Flannel",
        people="for adults, for kids, for teens, for couples, for guests, for pets",
        places="Bedroom, Couch, Guest Room, Dorm, Camper, Nursery",
        being="""machine washable, super soft, easy care, double sided, long lasting, fade resistant, eco friendly,
        hand wash""",
        having="""zipper closure, deep pockets, corner ties, fleece lining, piped edges, polyester filling, tassel
        trim""",
        purpose="living room, guest room, sofa bed, cold nights, hot sleepers, dining room",
        options="size=bed sizes, color=colors, style=sets",
        benefits="""feels warm within minutes; stays cool through August nights; comes out of the wash like new; does
        not slip off in the night; drapes softly over the armrest; keeps its colors in the sun; takes two
        children and a dog; dries on a line within hours""",
    ),
    family(
        "garden",
        "Tools & Home Improvement › Lighting & Ceiling Fans",
        """
        floor lamps | floor lamp, arc lamp, torch lamp | Lamps & Shades › Floor Lamps | 75
        table lamps | table lamp, bedside lamp, desk lamp | Lamps & Shades › Table Lamps | 46
        sconces | wall sconce, wall light, swing arm lamp | Wall Lights › Wall Lamps & Sconces | 58
        pendants and chandeliers | pendant light, chandelier, island light | Ceiling Lights › Pendants & Chandeliers | 110
        string lights | string lights, fairy lights, curtain lights | Novelty Lighting › String Lights | 20 | size=cable lengths
        night lights | night light, motion sensor light, closet light | Wall Lights › Night Lights | 14 | size=amounts
        """,
        looks="Modern, Industrial, Dimmable, Vintage, Bright, Minimalist, Elegant, Warm, Tall, Rustic",
        materials="Brass, Glass, Rattan, Iron, Crystal, Linen, Ceramic",
        people="for adults, for kids, for readers, for teens, for renters",
        places="Bedroom, Hallway, Kitchen Island, Porch, Nursery, Stairway, Vanity",
        being="""easy install, mid century, energy efficient, wall mounted, touch control, easy assemble, height
        adjustable""",
        having="""glass shade, led bulb, remote control, bronze finish, nickel finish, usb port, metal frame, pull
        chain""",
        purpose="living room, dining room, home decor, reading nook, office desk",
        options="color=finishes, size=light counts, style=plug styles",
        benefits="""throws a soft glow on the ceiling; reads easily late at night; turns any corner into a place to sit;
        takes common bulbs; does not flicker on a dimmer; stays steady when bumped; comes with all screws;
        sets the mood for dinner""",
    ),
    family(
        "garden",
        "Home & Kitchen › Home Décor Products",
        """
        wall art | wall art print, canvas painting, framed poster | Wall Art › Posters & Prints | 28
        decorative mirrors | wall mirror, round mirror, full length mirror | Mirrors › Wall-Mounted Mirrors | 80 | size=inches
        candles | scented candle, pillar candle, candle gift set | Candles & Holders › Candles | 22 | scent=scents, size=ounces
        window coverings | blackout curtain pair, roman shade, window film | Window Treatments › Curtains & Drapes › Panels | 34
        area rugs | area rug, runner rug, shag rug | Area Rugs, Runners & Pads › Area Rugs | 78
        artificial plants | artificial plant, silk flower bunch, faux tree | Artificial Plants & Flowers › Artificial Plants | 32 | size=plant heights
        planters | planter pot, hanging planter, plant stand | Outdoor Décor › Planters | 30 | size=inches
        baskets and storage | storage basket, laundry hamper, woven bin | Storage & Organization › Baskets & Bins | 26 | size=inches
        wall clocks | wall clock, silent clock, kitchen clock | Clocks › Wall Clocks | 30 | size=inches
        vases | flower vase, floor vase, bud vase set | Vases | 27 | size=inches
        slipcovers | sofa cover, chair cover, recliner cover | Slipcovers › Sofa Slipcovers | 35 | size=seat covers
        """,
        looks="Boho, Modern, Rustic, Abstract, Farmhouse, Colorful, Handmade, Vintage, Tropical, Nordic",
        materials="Cotton, Canvas, Ceramic, Jute, Wood, Soy Wax, Polyester, Seagrass",
        people="for women, for kids, for couples, for plant lovers, for teens, for renters",
        places="Bedroom, Entryway, Bathroom, Kitchen, Office, Balcony, Nursery",
        being="""ready hang, machine washable, easy clean, eco friendly, non slip, easy install, hand painted, lead
        free""",
        having="solid wood, soy wax, wood frame, rod pocket, metal frame, cotton lining, drainage holes",
        purpose="living room, dining room, home decor, wedding gift, front porch",
        options="size=decor sizes, color=colors, style=sets",
        benefits="""brings color to a bare wall; makes a small room look larger; keeps its colors in the sun; pleases
        guests at the door; goes with warm and cool tones; needs no care at all; hides stains between
        washes; softens the echo of a hard floor""",
    ),
)
