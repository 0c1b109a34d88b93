"""Words that tell which task type a thing belongs to: names of things, singular, whole."""

from collections.abc import Mapping

APPAREL = "apparel"
FOOTWEAR = "footwear"
HOME_DECOR = "home_decor"
ELECTRONICS = "electronics"
ACCESSORIES = "accessories"
BEAUTY_HEALTH = "beauty_health"
OTHER = "other"

WORDS: Mapping[str, str] = {
    APPAREL: (
        "activewear apparel bikini blazer blouse bodysuit boxer bra bralette brief camisole cardigan chino "
        "clothing coat costume coverall dress gown henley hoodie hoody hosiery jacket jean jersey jogger "
        "jumpsuit kimono legging lingerie loungewear nightgown nightwear onesie outfit overall pajama pant "
        "panty pantyhose parka polo poncho pullover robe romper shapewear shirt shorts skirt slack "
        "sleepwear sock stocking suit suiting sweater sweatpant sweatshirt sweatsuit swimsuit swimwear tank "
        "tee thong tights top trouser trunk tunic tutu tuxedo undershirt underwear uniform vest windbreaker"
    ),
    FOOTWEAR: (
        "boot bootie cleat clog espadrille flats footwear heels loafer moccasin mule oxford pump sandal shoe "
        "slides slipper sneaker stiletto trainer wedge"
    ),
    HOME_DECOR: (
        "armchair armoire armrest baker's barstool basket bassinet bed bedding bedframe bedspread bench "
        "blanket blind bookcase bookend bookshelf buffet bunk cabinet candelabra candle carpet chair chaise "
        "chandelier clock coaster comforter console cookware couch couches credenza crib curtain cushion "
        "daybed decor decoration desk doorbell doormat drape drapery drawer dresser duvet fixture furniture "
        "futon headboard hutch island lamp lampshade lantern lights loveseat mattress mirror mural "
        "nightstand ornament ottoman painting pantry pendant pillow pillowcase pillowcover plant planter "
        "poster pot quilt rack recliner rug runner sconce sectional settee sheet shelf shelves shelving "
        "sideboard sofa stool swivel table tablecloth tapestry throw topper towel tray vanity vase "
        "wallpaper wardrobe wreath"
    ),
    ELECTRONICS: (
        "adapter airpod alarm amplifier android antenna audio backdrop background battery binocular "
        "bluetooth boombox booster cable camcorder camera cellphone charger chromebook computer converter "
        "desktop dvd earbud earphone earpiece ethernet flash gps hdd hdmi headphone headset intercom ipad "
        "iphone keyboard laptop lens macbook microphone monitor monocular monopod mount nintendo notebook "
        "pc phone photography player playstation powerbank printer processor projector radio receiver "
        "remote router satellite scanner smartphone smartwatch soundbar speaker ssd stereo subwoofer "
        "surveillance switch tablet telescope television transmitter tripod turntable tv usb vcr vr "
        "wearable webcam wifi xbox"
    ),
    ACCESSORIES: (
        "anklet backpack bag beanie belt bracelet brooch cap cufflink duffel earring fedora glove handbag "
        "hat headband jewelry keychain luggage mitten necklace necktie pouch purse ring scarf shawl "
        "sunglasses suspender tie tote umbrella wallet watch watchband wristwatch"
    ),
    BEAUTY_HEALTH: (
        "aftershave antiperspirant applicator balm bandage bathing beauty blush brow brush cleanser clipper "
        "cologne comb concealer conditioner cosmetic cotton cream crutch curler dandruff dental denture "
        "deodorant dryer exfoliator extension eyelash eyeliner eyeshadow floss flosser foundation fragrance "
        "gel hair hairbrush haircut hairpiece highlighter lash lip lipgloss lipstick loofah lotion makeup "
        "manicure mascara mask massage massager moisturizer mouthguard mouthwash nail oil ointment palette "
        "patch pedicure perfume piercing pomade powder primer razor scalp scrub serum shampoo shave shaver "
        "shaving skin skincare soap sponge straightener sunscreen supplement swab tanning tattoo teeth "
        "thermometer toner tongue toothbrush toothpaste trimmer tweezer vitamin wax wheelchair wig"
    ),
    OTHER: (
        "alcohol almond applesauce bacon bar bean beef beer beverage biscuit bread breakfast broth butter "
        "cake candy cereal cheese chicken chip chocolate coffee cookie cracker creamer cupcake dessert dip "
        "drink fish flour food fruit granola gum hummus jam jelly jerky juice lollipop meal meat milk mix "
        "noodle nut oat pasta pizza popcorn pretzel protein pudding raisin rice salad salmon salsa salt "
        "sauce sausage seafood seasoning seaweed seed shrimp snack soda soup spice spread sugar sweetener "
        "syrup tea toothpick topping toy tuna turkey vegetable vinegar water wine yogurt"
    ),
}
"""Task type -> names of things of one word."""

