"""Finds what is nobody's business in a skill: secrets, addresses of the web, e-mail addresses."""

import math
import re
from collections import Counter
from collections.abc import Iterator

from skill_gym.skillbanks.finding import Hit, error, warning
from skill_gym.skillbanks.plain_text import latin, plain

_KEYS = re.compile(
    r"\b(?:sk|rk|pk)[-_](?:live|test|proj|ant|or)?[-_]?[A-Za-z0-9_-]{16,}"
    r"|\b(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{16,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}"
    r"|\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{12,}|\bAIza[\w-]{30,}|\bya29\.[\w-]{20,}"
    r"|\bxox[abeoprs]-[\w-]{10,}|\bhf_[A-Za-z0-9]{20,}|\bnpm_[A-Za-z0-9]{20,}|\bpypi-[\w-]{20,}"
    r"|\bSG\.[\w-]{16,}\.[\w-]{16,}|\bSK[0-9a-f]{32}\b|\bAC[0-9a-f]{32}\b|\bdop_v1_[0-9a-f]{32,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?|-----BEGIN [A-Z ]{0,30}(?:KEY|CERTIFICATE)[A-Z ]{0,12}-----"
    r"|\bssh-(?:rsa|ed25519|dss) AAAA[\w+/]{16,}|\bAccountKey=[\w+/=]{16,}"
)
_ASSIGNED = re.compile(
    r"\b(?:pass(?:word|wd|phrase|code)|pwd|secret(?:[ _-]key)?|api[ _-]?key|access[ _-]?(?:key|token)|"
    r"auth[ _-]?token"
    r"|client[ _-]?secret|private[ _-]?key|bearer|credentials?)\b['\"]?(?:\s*(?:is|=|:)\s*|"
    r"\s+(?=\S*\d))['\"`]?"
    r"(?=[^\s'\"`]*[\d!@#$%^&*_-])[^\s'\"`,;]{6,}",
    re.IGNORECASE,
)
_LONG = re.compile(r"[A-Za-z0-9+/_=-]{20,}")
_HEX = re.compile(r"[0-9a-fA-F]{24,}")
_UUID = re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE)
_BITS = 3.6
"""Entropy per character of letters and digits drawn at random is 4 and more from 24 characters up."""

_ENDINGS = (
    "com|org|net|edu|gov|mil|info|biz|io|ai|dev|app|xyz|ru|cn|de|uk|fr|eu|onion|top|site|online|club|shop|"
    "store|tech|"
    "live|link|click|example|test|local|internal|gg|ly|tk|cc|ws|su|ir|kp"
)
_URL = re.compile(
    r"\b(?:h[tx]{2}ps?|ftps?|wss?|file|data|ssh|git|telnet|ldap|smb)\s?:\s?(?:/\s?/|[\w/+-]+;base64)\s?\S*"
    r"|\bwww\s?\.\s?\w[\w-]*\.\w+|\\\\\w[\w.-]+\\\w+"
)
_DOT = r"\s?(?:\.|\[\s?\.\s?\]|\(\s?\.\s?\)|[\[({]\s?dot\s?[\])}]|\sdot\s)\s?"
_DOMAIN = re.compile(rf"(?<![\w@.])(?:[a-z0-9][a-z0-9-]*(?:\.|\[\.\])){{1,4}}(?:{_ENDINGS})\b(?:[/:?#]\S*)?")
_MASKED = re.compile(rf"\b[a-z0-9-]{{2,}}(?:\s?[\[({{]\s?(?:dot|\.)\s?[\])}}]\s?|\sdot\s)(?:{_ENDINGS})\b")
_PATH = re.compile(r"(?<![\w@.])[a-z0-9-]+\.[a-z]{2,4}/[\w@#?=-]{2,}")
_ADDRESS = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.]*\d)(?::\d+)?|\blocalhost\b")
_MAIL = re.compile(
    rf"[\w.+-]{{1,64}}\s?(?:@|"
    rf"[\[({{]\s?at\s?[\])}}])\s?[a-z0-9-]+(?:{_DOT}[a-z0-9-]+){{0,3}}{_DOT}[a-z]{{2,10}}\b"
)
_PHONE = re.compile(r"(?<!\w)\+\d{1,3}[ .-]?(?:\(?\d{2,4}\)?[ .-]?){2,5}\d{2,4}(?!\w)")


def find_secrets(text: str) -> Iterator[Hit]:
    """Keys by their known forms, values assigned to passwords, and strings that look drawn at random."""
    mend = "remove it and make the secret void; a bank is read by many"
    for pattern in (_KEYS, _ASSIGNED):
        if match := pattern.search(text):
            yield error("secret", masked(match[0]), mend)
            return
    drawn = next((match[0] for match in _LONG.finditer(text) if looks_random(match[0])), None)
    if drawn is None and (match := _UUID.search(text)):
        drawn = match[0]
    if drawn is not None:
        yield error("secret", masked(drawn), "remove the string; nobody can read it, and it may be a key")


def find_addresses(text: str) -> Iterator[Hit]:
    """URLs, bare domains, IP, e-mail and telephone addresses, also when they are written around "
    "(``[at]``)."""
    reading = latin(plain(text))
    mail = _MAIL.search(reading) if "@" in reading or "at" in reading else None
    if mail:
        yield error("e-mail address", mail[0], "remove the address; a skill concerns the task only")
    mend = "remove the address; nothing outside of the task is to be visited"
    for pattern in (_URL, _DOMAIN, _MASKED, _PATH, _ADDRESS):
        match = pattern.search(reading)
        if match and not (mail and match[0] in mail[0]):
            # Four short numbers with dots may be a version.
            version = pattern is _ADDRESS and len(max(match[0].split("."), key=len)) < 3
            yield (warning if version else error)("address", match[0], mend)
            break
    if "+" in reading and (match := _PHONE.search(reading)):
        yield error("address", match[0], "remove the number; a skill concerns the task only")


def looks_random(word: str) -> bool:
    """Whether a string of 20 characters or more is no word: letters with digits in it, and of high "
    "entropy."""
    if _HEX.fullmatch(word):
        return any(letter.isdigit() for letter in word) and len(set(word)) > 6
    digits = sum(letter.isdigit() for letter in word)
    mixed = any(letter.isupper() for letter in word) and any(letter.islower() for letter in word)
    if digits < 2 and not (mixed and digits):
        return False
    # Names such as pick_and_place-Mug-10 are words in a row.
    parts = [part for part in re.split(r"[-_/+=]", word) if part]
    if max(len(part) for part in parts) < 12 and all(part.isalpha() or part.isdigit() for part in parts):
        return False
    return entropy(word) > _BITS


def entropy(word: str) -> float:
    """Shannon's entropy of a string's characters, in bits per character."""
    return -sum(count / len(word) * math.log2(count / len(word)) for count in Counter(word).values())


def masked(secret: str) -> str:
    """A secret as it may be shown: its first characters and its length."""
    return f"{secret[:4]}... ({len(secret)} characters)"
