"""Words of the title rule: what is not a noun in a product title although it looks like one."""

_SMALL_WORDS = """
a an the and or but nor so yet as at by for from in into of off on onto out over per than to under up upon
via with within without about above across after against along among around before behind below beneath
beside between beyond during except inside like near outside since through throughout toward until
i you he she it we they me him her us them my your his its our their this that these those who which what
all any both each every either few many more most much other some such own same several no not only too
very is are was were be been being am do does did has have had can could will would shall should may might
must one two three four five six seven eight nine ten hundred thousand
also just even again ever never always often here there now then how when where why
"""

NO_NOUNS = frozenset(_SMALL_WORDS.split())
NO_NOUN_ENDINGS = ("ful", "less", "ous", "ly")