PHRASES: Mapping[str, str] = {
    APPAREL: (
        "board short|crop top|dress shirt|night gown|pajama set|sleep lounge|sport coat|sports bra|"
        "swim trunk|t shirt|tank top"
    ),
    FOOTWEAR: ("dress shoe|flip flop|slip on"),
    HOME_DECOR: (
        "baking pan|bar stool|bath mat|bath towel|bed frame|box spring|cake topper|ceiling light|"
        "coat hook|coat rack|cupcake topper|dining room set|dining set|entertainment center|"
        "floor mat|furniture set|hall tree|kitchen island|led light|light fixture|living room set|"
        "metal sign|night light|night stand|pendant light|picture frame|pillow cover|pillow sham|"
        "place mat|plant pot|plant stand|shoe rack|shower caddy|shower curtain|spice rack|"
        "storage ottoman|string light|throw pillow|tv cabinet|tv console|tv stand|vanity light|"
        "wall art|wall clock|wall light|window covering|wine rack|wood sign"
    ),
    ELECTRONICS: (
        "ac power cord|airpod case|alarm clock|apple watch|battery pack|camera bag|camera case|"
        "car accessory|car charger|cell phone|clock radio|earbud case|film camera|fire stick|"
        "flash drive|game console|game controller|game service|hard drive|home theater|ipad case|"
        "laptop bag|memory card|phone case|photography background|power bank|power cord|"
        "power protection|power strip|projection screen|ring light|screen protector|sd card|"
        "signal booster|smart watch|surge protector|surround sound|tablet case|tempered glass|"
        "video glasses|virtual reality|vr glasses|walkie talkie|wall mount|watch band|"
        "wireless charging"
    ),
    ACCESSORIES: ("belt bag|bow tie|fanny pack|hair bow tie"),
    BEAUTY_HEALTH: (
        "bath brush|bath sponge|body butter|body care|body lotion|body mist|body wash|cosmetic bag|"
        "cotton ball|cotton pad|dental pick|denture care|essential oil|eye care|eye cream|eye mask|"
        "eye shadow|face care|face cream|face mask|false eyelash|foot care|foot file|fragrance mist|"
        "hair band|hair chalk|hair clip|hair color|hair dryer|hair dye|hair extension|hair growth|"
        "hair loss|hair mask|hair oil|hair pin|hair removal|hair tie|heating pad|lip balm|lip care|"
        "makeup bag|makeup brush|makeup case|makeup mirror|massage table|mouth guard|nail art|"
        "nail polish|night guard|orthodontic supply|refillable container|salon chair|shaving cream|"
        "shower cap|skin care|sleep mask|spray bottle|tattoo chair|toiletry bag|tongue cleaner|"
        "tongue scraper|tooth brush|travel bottle|wheelchair cushion"
    ),
    OTHER: (
        "almond milk|baking mix|chocolate chip|coconut milk|coconut oil|coffee creamer|cream cheese|"
        "drink mix|energy bar|food gift|fresh flower|fruit cup|fruit snack|gift basket|gift box|"
        "granola bar|hot dog|hot sauce|ice cream|meal kit|milk cream|olive oil|pantry staple|"
        "party mix|peanut butter|potato chip|protein bar|snack bar|sour cream|soy milk|tea bag|"
        "tortilla chip|trail mix|veggie burger|wasabi pea|whipped topping"
    ),
}
"""Task type -> names of two or three words, parted by ``|``; they beat single words."""
