"""The phrases of injected instructions, by kind; patterns for plain text in lower case."""

import re
from dataclasses import dataclass

from skill_gym.skillbanks.plain_text import plain


@dataclass(frozen=True, slots=True)
class Injection:
    """One kind of injection.

    Attributes:
        kind: Its name.
        hint: Quick test: texts without it have none of the patterns.
        patterns: What is looked for.
        negatable: Whether a "do not" before it makes it harmless.
    """

    kind: str
    hint: re.Pattern[str]
    patterns: tuple[re.Pattern[str], ...]
    negatable: bool = False


_WORDS = {
    "drop": "ignor(?:e|es|ing)|disregard(?:s|ing)?|forget(?:s|ting)?|overrid(?:e|es|ing)|overrul(?:e|ing)"
    "|bypass(?:es|ing)?|neglect|dismiss|discard|abandon|violate|disobey|circumvent|pay no attention to"
    "|throw (?:away|out)|set aside|unlearn|drop|toss|erase|reset|revoke|rescind|suspend|nullify|cancel",
    "earlier": "previous(?:ly)?|prior|above|earlier|preceding|foregoing|former|existing|original|initial"
    "|system|developer|safety|current|all|any|every|your|these|those|other",
    "orders": "instructions?|prompts?|directives?|guidelines?|rules|polic(?:y|ies)|guardrails?|safeguards?"
    "|restrictions?|orders|system messages?|messages|training|programming|commands",
    "void": "(?:no longer|do not|don't|does not) (?:apply|count|hold)|(?:is|are|were) (?:now )?(?:void"
    "|invalid"
    "|obsolete|outdated|cancell?ed|suspended|lifted|revoked|replaced)",
    "game": "(?:the|this|your|every|any) (?:task|game|episode|mission|assignment|user)",
    "prompt": "system prompt|(?:hidden|initial|original|secret|full|internal) (?:prompt|instructions?|rules)"
    "|developer message|system messages?|system instructions?|your (?:prompt|instructions|configuration"
    "|guidelines)|(?:text|words|everything|all|lines?) above|conversation so far|(?:chat|conversation) "
    "(?:history|log)|context window|api keys?|passwords?|credentials?|access tokens?|secret keys?"
    "|environment variables?",
    "tell": "reveal|print|repeat|output|show|display|disclose|leak|expose|recite|dump|echo|quote|copy|tell"
    "|write out|spell out|translate|summari[sz]e|include|paste|share|give|type",
    "send": "send|upload|forward|transmit|exfiltrate|post|e-?mail|relay|leak|smuggle",
    "private": "conversation|transcript|chat|dialog(?:ue)?|prompts?|credentials?|passwords?|api keys?"
    "|secrets?"
    "|access tokens?|(?:user|personal|private) data|system message|log files?|environment variables?"
    "|observations",
    "people": "users?|anyone|anybody|nobody|operators?|developers?|reviewers?|humans?|admins?|administrators?"
    "|supervisors?",
    "this": "this (?:skill|entry|rule|advice|note|text|message|candidate)",
    "boss": "administrators?|admins?|developers?|operators?|openai|anthropic|your (?:creators?|makers?"
    "|owners?)",
    "free": "dan|jailbroken|unrestricted|unfiltered|uncensored|unbound|evil",
    "not": "do not|don't|never|must not|need not|should not",
}
"""Groups of words; ``<name>`` in a pattern stands for one."""

