"""Words for what the grocery department sells."""

# ruff: noqa: E501 - tables keep to one row for one kind

from skill_gym.webshop.kinds import family

GROCERY = (
    family(
        "grocery",
        "Grocery & Gourmet Food › Snacks & Sweets",
        """
        snack crackers | crackers, cracker crisps, cheese crackers | Snack Foods › Crackers | 13
        popcorn | popcorn, kettle corn, popcorn kernels | Snack Foods › Popcorn › Popped | 15
        puffed snacks | corn puffs, rice puffs, veggie puffs | Snack Foods › Puffed Snacks | 14
        granola & nutrition bars | granola bar, protein bar, nut bar | Snack Foods › Bars › Granola Bars | 19
        fruit snacks | fruit snack, fruit leather, gummy fruit bites | Snack Foods › Fruit Snacks | 14
        dried fruits & raisins | dried mango, raisins, dried apricots, freeze dried strawberries | Produce › Dried Fruits › Raisins | 17
        meat snacks | beef jerky, turkey sticks, meat bites | Snack Foods › Jerky & Dried Meats | 20
        seaweed snacks | seaweed snack, roasted seaweed sheets | Snack Foods › Seaweed Snacks | 16
        snack & trail mixes | trail mix, nut mix, snack mix | Snack Foods › Trail Mix | 18
        party mix | party mix, pretzel mix, rice cracker mix | Snack Foods › Party Mix | 17
        candy & chocolate | milk chocolate bar, gummy candy, chocolate truffles, hard candy | Candy & Chocolate › Assortments | 18
        grocery cookies | cookies, shortbread cookies, wafer cookies | Cookies › Shortbread | 14
        """,
        looks="Crunchy, Sweet, Salty, Chewy, Organic, Roasted, Spicy, Bite Size, Crispy, Savory",
        materials="Almond, Cocoa, Sea Salt, Honey, Corn, Coconut, Oat, Peanut",
        people="for kids, for adults, for the whole family, for hikers, for office",
        places="Lunch Box, Party, Movie Night, Road Trip, School, Picnic",
        being="""gluten free, non gmo, low sugar, individually wrapped, dairy free, plant based, kosher certified,
        low carb""",
        having="""natural flavors, simple ingredients, dark chocolate, real fruit, natural colors, high protein""",
        purpose="school lunch, birthday party, baby shower, gift basket",
        options="flavor name=snack flavors, size=packs, style=amounts",
        benefits="""stays crisp in a resealed bag; tames the hunger before dinner; pleases picky eaters; melts slowly on
        the tongue; tastes like a home kitchen; goes well with tea; fits in a lunch box; never lasts long""",
    ),
    family(
        "grocery",
        "Grocery & Gourmet Food › Pantry Staples",
        """
        pantry staples | olive oil, peanut butter, rice, pasta sauce | Cooking & Baking › Oils & Spreads | 19
        breakfast foods | oatmeal, granola, pancake mix, breakfast cereal | Breakfast Foods › Cereals | 17
        spices & seasonings | seasoning blend, ground spice, taco seasoning | Herbs, Spices & Seasonings › Mixed | 13
        soups & broths | bone broth, tomato soup, ramen noodle soup | Soups, Stocks & Broths › Soups | 18
        baking supplies | baking flour, sprinkles, vanilla extract, cake mix | Cooking & Baking › Baking Supplies | 15
        sauces & dressings | hot sauce, salad dressing, barbecue sauce | Sauces, Gravies & Marinades › Sauces | 13
        applesauce & fruit cups | applesauce cup, fruit cup, fruit pouch | Canned, Jarred & Packaged › Fruits | 15
        breads & bakery | sourdough bread, tortilla wraps, breadsticks | Breads & Bakery › Breads | 16
        """,
        looks="Organic, Traditional, Smoky, Creamy, Hearty, Spicy, Classic, Homestyle, Mild, Whole Grain",
        materials="Tomato, Oat, Garlic, Herb, Wheat, Olive, Pepper, Lentil",
        people="for cooks, for families, for kids, for bakers, for students",
        places="Breakfast, Dinner, Barbecue, Camping, Baking Day, Lunch",
        being="""gluten free, non gmo, low sodium, fat free, dairy free, easy prepare, shelf stable, usda organic""",
        having="""simple ingredients, dietary fiber, no preservatives, natural ingredients, whole grains, resealable
        bag""",
        purpose="quick meals, family dinner, meal prep, slow cooker",
        options="flavor name=pantry flavors, size=packs, style=amounts",
        benefits="""turns a plain dinner into a feast; keeps for months in the cupboard; cooks in ten minutes; thickens
        without lumps; warms cold evenings; tastes the same from the first jar to the last; needs nothing
        but hot water; feeds a table of four""",
    ),
    family(
        "grocery",
        "Grocery & Gourmet Food › Beverages",
        """
        beverages | sparkling water, fruit juice, energy drink | Bottled Beverages, Water & Drink Mixes › Juices | 21
        coffee | ground coffee, coffee beans, coffee pods | Coffee, Tea & Cocoa › Coffee › Ground Coffee | 20
        tea | green tea bags, herbal tea, black tea, matcha powder | Coffee, Tea & Cocoa › Tea › Herbal | 15
        milks & creams | oat milk, coconut milk, coffee creamer | Dairy, Eggs & Plant-Based › Milk Substitutes | 22
        alcoholic beverages | red wine, cocktail mixer, craft beer | Alcoholic Beverages › Mixers | 25
        drink mixes | lemonade mix, protein shake powder, electrolyte drink mix | Bottled Beverages, Water & Drink Mixes › Powders | 24
        """,
        looks="Refreshing, Organic, Bold, Smooth, Iced, Strong, Fruity, Classic, Creamy, Zesty",
        materials="Lemon, Ginger, Oat, Vanilla, Cocoa, Almond, Hibiscus, Berry",
        people="for adults, for kids, for athletes, for coffee lovers, for guests",
        places="Breakfast, Office, Workout, Party, Summer, Picnic",
        being="""sugar free, caffeine free, non gmo, plant based, low calorie, keto friendly, soy free, dairy free""",
        having="natural flavors, vitamin c, real fruit, high protein, no additives, simple ingredients",
        purpose="hot summer, weight loss, iced drinks, afternoon break",
        options="flavor name=drink flavors, size=drink sizes, style=amounts",
        benefits="""wakes you without a jolt; tastes best over ice; foams well in a cup; mixes without lumps; quenches
        thirst after a run; smells of a summer garden; keeps its fizz; goes down smoothly""",
    ),
    family(
        "grocery",
        "Grocery & Gourmet Food › Fresh & Frozen",
        """
        meat & seafood | salmon fillets, chicken breast, canned tuna, smoked sausage | Meat & Seafood › Seafood | 34
        meat substitutes | veggie burger, tofu, plant based sausage | Meat Substitutes › Burgers & Patties | 24
        frozen | frozen pizza, frozen waffles, frozen dumplings, ice cream | Frozen › Meals | 25
        cheeses | cheddar cheese, cheese wedge, goat cheese | Deli & Cheese › Cheese | 28
        yogurt | yogurt cup, greek yogurt, yogurt drink | Dairy, Cheese & Eggs › Yogurt | 16
        butter & margarine | butter, plant butter spread, ghee | Dairy, Cheese & Eggs › Butter & Margarine | 18
        fresh meal kits | meal kit, dinner kit, taco kit | Meals › Fresh Meal Kits | 36
        deli & prepared foods | hummus dip, potato salad, deli platter | Deli & Cheese › Prepared Foods | 20
        food & beverage gifts | fruit gift basket, gourmet gift box, cheese gift set | Gifts › Food & Beverage Gifts › Baskets | 46
        snack food gifts | snack gift box, cookie gift tin, chocolate gift basket | Gifts › Snack Food Gifts | 38
        """,
        looks="Fresh, Smoked, Gourmet, Organic, Tender, Creamy, Aged, Savory, Deluxe, Homestyle",
        materials="Garlic, Herb, Pepper, Lemon, Olive, Maple, Basil",
        people="for families, for guests, for cooks, for friends, for athletes",
        places="Dinner, Holiday, Barbecue, Picnic, Birthday, Weekend",
        being="""wild caught, grass fed, fully cooked, ready eat, gluten free, high protein, perfectly ripe, low fat""",
        having="natural ingredients, no preservatives, gift box, olive oil, simple ingredients, sea salt",
        purpose="quick meals, gift basket, family dinner, birthday party, thank you",
        options="flavor name=savory flavors, size=packs, style=amounts",
        benefits="""arrives cold in a padded box; goes from freezer to table in a quarter of an hour; feeds a hungry
        table; pleases guests with little work; browns evenly in the pan; needs no extra salt; slices
        cleanly; says thanks better than words""",
    ),
)
