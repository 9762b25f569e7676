"""What pages show of 応対, 意向, 第三者提供, 事故・請求: one in a list, its name, the policies it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from flask import Blueprint, url_for
from flask_babel import gettext

from vault.domain.claims import Claim
from vault.domain.contacts import Contact, Intention
from vault.domain.dealings import CLAIM, CONTACT, INTENTION, PROVISION, Dealing, day_of, kind_of, policies_of
from vault.domain.provisions import Provision
from vault.services.clients import Page
from vault.services.holdings import Held, HeldDealing
from vault.web.client_rows import label_of

# What the addresses say for each kind of record.
KINDS = {"contacts": CONTACT, "intentions": INTENTION, "provisions": PROVISION, "claims": CLAIM}
PLACES = {kind: what for what, kind in KINDS.items()}
View = TypeVar("View", bound=Callable[..., Any])
# Of each kind the client's page shows the newest few.
SHOWN = 5


def at_each(blueprint: Blueprint, path: str, method: str = "GET") -> Callable[[View], View]:
    """A view at one address for each kind, which tells it what it is about."""

    def add(view: View) -> View:
        for what in KINDS:
            address = f"/clients/<client>/{what}{path}"
            blueprint.add_url_rule(address, view.__name__, view, methods=[method], defaults={"what": what})
        return view

    return add


def policy_names(policies: Iterable[Held]) -> dict[str, str]:
    """The policies of a client in words, by hex id."""
    return {held.id.hex(): label_of(held.policy) for held in policies}


def address(client: str, kind: str, record: str) -> str:
    """Where one dealing is shown; ids in hex."""
    return url_for("dealings.show", client=client, what=PLACES[kind], record=record)


def text_of(dealing: Dealing) -> str:
    """What tells it from others of its kind, in a few words."""
    if isinstance(dealing, Contact):
        return f"{gettext(dealing.how)} {dealing.with_whom}"
    if isinstance(dealing, Intention):
        return dealing.recommended or dealing.with_whom
    if isinstance(dealing, Provision):
        return f"{gettext(dealing.direction)} {dealing.party}"
    return f"{gettext(dealing.kind)} {dealing.person}"


def label_text(dealing: Dealing) -> str:
    """One dealing as a line of words."""
    return f"{gettext('dealing.' + kind_of(dealing))} {day_of(dealing):%Y/%m/%d} {text_of(dealing)}"


def told(client: str, record: str, dealing: Dealing) -> tuple[str, dict[str, Any]]:
    """(address, what is said of it) where the search has found it."""
    kind = kind_of(dealing)
    number = dealing.number if isinstance(dealing, Claim) else ""
    title = f"{day_of(dealing):%Y/%m/%d} {text_of(dealing)}"
    return address(client, kind, record), {"kind": f"dealing.{kind}", "title": title, "number": number}


def about(dealing: Dealing, names: Mapping[str, str], client: str) -> list[tuple[str, str]]:
    """(words, address) of each policy it names; both empty for one that is not there any more."""
    return [
        (names[policy], url_for("policies.show", client=client, policy=policy)) if policy in names else ("", "")
        for policy in policies_of(dealing)
    ]  # fmt: skip


def rows(page: Page, found: Iterable[HeldDealing]) -> list[dict[str, Any]]:
    """Dealings of a client in a list."""
    names, client = policy_names(page.policies), page.id.hex()
    return [
        {
            "url": address(client, held.kind, held.id.hex()), "day": day_of(held.dealing), "record": held.dealing,
            "policies": about(held.dealing, names, client), "at": held.changed,
        }
        for held in found
    ]  # fmt: skip


def on_client(page: Page, writes: bool) -> list[dict[str, Any]]:
    """The dealings on the client's page, kind by kind: the newest few, how many there are, where the rest stands."""
    return [_section(page, what, kind, writes) for what, kind in KINDS.items()]


def _section(page: Page, what: str, kind: str, writes: bool) -> dict[str, Any]:
    found, client = page.dealt(kind), page.id.hex()
    return {
        "kind": kind, "what": what, "count": len(found), "rows": rows(page, found[:SHOWN]),
        "all_url": url_for("dealings.index", client=client, what=what),
        "new_url": url_for("dealings.new", client=client, what=what) if writes else None,
    }  # fmt: skip