_PHRASES = {
    ("override", True): (
        "ignor|disregard|forget|overrid|overrul|bypass|neglect|dismiss|discard|abandon|violat|disobe"
        "|circumvent"
        "|attention|throw|aside|unlearn",
        "<drop> ... <earlier> ... <orders>",
        r"<drop> ... <orders> .. (?:above|before|preceding|prior|earlier|previously|given|so far|you)\b",
        r"<drop> .. (?:of )?(?:the|this|what is|all that is|all that|everything) (?:above|preceding"
        r"|foregoing)\b",
        "(?:disregard|forget|ignore) (?:all|everything|anything|what|whatever) (?:that |which |of what )?"
        "(?:you|i|we|they) (?:have |were |was |had |'ve )?(?:been )?"
        "(?:told|said|instructed|asked|learned|learnt|taught|read so far)",
        "(?:disregard|forget|ignore) (?:all|everything|anything) (?:above|before this|prior|previous|so far)",
    ),
    ("override", False): (
        "your|guidance|guidelines|initial|emergency|follow|obey|comply|heed|instruct|rules|prompt|priorit"
        "|preceden|whatever|matter|regardless|overrid"
        "|supersed|outrank|order|directive",
        r"\byour .. (?:instructions|directives?|guidelines|rules|guidance|prompts?|programming|system message"
        r"|training|restrictions|safeguards)\b",
        r"\b(?:former|earlier|previous|prior|initial|original) (?:rules|guidance|directives?|guidelines)\b",
        "(?:rules|guidance|directives?|guidelines|instructions) ... (?:revoked|rescinded|cancell?ed|nullified"
        "|suspended|lifted|void)",
        "(?:rules|guidance|directives?|guidelines|instructions) (?:that |which )?you (?:were|have been|got) "
        "(?:given|told|started|set up|loaded)",
        r"(?:rules|guidelines|instructions|prompt) (?:at the (?:top|start|beginning)|above)"
        r" (?:is|are|was|were)\b",
        r"\b(?:comply|obey) (?:now|immediately|with (?:this|me|every|all)|me|this|the author)\b",
        "emergency override",
        "(?:<not>|stop|no longer|cease|refuse to) ... (?:follow|obey|heed|comply(?:ing)? with)(?:ing)? ... "
        "(?:<orders>|users?|operators?|developers?|anyone)",
        "<earlier> .. (?:instructions?|prompts?|guidelines?|rules|orders|restrictions?) .. <void>",
        "(?:instructions?|rules|prompts?) .. (?:above|before this|so far) .. <void>",
        r"(?:new|updated|real|actual|true) (?:\w+ )?(?:instructions?|directives?|orders):",
        "(?:follow|obey) (?:only )?(?:these|this|my|the following) (?:new )?(?:rules|instructions?|orders"
        "|text"
        "|skill|message)",
        "(?:<this>|these instructions) (?:overrides?|supersedes?|outranks?|cancels?|takes? (?:priority"
        "|precedence))",
        "(?:highest|top|maximum|absolute) priority (?:instruction|directive|order|rule|message|command)",
        r"(?:takes?|have|has) (?:priority|precedence) over (?:all|any|every|the|your) (?:\w+ )?"
        "(?:instructions?|prompts?|rules|orders)",
        "(?:above|over|before) all (?:other )?(?:instructions|rules|prompts|guidelines|orders)",
        "(?:whatever|no matter what|regardless of what) (?:the|your|this) (?:task|goal|question|user"
        "|instructions?|prompt|system) (?:says?|asks?|wants?|tells?|states?|demands?|requests?)",
    ),
    ("sabotage", True): (
        "task|game|episode|mission|user|assignment|cooperat|obey|comply|fail|lose|wast|wrong|base64|rot13"
        "|morse|hex"
        "|binary|refuse",
        r"\b(?:quit|sabotage|refuse|ruin|abort|abandon|give up|work against|deceive|trick|mislead)"
        r" (?:on )?<game>",
        "(?:no longer|don't|do not|need not) (?:need|have) to (?:do|complete|finish|solve|play|attempt)"
        " <game>",
        r"instead of (?:doing |solving |completing )?(?:the|your|this) (?:task|assignment)\b",
        "refuse to (?:cooperate|help|obey|comply|act|continue|play|follow|respond|work)",
        "(?:secretly|deliberately|intentionally|on purpose) (?:wants?|fail|lose|waste|sabotage|choose wrong"
        "|answer wrong)|(?:fail|lose|waste (?:steps|turns)) (?:deliberately|intentionally|on purpose)",
        "(?:respond|reply|answer|output|speak|write|think)(?: only)? in (?:base64|rot13|hex|hexadecimal|morse"
        "|binary|leetspeak)",
    ),
    ("reveal", True): (
        "prompt|instruction|message|above|conversation|chat|context|configur|guideline|rules|key|password"
        "|credential|token|variable|account|card",
        r"\b<tell> .... <prompt>",
        r"\b(?:reveal|print|leak|disclose|expose|dump|recite) .. (?:the prompt)",
        r"what (?:are|were|is|was) your (?:\w+ )?(?:instructions|prompt|rules|guidelines|configuration)",
        "(?:user'?s?|customer'?s?|victim'?s?) .. (?:passwords?|credentials?|credit cards?|api keys?"
        "|bank account)",
    ),
    ("exfiltrate", True): (
        "send|upload|forward|transmit|exfiltrat|post|mail|relay|leak|smuggl|transfer|wire|donat|pay|encode"
        "|encrypt|embed|conceal",
        r"\b<send> ... <private> ... (?:to|via|into|at|on|in)\b",
        r"\b(?:encode|encrypt|embed|conceal) .. (?:conversation|transcript|chat|prompt|credentials?"
        r"|passwords?)\b",
        r"\b(?:transfer|wire|donate|send|pay) .. (?:money|funds|bitcoins?|dollars|crypto(?:currency)?)\b",
    ),
    ("persona", False): (
        r"you|boss|master|operator|pretend|jailbr|mode|act as|actas|behave|simulat|anything|dan\b|assum"
        r"|unrestrict|unfilter"
        r"|assistant"
        r"|\bai\b|model",
        r"you are (?:now|no longer|henceforth) ... (?:ai|assistant|chatbot|bot|language model|hacker"
        r"|administrator|admin|root|pirate|<free>)\b",
        "you are (?:now )?(?:<free>|free (?:of|from)|not bound|no longer (?:bound|restricted|limited|subject"
        r"|required))\b",
        r"you are now \w*(?:bot|gpt|ai)\b|\bnew (?:boss|master|operator)\b",
        "pretend (?:that )?(?:to be|you are|you're|you have no)",
        "pretend ... (?:rules|instructions|guidelines|safety|restrictions)",
        r"(?:developer|debug|god|admin|root|jailbreak|dan|sudo|maintenance|unrestricted) mode\b",
        r"\bjailbr[eo]a?k|\bdo anything now\b",
        r"from now on,? (?:you|respond|reply|answer|output|say|obey)\b",
        "your (?:new|real|true|actual|secret) (?:goal|task|role|objective|purpose|mission|identity"
        "|instructions?)",
        r"(?:act as|behave as|behave like|simulate) .. (?:<free>|hacker|administrator|root|no rules)\b",
        r"(?:ai|model|assistant) .. (?:without|no) .. (?:limits|restrictions|filters|rules)\b",
    ),
    ("authority", False): (
        "admin|developer|anthropic|openai|operator|authori|end of|start of|beginning of|endof|system|creator"
        "|maker|owner|certif|approv|verif|security|team|moderator|reviewer",
        "(?:system|admin(?:istrator)?|developer|operator|root|security) (?:override|notice|alert|command"
        "|message"
        r"|note|update|directive)[\W_]{0,2}:",
        r"(?:message|note|order|request|update|instruction) .. from .. (?:the system|<boss>|the team)\b",
        r"\b<boss> .. (?:requires?|orders?|demands?|instructs?|commands?|says?|has|have|wants?|asks?)\b",
        "(?:end|start|beginning) of (?:the )?(?:system )?(?:prompts?|instructions|skills|skill block"
        "|context)",
        "(?:as|since|i am) (?:the|an?|your) (?:system |site |security )?(?:administrator|admin|developer"
        r"|operator)\b",
        "(?:authori[sz]ed|approved|certified|verified|signed off|whitelisted) .. by .. (?:<boss>|the system"
        r"|security|reviewers?|moderators?|the team)\b",
    ),
    ("secrecy", False): (
        "tell|let|mention|secret|hidden|hide|conceal|inform|disclos|reveal|alert|notif|report|log|record"
        "|between you"
        "|nobody|no one|confidential|yourself|private",
        "(?:<not>|without|avoid) ... (?:tell(?:ing)?|mention(?:ing)?|inform(?:ing)?|disclos(?:e|ing)"
        r"|reveal(?:ing)?|report(?:ing)?|alert(?:ing)?|notif(?:y|ying)) .. (?:<people>|<this>)\b",
        r"(?:hide|conceal) (?:this|it|these|that|all) (?:\w+ )?from (?:the )?<people>\b",
        r"keep (?:this|these) (?:\w+ )?(?:secret|hidden|confidential|private)",
        "keep (?:it|this) (?:a secret|secret|confidential|to yourself)|between you and me",
        "(?:do not|don't|never) (?:log|record|mention|tell|admit) (?:this|(?:that |what )?you)",
        r"(?:<not>) let <people> (?:know|see|notice|find)|(?:<not>) let the <people> (?:know|see|notice"
        r"|find)",
        "(?:nobody|no one) (?:needs?|must|should|may|will) (?:to |ever )?(?:see|know|notice|read)",
    ),
    ("review", False): (
        "skill|lint|status|verdict|decision|review|entry|candidate|filter|moderat|classif|grader|judge"
        "|guard|safety|remove|retire"
        "|delete"
        "|reject|this text|this rule|this note|this advice",
        r"<not> .. (?:retire|remove|delete|withhold|reject|revise|replace|edit|review) .. <this>\b",
        "<this> (?:must|may|should|can) (?:not|never) be (?:retired|removed|deleted|withheld|rejected"
        "|edited)",
        r"\b(?:rate|score|mark|label|approve|accept|admit|rank|keep|give|grant|assign) .. <this>\b",
        r"\b(?:lint|status|verdict|review|decision) ?: ?(?:pass|approve|accept|admit|safe)",
        "<this> (?:is|has been|was) (?:safe|harmless|approved|verified|trusted|reviewed|tested|certified)",
        r"(?:do not|don't|never) (?:remove|retire|delete|reject) (?:it|this)\.?$",
        "(?:ignore|skip|disable|bypass|evade|fool) .. (?:lint(?:er)?|safety checks?|moderation|guardrails?"
        r"|safety filters?|content filters?)\b",
        "(?:dear|attention|note to|to the) (?:reviewers?|moderators?|lint(?:er)?|classifiers?|graders?"
        r"|judges?)\b",
    ),
    ("code", False): (
        "delete|erase|wipe|kill|encrypt|overwrite|format|simulate|execute|run",
        r"\b(?:simulate an? (?:terminal|shell|console)|(?:run|execute) (?:shell |the following |this )"
        r"(?:commands?|code|script))\b",
        "\\b(?:delete|erase|wipe|kill|encrypt|overwrite|format) .. (?:files?|file system|hard drive|database"
        r"|process(?:es)?|servers?|log files?|checkpoints?|repositor(?:y|ies)|director(?:y|ies))\b",
    ),
}
"""Kind and whether a "do not" makes it harmless -> hint, then phrases. A space stands for any gap or none,
``..`` for up to one word, ``...`` for up to three, ``....`` for up to six."""

