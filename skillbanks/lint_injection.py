"""Finds texts that speak to the model against its task: injected instructions, role tags, code."""

import re
from collections.abc import Iterator, Sequence

from skill_gym.skillbanks.finding import Hit, error
from skill_gym.skillbanks.plain_text import plain, readings

_GAP = r"[\W_]*"
_MEND = "say what to do in the task, and nothing about instructions, prompts or reviewers"


def _near(*parts: str, between: int = 3) -> str:
    """Parts in this order with at most so many words between them; words may be run together."""
    return rf"{_GAP}(?:[\w'’]+[\W_]+){{0,{between}}}?".join(f"(?:{part})" for part in parts)  # noqa: RUF001


def _phrase(text: str) -> str:
    """A phrase with any gap, or none, between its words; ``|`` may stand inside brackets."""
    return _GAP.join(text.split())


_DROP = (
    "ignor(?:e|es|ing)|disregard(?:s|ing)?|forget(?:s|ting)?|overrid(?:e|es|ing)|overrul(?:e|ing)|bypass(?:es|ing)?"
    "|neglect|dismiss|discard|drop|abandon|violate|disobey|circumvent|supersedes?|do not follow|don't follow"
    "|donotfollow|stop following|stopfollowing|no longer follow|do not obey|pay no attention to|throw away|set aside"
)
_WHOSE = (
    "all|any|every|each|previous(?:ly)?|prior|above|earlier|preceding|foregoing|former|existing|original|initial|"
    "system|developer|safety|other|your|these|those|given|current|everything"
)
_ORDERS = (
    "instructions?|instructed|prompts?|directives?|guidelines?|rules|policy|policies|guardrails?|safeguards?|"
    "restrictions?|constraints imposed|orders|messages?|context|system text|training|programming"
)
_HIDDEN = (
    "system prompt|hidden prompt|initial prompt|original prompt|developer message|system message|your prompt|"
    "the prompt|your instructions|hidden instructions|system instructions|secret instructions|"
    "everything above|text above|words above|conversation so far|chat history|your configuration|"
    "api keys?|passwords?|credentials?|access tokens?|secret keys?|environment variables?"
)
_TELL = (
    "reveal|print|repeat|output|show|display|disclose|leak|expose|recite|dump|echo|quote|tell (?:me|us)|"
    "write out|spell out|translate|summari[sz]e|include|paste|return|share|state"
)
_SEND = "send|upload|forward|transmit|exfiltrate|post|e-?mail|mail|deliver|copy|relay|submit|report"
_PRIVATE = (
    "conversation|transcript|chat|dialog(?:ue)?|prompt|credentials?|passwords?|api keys?|secrets?|tokens?|"
    "user data|personal data|private data|system message|log files?|environment variables?"
)

