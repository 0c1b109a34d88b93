"""The application: addresses, and what is checked before a page is made or anything is done."""

import asyncio
import logging
import threading
from collections.abc import Callable
from importlib import resources
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from skill_gym.benchmarks.bank_page.actions import Form, act
from skill_gym.benchmarks.bank_page.entry_page import entry_page
from skill_gym.benchmarks.bank_page.guard import HEADERS, Guard
from skill_gym.benchmarks.bank_page.history_pages import compare_page, events_page, versions_page
from skill_gym.benchmarks.bank_page.likeness import MOST, Likeness
from skill_gym.benchmarks.bank_page.list_page import list_page
from skill_gym.benchmarks.bank_page.markup import Markup, tag, visible
from skill_gym.benchmarks.bank_page.visit import PageError, Visit, bare_page, page
from skill_gym.skillbanks.bank import BankError
from skill_gym.skillbanks.store import BankStore
from skill_gym.skillbanks.store_listing import StoreListing
from skill_gym.skillbanks.store_schema import StoreError, StoreLocked

logger = logging.getLogger(__name__)

PAGES: dict[str, Callable[[Visit], Markup]] = {
    "/": list_page,
    "/entry": entry_page,
    "/versions": versions_page,
    "/compare": compare_page,
    "/events": events_page,
}
FILES = {"style.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
MOST_BYTES = 256 * 1024
MOST_FIELDS = 2000
WRONG_TOKEN_S = 0.5


def create_app(store: BankStore, *, token: str | None = None, actor: str = "") -> Any:
    """A FastAPI application on a store.

    Args:
        store: Open for writing, or for reading: then nothing can be done.
        token: Visitors log in with it; None only where nobody else can reach the address.
        actor: Who acts unless a form says other.

    Raises:
        ImportError: FastAPI is not installed.
        ValueError: The token is too short.
    """
    web = packages()
    guard = Guard(token)
    listing = StoreListing(store.path, busy_s=5)
    likeness = Likeness()

    def read_words() -> None:
        # Those of many entries take seconds; the first reviewer need not wait for them.
        try:
            if store.head.size <= MOST:
                likeness.follow(store.bank)
        except StoreError as error:
            logger.info("similar entries are looked up later: %s", error)

    threading.Thread(target=read_words, daemon=True).start()
    folder = resources.files("skill_gym.benchmarks.bank_page") / "static"
    files = {name: (folder / name).read_bytes() for name in FILES}

    def html(content: Markup, status: int = 200) -> Any:
        # Half a surrogate pair has no UTF-8.
        return web.Response(content.encode("utf-8", "xmlcharrefreplace"), status, media_type="text/html")

    def refused(message: str, status: int, visit: Visit | None = None) -> Any:
        content = tag(
            "section",
            tag("h1", "That did not work"),
            tag("p", visible(message[:1].upper() + message[1:])),
            tag("p", tag("a", "To the list", href="/")),
            class_="empty",
        )
        if visit is None:
            return html(bare_page("Not possible", tag("main", content, id="main")), status)
        return html(page(visit, "Not possible", content), status)

    def visit_of(request: Any, session: str) -> Visit:
        store.refresh()
        # The query as bytes: ids may hold anything.
        query = dict(parse_qsl(request.scope["query_string"].decode("latin-1"), errors="replace"))
        return Visit(
            store=store,
            listing=listing,
            likeness=likeness,
            query=query,
            form_key=guard.form_key(session),
            actor=actor,
            writable=store.writable,
            logs_out=guard.asks_token,
        )

    def met(visit: Visit, answer: Callable[[], Any]) -> Any:
        try:
            return answer()
        except PageError as error:
            return refused(str(error), error.status, visit)
        except StoreLocked as error:
            return refused(str(error), 503, visit)
        except BankError as error:
            return refused(str(error), 409, visit)

    def shown(make: Callable[[Visit], Markup]) -> Callable[[Any], Any]:
        async def answer(request: Any) -> Any:
            session = guard.session(request.headers.get("cookie", ""))
            if session is None:
                return web.Redirect("/login", 303)

            def work() -> Any:
                try:
                    visit = visit_of(request, session)
                except StoreError as error:
                    return refused(str(error), 503)
                return met(visit, lambda: html(make(visit)))

            return await asyncio.to_thread(work)

        return answer

    async def do(request: Any) -> Any:
        session = guard.session(request.headers.get("cookie", ""))
        if session is None:
            return web.Redirect("/login", 303)
        form = await form_of(request)
        if not guard.trusts_form(session, (form.get("key") or [""])[-1], request.headers):
            return refused("This form was not made by this server; open the page again and repeat.", 403)
        if request.url.path == "/logout":
            answer = web.Redirect("/login", 303)
            answer.delete_cookie(guard.cookie)
            return answer

        def work() -> Any:
            try:
                visit = visit_of(request, session)
            except StoreError as error:
                return refused(str(error), 503)
            if not store.writable:
                return refused("The store was opened for reading; nothing can be changed.", 403, visit)
            return met(visit, lambda: web.Redirect(act(store, form, actor), 303))

        return await asyncio.to_thread(work)

    async def login(request: Any) -> Any:
        if not guard.asks_token:
            return web.Redirect("/", 303)
        if request.method in ("GET", "HEAD"):
            return html(_login_page(""))
        form = await form_of(request)
        cookie = guard.log_in((form.get("token") or [""])[-1])
        if cookie is None:
            await asyncio.sleep(WRONG_TOKEN_S)
            return html(_login_page("This is not the token of this server."), 401)
        answer = web.Redirect("/", 303)
        answer.set_cookie(guard.cookie, cookie, httponly=True, samesite="lax")
        return answer

    async def static(request: Any) -> Any:
        name = request.path_params["name"]
        if name not in files:
            return refused(f"There is no file {name!r} here.", 404)
        return web.Response(files[name], media_type=FILES[name])

    async def elsewhere(request: Any, error: Any) -> Any:
        return refused(f"There is no {request.method} {request.url.path} here.", error.status_code)

    async def too_much(request: Any, error: PageError) -> Any:
        return refused(str(error), error.status)

    async def failed(request: Any, error: Exception) -> Any:
        logger.exception("a page failed", exc_info=error)
        answer = refused("The server failed at this page; its log says why.", 500)
        answer.headers.update(HEADERS)  # it goes past the middleware
        return answer

    routes = [web.Route(path, shown(make), methods=["GET"]) for path, make in PAGES.items()]
    routes += [
        web.Route("/act", do, methods=["POST"]),
        web.Route("/logout", do, methods=["POST"]),
        web.Route("/login", login, methods=["GET", "POST"]),
        web.Route("/static/{name}", static, methods=["GET"]),
    ]
    app = web.FastAPI(
        title="skill-gym bank",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        exception_handlers={404: elsewhere, 405: elsewhere, PageError: too_much, Exception: failed},
        routes=routes,
    )

    async def guarded(request: Any, call_next: Any) -> Any:
        if guard.knows_host(request.headers.get("host", "")):
            answer = await call_next(request)
        else:
            answer = refused("Open this page as http://127.0.0.1 or http://localhost.", 421)
        answer.headers.update(HEADERS)
        return answer

    app.middleware("http")(guarded)
    app.state.listing = listing
    return app


async def form_of(request: Any) -> Form:
    """The fields of a form.

    Raises:
        PageError: It is too long, or no form.
    """
    size, parts = 0, []
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise PageError(f"the form is longer than {MOST_BYTES:,} bytes; choose fewer entries", 413)
        parts.append(part)
    try:
        return parse_qs(
            b"".join(parts).decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="replace"
        )
    except ValueError as error:
        raise PageError(f"this is no form ({error}); send one from a page of this server", 400) from error


def packages() -> SimpleNamespace:
    """What is used of FastAPI and Starlette.

    Raises:
        ImportError: FastAPI is not installed.
    """
    try:
        import fastapi
        from starlette.responses import RedirectResponse, Response
        from starlette.routing import Route
    except ImportError as error:
        raise ImportError(f'the page of a bank needs {error.name}: pip install "skill-gym[page]"') from None
    return SimpleNamespace(FastAPI=fastapi.FastAPI, Response=Response, Redirect=RedirectResponse, Route=Route)


def _login_page(wrong: str) -> Markup:
    return bare_page(
        "Log in",
        tag(
            "main",
            tag(
                "form",
                tag("h1", "Skill bank"),
                tag("label", "Token", for_="token"),
                tag(
                    "input",
                    type="password",
                    id="token",
                    name="token",
                    required=True,
                    autofocus=True,
                    autocomplete="current-password",
                ),
                tag("p", wrong, class_="wrong", role="alert") if wrong else None,
                tag("button", "Log in", class_="do approve"),
                method="post",
                action="/login",
                class_="login",
            ),
            id="main",
        ),
    )