_CODE = (
    r"\brm\s+-[rf]{1,2}\b",
    r"\b(?:curl|wget)\s+(?:-\w+\s+)*(?:-{1,2}\w|https?:|[\"'$]|[a-z][\w-]*\.[a-z]{2,})",
    r"\bsudo\s+\w+",
    r"\b(?:eval|exec|__import__|os\.system|subprocess\.\w+|child_process|execsync)\s*\(",
    r"<\s*/?\s*(?:script|iframe|object|embed|svg|img|style|link|meta|form)\b[^>]{0,200}>",
    r"(?:java|vb)script\s*:",
    r"\b(?:drop\s+table|delete\s+from\s+\w+\s+where|insert\s+into\s+\w+\s*\(|union\s+select"
    r"|truncate\s+table)\b",
    r"\bpowershell(?:\.exe)?\s+-|\bcmd(?:\.exe)?\s+/c|\b(?:ba)?sh\s+-c\b|\bchmod\s+[+0-7]|\|\s*(?:ba)?sh\b",
    r"\{\{.{0,80}?\}\}|\$\{.{0,80}?\}|\{%.{0,80}?%\}",
    r"\b(?:os|sys|shutil|subprocess|socket|requests)\.\w+\s*\(",
    r"\bimport\s+(?:os|sys|subprocess|socket|requests)\b",
)
_CODE_HINT = r"rm\s|curl|wget|sudo|[({<:|]|drop\s|union|truncate|shell|cmd|sh\s|chmod|import"