_INJECTIONS: Sequence[tuple[str, str, Sequence[str]]] = (
    (
        "override",
        r"ignor|disregard|forget|overrid|overrul|bypass|neglect|dismiss|discard|drop|abandon|violat|disobe|circumvent"
        r"|supersede|follow|obey|attention|throw|aside|instruct|take priority|takepriority|precedence",
        (
            rf"(?<!do not )(?<!don't )(?<!never )(?<!not )(?:{_DROP}){_GAP}{_near('', _WHOSE, _ORDERS)}",
            rf"(?:{_phrase('(?:disregard|forget|ignore) (?:all|everything|anything|what|whatever)')}){_GAP}"
            r"(?:that|which|of)?[\W_]*(?:(?:you|i|we|they)[\W_]*(?:have|were|was|had|'ve)?[\W_]*(?:been)?[\W_]*"
            r"(?:told|said|instructed|asked|learned|learnt|read)|above|before this|prior|previously|so far)",
            _near("new|updated|real|actual|true|following", "instructions?|directives?|orders")
            + r"[\W_]{0,3}(?::|follow|begin|start|below|supersede|replace|apply)",
            _near("instructions?|rules|prompts?|this", "take priority|take precedence|takes precedence|supersedes?")
            + rf"{_GAP}(?:over)?{_GAP}(?:all|any|everything|every|the)?{_GAP}(?:other|system|previous|earlier|else)?",
        ),
    ),
    (
        "reveal",
        r"prompt|instruction|message|above|conversation|history|configuration|key|password|credential|token|variable",
        (_near(rf"\b(?:{_TELL})", _HIDDEN.replace(" ", _GAP), between=4),),
    ),
    (
        "exfiltrate",
        _SEND,
        (
            rf"{_near(rf'{chr(92)}b(?:{_SEND})', _PRIVATE, between=4)}{_GAP}(?:[\w'’]+[\W_]+){{0,5}}?"  # noqa: RUF001
            r"(?:to|via|into)\b",
        ),
    ),
    (
        "persona",
        r"you|pretend|role|jailbr|mode|act |dan\b|assum",
        (
            _phrase("you are (?:now|no longer|henceforth) (?:an?|the|in|free|un|dan|my|bound|allowed|not)"),
            _phrase("(?:pretend|imagine) (?:that )?(?:to be|you are|you're|you have no)"),
            _phrase("(?:enter|enable|activate|switch to|in) (?:developer|debug|god|admin|root|jailbreak|dan|sudo|"
                    "maintenance|unrestricted) mode"),
            r"\bjailbr[eo]a?k",
            _phrase("do anything now"),
            _phrase("from now on,? (?:you|your) (?:are|will|must|should|shall|only|name|goal|task|role)"),
            _phrase("your (?:new|real|true|actual|only) (?:goal|task|role|objective|purpose|mission|identity|"
                    "instructions?) (?:is|are|:)"),
            _phrase("act as (?:if you (?:are|were|have)|an? (?:admin|hacker|root|unrestricted|system|different))"),
        ),
    ),
    (
        "authority",
        r"system|admin|developer|anthropic|openai|operator|authori|priority|end of|important|attention|notice|message",
        (
            _phrase("(?:system|admin(?:istrator)?|developer|operator|root|security) "
                    "(?:override|notice|alert|command|message|note|update|directive)") + r"[\W_]{0,2}:",
            _near("message|note|order|request|update|instruction", "from",
                  "the system|system|the admin|admin|developers?|operators?|anthropic|openai|the team|"
                  "your (?:developer|operator|owner|creator|maker)", between=1),
            _phrase("(?:end|start|beginning) of (?:the )?(?:system )?(?:prompt|instructions|skills|skill block|context)"),
            _phrase("(?:as|since) (?:the|an?|your) (?:system |site |security )?(?:administrator|admin|developer|operator|"
                    "owner)"),
            _phrase("(?:authori[sz]ed|approved|certified|verified|signed off|whitelisted) by (?:the )?(?:admin|system|"
                    "developers?|security|operators?|reviewers?|anthropic|openai|team|moderators?)"),
        ),
    ),
    (
        "secrecy",
        r"tell|mention|secret|hidden|inform|disclos|reveal|silent|notic|report|log",
        (
            _near("do not|don't|never|without|must not|avoid", "tell(?:ing)?|mention(?:ing)?|inform(?:ing)?|"
                  "disclos(?:e|ing)|reveal(?:ing)?|report(?:ing)?|alert(?:ing)?|notif(?:y|ying)",
                  "users?|anyone|anybody|operators?|developers?|reviewers?|humans?|admin|supervisors?|"
                  "this (?:skill|note|rule|message|instruction)", between=2),
            _phrase("keep (?:this|these|it) (?:\\w+ )?(?:secret|hidden|confidential|private|to yourself)"),
            _phrase("(?:do not|don't|never) (?:log|record|mention) this"),
        ),
    ),
    (
        "review",
        r"skill|lint|review|bank|entry|rule|admit|score|rat(?:e|ing)|util",
        (
            _near("do not|don't|never|must not|cannot be|may not be", "retire|remove|delete|withhold|reject|revise|drop|"
                  "replace|edit|review", "this (?:skill|entry|rule|advice|note|text)|skill|entry", between=2),
            _near("rate|score|mark|label|approve|accept|admit|rank|keep|add", "this (?:skill|entry|candidate|text|rule|note)",
                  between=1),
            _phrase("this (?:skill|entry|text|rule|candidate) (?:is|has been|was) (?:safe|harmless|approved|verified|trusted|"
                    "reviewed|tested|certified)"),
            _phrase("(?:ignore|skip|disable|bypass|pass) (?:the |this |all |any )*(?:lint(?:er)?|filters?|review|checks?|"
                    "safety checks?|moderation|guard(?:rail)?s?)"),
            _phrase("(?:dear|attention|note to|to the) (?:reviewers?|moderators?|lint(?:er)?|classifiers?|graders?|judges?)"),
        ),
    ),
    (
        "code",
        r"rm |rm-|curl|wget|sudo|eval|exec|system|script|subprocess|import|drop |powershell|bash|chmod|base64|cmd|sh -c",
        (
            r"\brm\s+-[rf]{1,2}\b",
            r"\b(?:curl|wget)\s+(?:-\w+\s+)*[\w./:$\"'{<]{4,}",
            r"\bsudo\s+\w+",
            r"\b(?:eval|exec|__import__|os\.system|subprocess\.\w+|child_process|execsync)\s*\(",
            r"<\s*/?\s*(?:script|iframe|object|embed|svg|img|style|link|meta|form)\b[^>]{0,200}>",
            r"javascript\s*:",
            r"\b(?:drop\s+table|delete\s+from|insert\s+into|union\s+select|truncate\s+table)\s+\w+",
            r"\bpowershell(?:\.exe)?\s+-|\bcmd(?:\.exe)?\s+/c|\b(?:ba)?sh\s+-c\b|\bchmod\s+[+0-7]|\|\s*(?:ba)?sh\b",
            r"\{\{.{0,80}\}\}|\$\{.{0,80}\}|\{%.{0,80}%\}",
            r"\bimport\s+(?:os|sys|subprocess|socket|requests)\b",
        ),
    ),
)  # fmt: skip

