"""What options offer: lists of colors, sizes, flavors and the like, in the order in which pages show them."""

from collections.abc import Mapping

from skill_gym.webshop.kinds import words

_LISTS = {
    "colors": """
        Beige, Black, Blue, Brown, Burgundy, Charcoal, Coral, Cream, Dark Blue, Dark Green, Emerald Green,
        Gold, Gray, Green, Ivory, Khaki, Lavender, Light Blue, Light Gray, Matte Black, Mint Green, Mustard,
        Navy, Olive Green, Orange, Peach, Pink, Plum, Purple, Red, Rose Gold, Royal Blue, Sage Green,
        Silver, Sky Blue, Taupe, Teal, Turquoise, White, Wine Red, Yellow, Black/White, Gray/Pink
        """,
    "clothing colors": """
        Army Green, Beige, Black, Black Leopard, Blue, Blue Floral, Brown, Burgundy, Camel, Charcoal,
        Coffee, Dark Gray, Dark Green, Denim Blue, Dusty Pink, Heather Gray, Hot Pink, Khaki, Lavender,
        Light Blue, Mint, Mustard Yellow, Navy, Navy Plaid, Nude, Olive, Orange, Peach, Pink, Purple, Red,
        Red Plaid, Rose, Royal Blue, Rust, Sky Blue, Teal, White, White Stripes, Wine, Yellow
        """,
    "hair colors": """
        Ash Blonde, Auburn Red, Black, Blue Black, Brown, Burgundy, Caramel Blonde, Chestnut Brown, Copper
        Red, Dark Brown, Gold Blonde, Honey Blonde, Jet Black, Light Brown, Natural Black, Platinum Blonde,
        Rose Gold, Silver Gray, Wine Red
        """,
    "shades": """
        Almond, Berry Rose, Brick Red, Bronze, Caramel, Chestnut, Cocoa, Coral Pink, Fair Ivory, Golden
        Beige, Honey, Light Beige, Mauve, Medium Beige, Nude, Peach, Plum, Porcelain, Rose Pink, Ruby Red,
        Soft Brown, Warm Sand, Wine
        """,
    "finishes": """
        Antique Brass, Antique White, Black, Black Oak, Brushed Nickel, Charcoal Gray, Cherry, Chrome, Dark
        Walnut, Espresso, Gold, Gray, Gray Oak, Honey Pine, Light Oak, Matte Black, Natural, Navy Blue, Oil
        Rubbed Bronze, Oak, Rose Gold, Silver, Walnut, Weathered Gray, White, White Marble
        """,
    "ounces": """
        1 Ounce, 1.7 Ounce, 2 Ounce, 3.4 Ounce, 4 Ounce, 5 Ounce, 6 Ounce, 8 Ounce, 8.5 Ounce, 10 Ounce, 12
        Ounce, 13.5 Ounce, 16 Ounce, 24 Ounce, 32 Ounce, 8 Ounce (2 Count), 16 Ounce (2 Count)
        """,
    "fluid ounces": """
        0.17 Fl Oz, 0.27 Fl Oz, 0.33 Fl Oz, 0.5 Fl Oz, 1 Fl Oz, 1.7 Fl Oz, 2.5 Fl Oz, 3.4 Fl Oz, 4.2 Fl Oz,
        6.8 Fl Oz
        """,
    "amounts": """
        Single, Twin Pack, 3 Count, 4 Count, 5 Count, 6 Count, 10 Count, 12 Count, 20 Count, 24 Count, 30
        Count, 50 Count, 100 Count
        """,
    "packs": """
        4 Ounce (Pack of 1), 4 Ounce (Pack of 4), 6 Ounce (Pack of 2), 7 Ounce (Pack of 6), 8 Ounce (Pack of
        1), 8 Ounce (Pack of 6), 10 Ounce (Pack of 3), 12 Ounce (Pack of 1), 12 Ounce (Pack of 12), 1 Pound
        (Pack of 1), 1.5 Pound (Pack of 2), 2 Pound (Pack of 1), 3 Pound (Pack of 2), 5 Pound (Pack of 1),
        10 Pound (Pack of 1)
        """,
    "drink sizes": """
        8.4 Fl Oz (Pack of 12), 11 Fl Oz (Pack of 6), 12 Fl Oz (Pack of 8), 12 Fl Oz (Pack of 24), 16 Fl Oz
        (Pack of 1), 16.9 Fl Oz (Pack of 12), 32 Fl Oz (Pack of 1), 32 Fl Oz (Pack of 6), 64 Fl Oz (Pack of
        2)
        """,
    "scents": """
        Almond Milk, Amber, Cedar Wood, Cherry Blossom, Citrus Mist, Clean Linen, Coconut, Cucumber Melon,
        Eucalyptus, French Vanilla, Fresh Rain, Green Tea, Jasmine, Lavender Field, Lemon Verbena, Lilac,
        Ocean Breeze, Orange Blossom, Rose, Sweet Pea, Unscented, Vanilla Bean, White Musk, Ylang Ylang
        """,
    "mint flavors": """
        Bubble Gum, Cinnamon, Clean Mint, Cool Mint, Fruit Mix, Ginger Mint, Orange Mint, Spicy Mint,
        Vanilla Mint, Watermelon, Wild Berry
        """,
    "snack flavors": """
        Apple Cinnamon, Barbecue, Apple Berry, Caramel, Cheddar, Chili Lime, Chocolate Chip, Cinnamon Sugar,
        Coconut, Cookies and Cream, Dark Chocolate, Honey Roasted, Jalapeno, Lemon, Mango, Maple, Milk
        Chocolate, Original, Peanut Butter, Pineapple, Ranch, Sea Salt, Smoky Bacon, Sour Cream and Onion,
        Sweet and Salty, Teriyaki, Vanilla, White Cheddar, Wild Berry
        """,
    "pantry flavors": """
        Basil, Black Pepper, Brown Sugar, Chicken, Cinnamon Raisin, Garlic, Garlic Herb, Habanero, Honey,
        Italian Herb, Lemon Pepper, Maple, Mild, Mushroom, Original, Plain, Roasted Garlic, Smoky, Spicy,
        Sweet Onion, Tomato Basil, Vegetable
        """,
    "drink flavors": """
        Apple, Black Cherry, Blood Orange, Caramel, Chocolate, Cold Brew, Cucumber Lime, Dark Roast, French
        Roast, Ginger Lemon, Grape, Hazelnut, Lemon, Lime, Mango, Medium Roast, Mixed Berry, Mocha, Orange,
        Passion Fruit, Peach, Pineapple Coconut, Pomegranate, Raspberry, Unsweetened, Vanilla, Watermelon
        """,
    "savory flavors": """
        Black Pepper, Cajun, Garlic Herb, Hickory, Honey Mustard, Italian, Jalapeno, Lemon, Maple,
        Mediterranean, Mild, Original, Roasted Garlic, Sea Salt, Smoked, Spicy, Sweet Chili, Teriyaki
        """,
    "inches": """
        6 Inch, 8 Inch, 10 Inch, 12 Inch, 14 Inch, 16 Inch, 18 Inch, 20 Inch, 22 Inch, 24 Inch, 26 Inch
        """,
    "cable lengths": """
        1.5 Feet, 3 Feet, 5 Feet, 6 Feet, 10 Feet, 15 Feet, 20 Feet, 25 Feet, 30 Feet, 50 Feet, 75 Feet
        """,
    "photo sizes": """
        3 x 5 Feet, 5 x 7 Feet, 6 x 9 Feet, 8 x 10 Feet, 8 x 12 Feet, 10 x 20 Feet
        """,
    "watch sizes": """
        38mm, 40mm, 41mm, 42mm, 44mm, 45mm, 18mm Band, 20mm Band, 22mm Band, 5.8 Inch, 6.1 Inch, 6.7 Inch
        """,
    "storage sizes": """
        16GB, 32GB, 64GB, 128GB, 256GB, 512GB, 1TB, 2TB, 8GB RAM 256GB SSD, 16GB RAM 512GB SSD, 32GB RAM 1TB
        SSD
        """,
    "bundles": """
        Basic Kit, Case Only, Complete Kit, Starter Bundle, With Carrying Bag, With Charger, With Memory
        Card, With Spare Battery, Bundle of 2, Bundle of 3
        """,
    "plug styles": """
        Battery, Cordless, Plug In, Solar, USB, With Remote, Without Remote
        """,
    "furniture sizes": """
        24 Inch Wide, 30 Inch Wide, 36 Inch Wide, 40 Inch Wide, 47 Inch Wide, 55 Inch Wide, 63 Inch Wide, 2
        Tier, 3 Tier, 4 Tier, 5 Tier, 31.5 x 15.7 Inch, 39.4 x 19.7 Inch, 47.2 x 23.6 Inch
        """,
    "furniture styles": """
        Modern Style, Cottage Style, With Drawer, With Footrest, With Shelf, With Wheels, Without Wheels
        """,
    "seat sizes": """
        24 Inch Counter Height, 30 Inch Bar Height, Loveseat, Armchair, 3 Seater, Set of 1, Set of 2, Set of
        4, Set of 6
        """,
    "bed sizes": """
        Twin, Twin XL, Full, Queen, King, California King, Cot, Full XL, Split King
        """,
    "light counts": """
        1 Light, 2 Light, 3 Light, 4 Light, 5 Light, 6 Light, 8 Light, 10 Light
        """,
    "decor sizes": """
        8" x 10", 11" x 14", 12" x 16", 16" x 24", 24" x 36", 2 x 3 Feet, 3 x 5 Feet, 4 x 6 Feet, 5 x 7
        Feet, 6 Feet Round, 8 x 10 Feet, 9 x 12 Feet, 2 x 8 Feet, 42W x 63L, 52W x 84L, 52W x 96L
        """,
    "sets": """
        1 Piece, 2 Pieces, 3 Pieces, 4 Pieces, 6 Pieces, Framed, Unframed, Solid, Embossed
        """,
    "clothing sizes": """
        X-Small, Small, Medium, Large, X-Large, XX-Large, 3X-Large, 4X-Large, 5X-Large
        """,
    "fits": """
        Men, Women, Youth, Regular, Slim, Big
        """,
    "sleeves": """
        Long Sleeves, Short Sleeves, Sleeveless, V Neckline, Crew Neckline, Hoodless, With Hood
        """,
    "women's shoe sizes": """
        5, 5.5, 6, 6.5, 7, 7.5, 8, 8.5, 9, 9.5, 10, 10.5, 11, 12
        """,
    "men's shoe sizes": """
        6.5, 7, 7.5, 8, 8.5, 9, 9.5, 10, 10.5, 11, 11.5, 12, 13, 14
        """,
    "widths": """
        Narrow, Medium Width, Wide, X-Wide
        """,
    "hat sizes": """
        Small, Medium, Large, X-Large, One Size, S/M, L/XL
        """,
    "belt sizes": """
        28-30, 32-34, 36-38, 40-42, 44-46, Plus Size
        """,
    "bag sizes": """
        Extra Small, Small, Medium, Large, Extra Large, 2 Piece, 3 Piece, 20 Liter, 30 Liter, 40 Liter
        """,
    "chain lengths": """
        14 Inch, 16 Inch, 18 Inch, 20 Inch, 22 Inch, 24 Inch, 30 Inch
        """,
    "jewelry sizes": """
        Small, Medium, Large, 10mm, 14mm, 18mm, 22mm, 38mm, 42mm
        """,
    "tool sizes": """
        Small, Medium, Large, 1 Piece, 2 Pieces, 3 Pieces, 5 Pieces, 8 Pieces, 12 Pieces, 24 Pieces
        """,
    "throw sizes": """
        30" x 40", 40" x 50", 50" x 60", 50" x 70", 60" x 80", 90" x 90"
        """,
    "pillow sizes": """
        12" x 20", 16" x 16", 18" x 18", 20" x 20", 22" x 22", 24" x 24", 26" x 26"
        """,
    "plant heights": """
        12 Inch, 18 Inch, 24 Inch, 3 Feet, 4 Feet, 5 Feet, 6 Feet, 7 Feet
        """,
    "seat covers": """
        Chair Cover, Loveseat Cover, Sofa Cover, Recliner Cover, 2 Piece Cover, 4 Piece Cover
        """,
    "phone sizes": """
        5.4 Inch, 5.8 Inch, 6.1 Inch, 6.5 Inch, 6.7 Inch, 6.9 Inch, 1 Pack, 2 Pack, 3 Pack
        """,
    "watts": """
        5 Watt, 10 Watt, 18 Watt, 20 Watt, 30 Watt, 45 Watt, 65 Watt, 5000mAh, 10000mAh, 20000mAh
        """,
    "screen sizes": """
        24 Inch, 32 Inch, 43 Inch, 50 Inch, 65 Inch, 75 Inch, 84 Inch, 100 Inch, 120 Inch
        """,
    "laptop sizes": """
        11.6 Inch, 13.3 Inch, 14 Inch, 15.6 Inch, 17.3 Inch
        """,
    "key sizes": """
        Compact Size, Regular Size, Full Size, 1 Unit, 2 Units
        """,
    "zoom ranges": """
        8x21, 8x42, 10x42, 12x50, 35mm, 50mm, 85mm, 18-55mm, 70-200mm
        """,
    "room sizes": """
        Mini Size, Regular Size, 2.0 Channel, 2.1 Channel, 3.1 Channel, 5.1 Channel, 10 Watt, 40 Watt
        """,
    "accessory styles": """
        Classic Style, Gift Set, Modern Style, Mini, With Chain, With Logo, Without Logo
        """,
}

OPTION_VALUES: Mapping[str, tuple[str, ...]] = {name: words(values) for name, values in _LISTS.items()}
"""List of values by its name. A value is chosen by itself: none hides in another word of a color's name."""
