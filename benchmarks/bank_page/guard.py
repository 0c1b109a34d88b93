"""Who may see the page and who may act: hosts, sessions, form keys, and the headers of every answer."""

import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

SHORTEST_TOKEN = 16

HEADERS = {
    # Own files only: no inline script or style, no other site, no frame.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """Checks requests.

    Without a token the page is for this machine alone, and the ``Host`` must be a loopback name, so that no
    foreign site can point its own name at this address (DNS rebinding). With a token a visitor logs in once
    and has a session cookie. Forms carry a key that only our own pages know (CSRF).

    Args:
        token: What visitors log in with; None on the loopback address.

    Raises:
        ValueError: The token is too short.
    """

    def __init__(self, token: str | None) -> None:
        if token is not None and len(token.strip()) < SHORTEST_TOKEN:
            raise ValueError(
                f"the token must have at least {SHORTEST_TOKEN} characters, got {len(token.strip())}; "
                "take a long random one, for example of `openssl rand -hex 16`"
            )
        self._token = token
        self._secret = secrets.token_bytes(32)
        self.cookie = f"skill_gym_bank_{secrets.token_hex(4)}"

    @property
    def asks_token(self) -> bool:
        """Whether visitors have to log in."""
        return self._token is not None

    def knows_host(self, host: str) -> bool:
        """Whether a request for this ``Host`` is meant for us."""
        if self._token is not None:
            return True  # a foreign name has no cookie of ours
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        return name is not None and is_loopback(name)

    def log_in(self, token: str) -> str | None:
        """The cookie's value for the right token, else None."""
        if self._token is None or not _equal(token.strip(), self._token.strip()):
            return None
        session = secrets.token_hex(16)
        return f"{session}.{self._sign('session', session)}"

    def session(self, cookies: str) -> str | None:
        """The session of a ``Cookie`` header; "" where none is needed, None where it is missing."""
        if self._token is None:
            return ""
        try:
            given = SimpleCookie(cookies).get(self.cookie)
        except CookieError:
            return None
        session, _, sign = ("" if given is None else given.value).partition(".")
        return session if session and _equal(sign, self._sign("session", session)) else None

    def form_key(self, session: str) -> str:
        """What the forms of a session carry."""
        return self._sign("form", session)

    def trusts_form(self, session: str, key: str, headers: Mapping[str, str]) -> bool:
        """Whether a form comes from a page of ours."""
        origin = headers.get("origin")
        try:
            if origin is not None and urlsplit(origin).netloc != headers.get("host", ""):
                return False
        except ValueError:  # no address at all
            return False
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return False
        return _equal(key, self.form_key(session))

    def _sign(self, purpose: str, text: str) -> str:
        return hmac.new(self._secret, f"{purpose}:{text}".encode(), "sha256").hexdigest()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
