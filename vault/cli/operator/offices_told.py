"""Where the register and what runs on the host do not say the same."""

from __future__ import annotations

from collections.abc import Iterator

from vault import catalogue
from vault.domain.capacity import word_of
from vault.services.operator.registering import Book
from vault.storage.host import offices
from vault.storage.host.layout import Host

_ = catalogue.load("ja").gettext


def differing(host: Host, book: Book) -> list[str]:
    """A sentence for each difference."""
    return list(_differing(host, book))


def _differing(host: Host, book: Book) -> Iterator[str]:
    for office in offices.every(host):
        contract = book.of_office(office.name)
        if contract is None:
            yield _("事務所 %(name)s の契約が台帳にありません。") % {"name": office.name}
        elif contract.limit != office.policies:
            facts = {"name": office.name, "agreed": contract.policies, "told": word_of(office.policies) or office.policies}
            yield _("事務所 %(name)s の上限は、台帳では%(agreed)s、事務所には%(told)sと伝えています。") % facts
        if contract is not None and contract.web_address and contract.web_address != office.address:
            facts = {"name": office.name, "agreed": contract.web_address, "told": office.address}
            yield _("事務所 %(name)s のアドレスは、台帳では%(agreed)s、ホストでは%(told)sです。") % facts
