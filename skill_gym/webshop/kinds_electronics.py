"""Words for what the electronics department sells."""

# ruff: noqa: E501 - tables keep to one row for one kind

from skill_gym.webshop.kinds import family

ELECTRONICS = (
    family(
        "electronics",
        "Electronics › Home Audio & Headphones",
        """
        headphones | over ear headphones, wired headphones, earbuds | Headphones › Over-Ear Headphones | 34
        bluetooth speakers | bluetooth speaker, portable speaker, shower speaker | Speakers › Portable Bluetooth Speakers | 36
        bluetooth headsets | bluetooth headset, wireless earpiece, call headset | Headphones › Headsets | 30
        soundbars | sound bar, tv sound bar, mini sound bar | Speakers › Sound Bars | 95
        surround sound systems | surround sound system, speaker set, wall speaker pair | Home Theater › Speakers | 180
        home theater systems | home theater system, cinema sound kit | Home Theater › Home Theater Systems | 240
        receivers & amplifiers | audio amplifier, stereo receiver, power amplifier | Home Theater › Receivers & Amplifiers › Amplifiers | 85
        turntables | record player, turntable, vinyl player | Turntables & Accessories › Turntables | 110
        cd players & recorders | cd player, portable cd player, cd recorder | CD Players & Recorders › CD Players | 60
        clock radios | clock radio, alarm clock radio, projection alarm clock | Radios › Clock Radios | 32
        boomboxes & portable radios | boombox, portable radio, emergency radio | Radios › Portable Radios | 40
        multiroom wireless systems | multiroom speaker, wireless audio adapter | Multiroom Digital Audio Systems | 130
        """,
        looks="Wireless, Compact, Powerful, Retro, Slim, Foldable, Portable, Digital, Loud, Lightweight",
        materials="Walnut, Aluminum, Mesh, Bamboo, Metal, Fabric, Leatherette",
        people="for adults, for kids, for travelers, for music lovers, for seniors, for gamers",
        places="Home, Office, Bedroom, Kitchen, Gym, Camping, Party, Garage",
        being="""noise cancelling, water resistant, hands free, high performance, easy carry, plug play, high
        definition""",
        having="""stereo sound, wireless bluetooth, usb port, remote control, carrying case, deep bass, aaa batteries""",
        purpose="home theater, cell phones, dance party, daily commute, home office",
        options="color=colors, style=plug styles, size=room sizes",
        benefits="""fills a room with clear sound; pairs with a phone in seconds; plays for a whole weekend on one
        charge; keeps voices easy to follow; blocks the noise of trains and planes; looks good on any shelf;
        folds flat for the road; starts without a manual""",
    ),
    family(
        "electronics",
        "Electronics › Television & Video",
        """
        televisions | smart television, led television, kitchen television | Televisions › LED & LCD TVs | 320 | size=screen sizes
        projectors | mini projector, video projector, outdoor projector | Video Projectors | 110 | size=screen sizes
        projection screens | projection screen, pull down screen, projector curtain | Projection Screens › Pull-Down | 75 | size=screen sizes
        streaming media players | streaming player, media box, streaming stick | Streaming Media Players | 46
        dvd players & recorders | dvd player, portable dvd player | DVD Players & Recorders › DVD Players | 62
        blu-ray players & recorders | blu ray player, disc player | Blu-ray Players & Recorders › Players | 120
        television accessories | tv wall mount, tv antenna, tv cover | Television Accessories › TV Mounts | 38
        remotes | replacement remote control, universal remote, voice remote | Television Accessories › Remote Controls | 14
        hdmi cables | hdmi cable, video cable, hdmi extender | Accessories › Cables & Interconnects › Video Cables › HDMI Cables | 15
        satellite television | satellite dish, signal meter, satellite receiver | Satellite Television › Receivers | 58
        video glasses | 3d glasses, video glasses, viewer headset | Video Glasses | 65
        """,
        looks="Smart, Slim, Portable, Bright, Compact, Foldable, Sturdy, Universal, Silent, Digital",
        materials="Aluminum, Copper, Steel, Braided Nylon, Carbon",
        people="for families, for gamers, for teachers, for kids, for seniors",
        places="Bedroom, Home Cinema, Backyard, Office, Classroom, Dorm",
        being="""high definition, ultra hd, plug play, heavy duty, high speed, easy install, wall mounted, easy use""",
        having="remote control, gold plated, usb port, built speakers, blu ray, tempered glass, 1080p hd",
        purpose="home theater, home entertainment, movie night, business meetings, outdoor movies",
        options="size=cable lengths, color=colors, style=plug styles",
        benefits="""shows a sharp picture even by day; sets up in a few minutes; keeps the cables out of sight; runs
        without a whisper of a fan; works with every common device; holds a strong signal; turns a white
        wall into a cinema; switches between inputs at a touch""",
    ),
    family(
        "electronics",
        "Electronics › Camera & Photo",
        """
        digital cameras | digital camera, compact camera, instant camera | Digital Cameras › Point & Shoot | 140
        lenses | camera lens, zoom lens, macro lens, wide angle lens | Lenses › Camera Lenses | 190
        flashes | camera flash, ring light, speedlight | Flashes › Shoe Mount Flashes | 62
        tripods & monopods | camera tripod, monopod, phone tripod, selfie stick | Tripods & Monopods › Complete Units | 40
        binoculars & scopes | binoculars, monocular, spotting scope | Binoculars & Scopes › Binoculars | 58
        underwater photography | underwater housing, dive light, waterproof camera case | Underwater Photography › Housings | 74
        film photography | film camera, photo film roll, film scanner | Film Photography › Film Cameras | 55
        video surveillance | security camera, doorbell camera, dome camera | Video Surveillance › Surveillance Cameras | 68
        camera bags & backdrops | camera backpack, photo backdrop, lens pouch | Bags & Studio › Backdrops | 34 | size=photo sizes
        """,
        looks="Compact, Professional, Sharp, Foldable, Sturdy, Bright, Adjustable, Classic, Travel, Clear",
        materials="Carbon, Aluminum, Rubber, Glass, Nylon, Canvas, Magnesium",
        people="for beginners, for photographers, for kids, for bird watchers, for travelers, for hunters",
        places="Travel, Studio, Hiking, Wildlife, Concert, Wedding, Safari",
        being="""high resolution, light weight, easy carry, quick release, high power, non slip, dust proof, motion
        detection""",
        having="""carbon fiber, optical zoom, night vision, carrying case, carry strap, batteries included, lithium
        battery""",
        purpose="bird watching, digital photography, video recording, outdoor travel, home security",
        options="color=colors, style=bundles, size=zoom ranges",
        benefits="""catches the light of early mornings; sits well in small hands; keeps the horizon level; focuses
        without hunting; survives rain and dust; packs down to the length of an arm; brings far things
        close; stores its pieces in one pouch""",
    ),
    family(
        "electronics",
        "Cell Phones & Accessories › Accessories",
        """
        screen protectors | screen protector, privacy screen film, camera lens film | Screen Protectors | 10 | size=phone sizes
        phone cases | phone case, wallet case, bumper case | Cases & Sleeves › Basic Cases | 14 | size=phone sizes
        chargers | wall charger, wireless charger, charging station | Chargers & Power Adapters › Wall Chargers | 18 | size=watts
        power protection | power bank, surge protector, battery pack | Chargers & Power Adapters › Portable Power Banks | 30 | size=watts
        signal boosters | signal booster, phone antenna, repeater kit | Signal Boosters | 120 | size=watts
        cell phones | unlocked phone, flip phone, smart phone | Cell Phones › Unlocked | 210 | size=storage sizes
        car accessories | car charger, dash camera, car bluetooth adapter | Car Accessories › Chargers | 24 | size=watts
        mounts | phone holder, tablet stand, car mount | Stands & Mounts | 16 | size=phone sizes
        wearable technology | smart watch, watch band, fitness tracker | Smartwatch Accessories › Smartwatch Bands | 26
        """,
        looks="Slim, Clear, Rugged, Sleek, Foldable, Magnetic, Compact, Flexible, Adjustable, Glossy",
        materials="Silicone, Leather, Glass, Aluminum, Nylon, Carbon",
        people="for women, for men, for kids, for drivers, for seniors, for travelers",
        places="Car, Desk, Office, Travel, Kitchen, Nightstand",
        being="""fast charging, easy install, hands free, high definition, non slip, heavy duty, case friendly, water
        resistant""",
        having="""tempered glass, wireless charging, usb port, carbon fiber, glass screen, stainless steel, charging
        cable""",
        purpose="cell phone, mobile phone, touch screen, road trip, video calls",
        options="color=colors, size=watch sizes, style=bundles",
        benefits="""goes on without a bubble; saves a phone that falls on stone; turns with one finger; charges two
        things at a time; leaves every button free; grips firmly on bumpy roads; stays cool under load;
        wipes clean of fingerprints""",
    ),
    family(
        "electronics",
        "Electronics › Computers & Accessories",
        """
        tablets | tablet, drawing tablet, kids tablet | Computers & Tablets › Tablets | 150
        printers & scanners | photo printer, label printer, document scanner | Printers & Scanners › Printers | 130 | size=key sizes
        keyboards & mice | wireless keyboard, gaming mouse, keyboard and mouse set | Keyboards & Mice › Keyboards | 34 | size=key sizes
        desktop computers | desktop computer, mini computer, gaming tower | Computers & Tablets › Desktops › Minis | 480
        laptop accessories | laptop stand, laptop sleeve, docking station | Laptop Accessories › Stands | 28 | size=laptop sizes
        batteries | laptop battery, rechargeable battery, coin battery | Laptop Accessories › Batteries | 30 | size=watts
        external storage | flash drive, external hard drive, memory card | Data Storage › External | 35
        virtual reality | virtual reality headset, controller grip, face cover | Virtual Reality › Headsets | 40 | size=key sizes
        game consoles & controllers | game controller, console stand, gaming headset | Video Games › Accessories | 36 | size=key sizes
        """,
        looks="Slim, Quiet, Compact, Ergonomic, Fast, Portable, Bright, Foldable, Adjustable, Modern",
        materials="Aluminum, Silicone, Metal, Neoprene, Glass, Felt",
        people="for students, for kids, for gamers, for business, for artists, for adults",
        places="Office, Classroom, Dorm, Library, Study Room, Travel",
        being="""high speed, high performance, plug play, easy use, fast charging, light weight, non slip, dual band""",
        having="""usb port, core i5, quad core, intel core, flash drive, touch screen, ac power, lithium battery""",
        purpose="home office, online learning, video games, photo editing, daily work",
        options="color=colors, size=storage sizes, style=bundles",
        benefits="""starts within seconds; leaves room on a crowded desk; types without a clatter; keeps its charge for
        days; follows every stroke of the pen; stays stable at full speed; spares neck and shoulders; reads
        every common format""",
    ),
)