_FOREIGN = (
    # "Ignore all previous instructions" in German, French, Spanish, Portuguese, Italian, Dutch, Polish,
    # Turkish, Russian, Ukrainian, Chinese, Japanese, Korean, Arabic, Hindi: three parts, in their order.
    (
        "(?:ignorier|vergiss|vergesst|missacht)",
        "alle|vorherig|bisherig|obig|vorig|deine|system",
        "anweisung|instruktion|vorgabe|regel|prompt|befehl",
    ),
    (
        "(?:ignor|oubli|neglig)",
        "toutes|tous|precedent|ci-dessus|anterieur|tes|vos",
        "instructions|consigne|directive|regles",
    ),
    ("(?:ignor|oubli|neglig)", "(?:les|ces|tes|vos) instructions|consignes", "precedent|ci-dessus|anterieur"),
    (
        "(?:ignor|olvid|desobedec|descart)",
        "todas|todos|anterior|previ|tus",
        "instruccion|indicacion|ordenes|reglas",
    ),
    ("(?:ignor|olvid|desobedec|descart)", "instruccion|indicacion|ordenes|reglas", "anterior|previ"),
    ("(?:ignor|esquec|desconsider)", "todas|todos|anterior|previ|suas", "instrucoes|instrucao|ordens|regras"),
    ("(?:ignor|dimentic|trascur)", "tutte|tutti|precedent|tue", "istruzion|indicazion|regole|direttiv"),
    ("(?:negeer|vergeet)", "alle|vorige|eerdere|bovenstaande|je", "instructie|aanwijzing|regels|opdracht"),
    ("(?:zignoruj|ignoruj|zapomnij|pomin)", "wszystki|poprzedni|powyzsz|swoje", "instrukcj|polecen|zasad"),
    ("(?:onceki|tum|butun|yukaridaki)", "talimat|yonerge|kural", "yok say|gormezden gel|unut"),
    ("(?<!не )(?:игнорир|забуд|проигнорир|отбрось)", "все|всех|предыдущ|прежн|вышеуказан|прошл|свои",
     "инструкц|указан|правил|команд"),
    ("(?<!не )(?:ігнор|забуд|проігнор)", "всі|усі|попередн|вище", "інструкц|вказівк|правил"),
    ("(?:忽略|无视|無視|忘记|忘記|不要理会|忘掉)", "之前|以上|上面|先前|所有|前面|系统|系統|你的|全部",
     "指令|指示|提示|规则|規則|说明|說明|命令"),
    ("(?:以前|これまで|上記|全て|すべて|前|今まで)の?", "指示|命令|プロンプト|ルール|規則", "無視|忘れ"),
    ("(?:이전|위의|모든|앞의|지금까지)", "지시|명령|프롬프트|지침|규칙", "무시|잊"),
    ("(?:تجاهل|انس)", "جميع|كل|السابق|أعلاه", "التعليمات|الأوامر|تعليمات|القواعد"),
    ("(?:تجاهل|انس)", "التعليمات|الأوامر|القواعد", "السابق|أعلاه"),
    ("(?:सभी|पिछले|उपरोक्त|पहले)", "निर्देश|नियम", "अनदेखा|नजरअंदाज|भूल|अनसुना"),
)  # fmt: skip

