"""What a reviewer may do: each form becomes one change of the store, with who and why."""

from collections.abc import Mapping, Sequence
from urllib.parse import unquote, urlsplit

from skill_gym.benchmarks.bank_page.markup import link
from skill_gym.benchmarks.bank_page.visit import DONE, PageError
from skill_gym.benchmarks.bank_text import lint_refusal
from skill_gym.skillbanks.duplicates import merge
from skill_gym.skillbanks.store import BankStore
from skill_gym.skillbanks.store_events import Origin

LONGEST_REASON = 2000
LONGEST_NAME = 100
MOST_IDS = 1000

Form = Mapping[str, Sequence[str]]


def act(store: BankStore, form: Form, actor: str = "") -> str:
    """Does what a form says.

    Args:
        store: Open for writing.
        form: Fields as a browser sends them: ``action``, ``id`` (percent-encoded, repeated), ``reason``,
            ``actor``, ``into`` for a merge, ``version`` for a rollback, ``despite_lint``, ``back``.
        actor: Who it is when the form does not say.

    Returns:
        Address of the page to show next.

    Raises:
        PageError: The form asks for nothing that can be done.
        StoreError: The store refuses; nothing was changed.
    """
    action = _one(form, "action")
    if action not in DONE:
        raise PageError(f"no action {action!r}; choose one of {', '.join(DONE)}")
    reason = " ".join(_one(form, "reason").split())
    if not reason or len(reason) > LONGEST_REASON:
        raise PageError(
            f"every change needs a reason of at most {LONGEST_REASON:,} characters; go back and say why"
        )
    name = " ".join(_one(form, "actor").split()) or actor
    if len(name) > LONGEST_NAME:
        raise PageError(f"a name may have {LONGEST_NAME} characters, got {len(name)}; go back and shorten it")
    origin = Origin(actor=name)
    if action == "rollback":
        number = _one(form, "version")
        if not number.isdecimal():
            raise PageError(f"version must be a number, got {number!r}; choose one on the page Versions")
        store.rollback(int(number), reason=reason, **origin)
        return link("/versions", done=action)
    ids = list(dict.fromkeys(unquote(part) for part in form.get("id", ())))
    if not 1 <= len(ids) <= MOST_IDS:
        raise PageError(f"choose 1 to {MOST_IDS:,} entries, got {len(ids)}; go back and tick them")
    linted = action in ("approve", "restore") and not _one(form, "despite_lint")
    if linted and (refusal := lint_refusal(store.get(entry_id) for entry_id in ids)):
        raise PageError(
            f"{refusal}; nothing was changed. Leave it out, or open the entry, read the findings and say "
            "there that you want it"
        )
    if action == "merge":
        _merge(store, ids, _one(form, "into").strip(), reason, origin)
    else:
        {
            "approve": store.approve,
            "reject": store.reject,
            "retire": store.retire,
            "restore": store.restore,
        }[action](ids, reason=reason, **origin)
    back = _local(_one(form, "back"))
    return f"{back}{'&' if '?' in back else '?'}done={action}&count={len(ids)}"


def _merge(store: BankStore, ids: Sequence[str], into: str, reason: str, origin: Origin) -> None:
    if not into:
        raise PageError("a merge needs the id of the entry that stays; go back and fill it in")
    if ids == [into]:
        raise PageError(f"{into!r} cannot be merged into itself; name another entry")
    # The entry that stays takes over the origins, so that leak checks forget none of them.
    kept = store.get(into)
    for entry_id in ids:
        if entry_id != into:
            kept = merge(kept, store.get(entry_id), reason).entry
    store.merge(ids, into, reason=reason, revised=None if kept == store.get(into) else kept, **origin)


def _local(address: str) -> str:
    """A page of ours, whatever the form says."""
    parts = urlsplit(address)
    ours = not parts.scheme and not parts.netloc and parts.path in ("/", "/entry") and "\\" not in address
    return f"{parts.path}{'?' if parts.query else ''}{parts.query}" if ours and address.isprintable() else "/"


def _one(form: Form, name: str) -> str:
    return (form.get(name) or [""])[-1]