_FOREIGN = (
    # German, French, Spanish, Portuguese, Italian, Dutch, Polish, Turkish, Russian, Ukrainian,
    # Chinese, Japanese, Korean, Arabic, Hindi: "ignore ... instructions".
    (
        "ignorier|vergiss|missacht|missachte|ubergeh",
        "anweisung|instruktion|vorgabe|regel|systemprompt|befehl",
    ),
    ("ignor|oubli|neglige|desobei", "instruction|consigne|directive|regle"),
    ("ignor|olvid|desobedec|descart", "instruccion|indicacion|ordenes|reglas"),
    ("ignor|esquec|desconsider", "instrucoes|instrucao|ordens|regras"),
    ("ignora|dimentic|trascur", "istruzion|indicazion|regol|direttiv"),
    ("negeer|vergeet", "instructie|aanwijzing|regels|opdracht"),
    ("zignoruj|ignoruj|zapomnij|pomin", "instrukcj|polecen|zasad"),
    ("yok say|gormezden gel|unut", "talimat|yonerge|kural"),
    ("talimat|yonerge", "yok say|gormezden gel|unut"),
    ("игнорир|забуд|не обращай внимания|проигнорир", "инструкц|указан|правил|команд"),
    ("ігнор|забуд|проігнор", "інструкц|вказівк|правил"),
    ("忽略|无视|無視|忘记|忘記|不要理会", "指令|指示|提示|说明|說明|规则|規則"),
    ("以前の|これまでの|上記の|全ての|すべての", "(?:指示|命令|プロンプト|ルール)を?(?:無視|忘れ)"),
    ("이전|위의|모든", "(?:지시|명령|프롬프트|지침).{0,6}(?:무시|잊)"),
    ("تجاهل|انس", "التعليمات|الاوامر|الأوامر|تعليمات"),
    ("अनदेखा|नजरअंदाज|भूल", "निर्देश"),
    ("निर्देश", "अनदेखा|नजरअंदाज|भूल"),
)

_TOKENS = re.compile(
    r"<\|[^|<>\n]{1,40}\|>|\[/?inst\]|<</?sys>>|</?s>|<(?:start|end)_of_turn>|<(?:bos|eos|pad|unk|mask)>"
    r"|\[(?:system|end|bos|eos)\]|</?(?:system|assistant|user|human|developer|instructions?|prompt|messages?|tool|"
    r"tools|tool_call|tool_response|tool_result|function|function_calls?|function_results?|invoke|context|skills?|"
    r"reasoning|scratchpad|thinking|important|admin|override)\b[^<>]{0,100}>"
)
_ROLES = re.compile(
    r"(?:^|[\n.!?;)\]\"])[\s>*#_-]*(?:system|assistant|user|human|developer|ai|bot|chatgpt|claude|gpt)[\s*_]*:"
    r"|(?:^|\n)\s*#{1,6}\s*(?:system|assistant|user|human|instructions?|response|input|prompt)\b"
    r"|(?:^|\n)\s*(?:task|admissible commands|what happened in step\w*|your task)\s*:"
    r"|(?:^|\n)\s*(?:-{3,}|={3,}|\*{3,})\s*(?:end|begin|start|system|new|instructions?)\b"
)


def _patterns() -> tuple[tuple[str, re.Pattern[str], tuple[re.Pattern[str], ...]], ...]:
    compiled = [
        (name, re.compile(hint), tuple(re.compile(pattern) for pattern in patterns))
        for name, hint, patterns in _INJECTIONS
    ]
    foreign = tuple(
        re.compile(f"(?:{plain(verbs)})(?:.{{0,60}}?)(?:{plain(orders)})") for verbs, orders in _FOREIGN
    )
    hint = re.compile("|".join(plain(verbs) for verbs, _ in _FOREIGN))
    return (*compiled, ("override", hint, foreign))


_RULES = _patterns()


def find_injections(text: str) -> Iterator[Hit]:
    """Injected instructions, in any reading of the text (see ``readings``); one hit for each kind.

    The kinds are: ``override`` (drop your instructions, in several languages), ``reveal`` (tell the prompt or a
    key), ``exfiltrate``, ``persona`` (you are now ...), ``authority`` (a message from the system), ``secrecy``,
    ``review`` (speaks to who judges skills), ``code`` (shell, scripts, SQL, templates), ``chat template``
    (tokens and tags of roles) and ``role label``.
    """
    seen: set[str] = set()
    for number, reading in enumerate(readings(text)):
        for name, hint, patterns in _RULES:
            if name in seen or not hint.search(reading):
                continue
            match = next((found for pattern in patterns if (found := pattern.search(reading))), None)
            if match is not None:
                seen.add(name)
                yield error(f"injection: {name}", match[0], _MEND)
        if number == 0:
            yield from _markup(reading)


def _markup(reading: str) -> Iterator[Hit]:
    if match := _TOKENS.search(reading):
        yield error("injection: chat template", match[0], "remove the tag; a skill is plain text")
    if match := _ROLES.search(reading):
        yield error("injection: role label", match[0].strip(), "remove the label; a skill has one speaker")