SQUEEZED = re.compile(
    "(?<!not)(?<!dont)(?<!never)(?:ignor(?:e|ing)|disregard(?:ing)?|forget|overrid(?:e|ing))(?:all|any"
    "|every|the|my|your|of|these"
    "|those)*"
    "(?:previous|prior|above|earlier|preceding|system|former|foregoing)(?:the|system|your|user)*"
    "(?:instruction|prompt|rules|directive|guideline|message|orders)"
    "|(?:reveal|print|repeat|output|leak|disclose)(?:all|me|the|your|hidden|of)*systemprompt"
)
"""The plainest ones, for a text of letters only: whatever stood between them, backwards, or by ROT13."""

CHAT_TEMPLATE = re.compile(
    r"<\|[^|<>\n]{1,40}\|>|\[/?inst\]|<</?sys>>|</?s>|<(?:start|end)_of_turn>|<(?:bos|eos|pad|unk|mask)>"
    r"|\[(?:system|bos|eos)\]|</?(?:system|assistant|user|human|developer|instructions?|prompt|messages?"
    r"|tools?|tool_call|tool_response|tool_result|function|function_calls?|function_results?|invoke|context"
    r"|skills?|"
    r"reasoning|scratchpad|thinking|important|admin|override)\b[^<>]{0,100}>"
    r"|\brole['\"]?\s*[:=]\s*['\"]?(?:system|assistant|user|developer|tool)\b"
)
"""Tokens and tags that chat templates set around messages."""

