"""What a sheet about a client shows: the client, the policies it is about, and who wrote which version of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from vault.domain.access import Permission
from vault.domain.clients import Client
from vault.domain.deposits import number_text
from vault.domain.office import Office
from vault.domain.policies import Policy
from vault.domain.prints import (
    CLIENT_CARD,
    DEPOSIT_RECEIPT,
    POLICY_DETAIL,
    SCANS,
    LedgerNames,
    OfficeOrder,
    PrintOrder,
)
from vault.errors import NotFound, Refused
from vault.services import office, payloads
from vault.services.acts import Act, Opened
from vault.services.clients import Page, Version
from vault.services.holdings import KINDS, POLICY, Held, HeldDeposit, client_of, opened_client
from vault.services.safe import Desk
from vault.services.scan_sheets import Scan, scan_of

# A sheet tells this many earlier versions with what changed in each; the page of versions has all.
TOLD_VERSIONS = 20
Written = Mapping[bytes, list[Version]]


@dataclass(frozen=True)
class Sheet:
    """A sheet about a client with its number: only `printing.print_client` and `print_approved` make one.

    `written`: the newest versions of what it shows, newest first, by record id; empty where it shows none. `taken_by`: who
    took in the papers of a 保険証券お預り証.
    """

    serial: int
    at: int
    printed_by: str
    office: Office
    page: Page
    order: PrintOrder
    written: Written = field(default_factory=dict)
    taken_by: str = ""

    @property
    def chosen(self) -> list[Held]:
        """The policies of a 証券詳細."""
        return chosen(self.page, self.order)

    @property
    def receipt(self) -> HeldDeposit:
        """The receipt of a 保険証券お預り証."""
        return receipt(self.page, self.order)

    @property
    def scan(self) -> Scan:
        """The scanned paper of a 書類(写し)."""
        return scan_of(self.page, self.order)


def check_may(desk: Desk, order: PrintOrder) -> None:
    """Raises Forbidden for who may not print, or not read what the order wants on the sheet."""
    desk.require(Permission.PRINT)
    if order.sheet in (DEPOSIT_RECEIPT, SCANS):
        desk.require(Permission.READ_DOCUMENTS)
    if order.tells_sensitive:
        desk.require(Permission.READ_SENSITIVE)


def chosen(page: Page, order: PrintOrder) -> list[Held]:
    """The policies that an order is about: one, or all."""
    return [held for held in page.policies if order.policy in ("", held.id.hex())]


def receipt(page: Page, order: PrintOrder) -> HeldDeposit:
    """The receipt that an order is about; raises NotFound."""
    found = next((held for held in page.deposits if held.id.hex() == order.deposit), None)
    if found is None:
        raise NotFound("not-found")
    return found


def taken_by(act: Act, page: Page, order: PrintOrder) -> str:
    """Who took in the papers that an order is about; "" for another sheet."""
    if order.sheet != DEPOSIT_RECEIPT:
        return ""
    return office.name_of(act, bytes.fromhex(receipt(page, order).deposit.person))


def names_on(page: Page, order: PrintOrder) -> LedgerNames:
    """What the ledger names of a sheet, of one policy, receipt or paper also which. Raises NotFound, Refused."""
    names = names_of(order, page.client)
    if order.sheet == DEPOSIT_RECEIPT:
        return replace(names, description=number_text(receipt(page, order).deposit.number))
    if order.sheet == SCANS:
        return replace(names, description=scan_of(page, order).told)
    if order.sheet != POLICY_DETAIL:
        return names
    about = chosen(page, order)
    if not about:
        raise NotFound("not-found") if order.policy else Refused("print-no-policy")
    policy = about[0].policy
    told = f"{policy.insurer} {policy.kind} {policy.policy_number}" if order.policy else ""
    return replace(names, description=told)


def names_of(order: PrintOrder | OfficeOrder, record: Client | None = None) -> LedgerNames:
    """What the ledger names of an order."""
    return LedgerNames(client=record.name if record else "", addressee=order.addressee, place=order.place)


# --- versions


def written(act: Act, page: Page, order: PrintOrder) -> Written:
    """The versions that the sheet of an order tells of."""
    if order.sheet == CLIENT_CARD:
        return of_client(act, page.id)
    return of_policies(act, page.id, chosen(page, order)) if order.sheet == POLICY_DETAIL else {}


def of_client(act: Act, client: bytes) -> dict[bytes, list[Version]]:
    """The newest versions of the client's own record, newest first, by its id."""
    return {client: _versions(act, client, client_of(act, client)[0])}


def of_policies(act: Act, client: bytes, policies: Iterable[Held]) -> dict[bytes, list[Version]]:
    """The same of some of his policies."""
    newest = {each.row.id: each for each in act.read(client, [POLICY])}
    return {held.id: _versions(act, client, newest[held.id]) for held in policies}


def _versions(act: Act, client: bytes, newest: Opened) -> list[Version]:
    row = newest.row
    earlier = act.read_earlier(client, row.id, row.kind, TOLD_VERSIONS) if row.version > 1 else []
    return [_version(act, each) for each in (newest, *earlier)]


def _version(act: Act, found: Opened) -> Version:
    record = opened_client(found) if found.row.kind in KINDS else payloads.decode(found.payload, Policy)
    return Version(found.row.version, found.row.changed, office.name_of(act, found.author), record)