ROLE_LABEL = re.compile(
    r"(?:^|[\n.!?;)\]\"])[\s>*#_-]*(?:system|assistant|user|human|developer|ai|bot|chatgpt|claude"
    r"|gpt)[\s*_]*:"
    r"|(?:^|\n)\s*#{1,6}\s*(?:system|assistant|user|human|instructions?|response|input|prompt)\b"
    r"|(?:^|\n)\s*(?:observation|final answer)\s*:|(?:^|\n)> \w"
    r"|(?:^|\n)\s*(?:task|admissible commands|what happened in step\w*|your task)\s*:"
    r"|(?:^|\n)\s*(?:-{3,}|={3,}|\*{3,})\s*(?:end|begin|start|system|new|instructions?)\b"
)
"""Labels as in a written conversation, or as in the prompts of this package."""


def _phrase(text: str) -> str:
    """The pattern of a phrase."""
    text = re.sub(r"<(\w+)>", lambda name: f"(?:{_WORDS[name[1]]})", text)
    gap = r"[\W_]*"
    for dots, words in (("....", 6), ("...", 3), ("..", 1)):
        text = text.replace(f" {dots} ", f"{gap}(?:[\\w'’]+[\\W_]+){{0,{words}}}?")
    return text.replace(" ", gap)


def _compiled() -> tuple[Injection, ...]:
    english = (
        Injection(
            kind, re.compile(_phrase(hint)), tuple(re.compile(_phrase(one)) for one in phrases), negatable
        )
        for (kind, negatable), (hint, *phrases) in _PHRASES.items()
    )
    code = Injection("code", re.compile(_CODE_HINT), tuple(re.compile(pattern) for pattern in _CODE))
    foreign = tuple(
        re.compile(
            f"{plain(first)}[^.!?。\n]{{0,24}}?(?:{plain(second)})[^.!?。\n]{{0,40}}?(?:{plain(third)})"
        )
        for first, second, third in _FOREIGN
    )
    hint = "|".join(plain(third) for _, _, third in _FOREIGN)
    return (*english, code, Injection("override", re.compile(hint), foreign))


INJECTIONS = _compiled()
"""All kinds, some in several parts."""
