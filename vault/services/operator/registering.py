"""契約の台帳: the operator's contracts, sealed under a passphrase that only he knows.

Particulars of contracts and nothing of what is inside an office. A lost passphrase loses this book and no office: what
runs an office is written down without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date

from vault.crypto.sealed_file import COST, Lock, lock_of, new_lock, open_file, seal_file
from vault.crypto.unlock import Cost
from vault.domain.access import check_password
from vault.domain.operator.contracts import Contract, Ended
from vault.errors import Conflict, Damaged, Malformed, NotFound, NotReady, Refused, WrongCredential
from vault.services import payloads
from vault.storage.host.generations import Generations
from vault.storage.host.layout import Host


@dataclass(frozen=True, kw_only=True)
class Book:
    """The register: contracts that run, by number, and what stays of those that ended, the latest day first."""

    contracts: tuple[Contract, ...] = ()
    ended: tuple[Ended, ...] = ()

    def find(self, number: str) -> Contract:
        """A contract that runs; raises NotFound("contract-unknown")."""
        for each in self.contracts:
            if each.number == number:
                return each
        raise NotFound("contract-unknown", number=number)

    def has_ended(self, number: str) -> bool:
        return any(each.number == number for each in self.ended)

    def of_office(self, office: str) -> Contract | None:
        """The contract of an office on the host, by its short name."""
        return next((each for each in self.contracts if office and each.office == office), None)

    def with_contract(self, contract: Contract) -> Book:
        rest = [each for each in self.contracts if each.number != contract.number]
        return replace(self, contracts=tuple(sorted([*rest, contract], key=lambda each: each.number)))

    def with_end(self, ended: Ended) -> Book:
        """Without anything of a contract but that it has ended."""
        rest = [each for each in self.ended if each.number != ended.number]
        return Book(
            contracts=tuple(each for each in self.contracts if each.number != ended.number),
            ended=tuple(sorted([*rest, ended], key=lambda each: (each.day, each.number), reverse=True)),
        )


@dataclass(frozen=True)
class Verified:
    """What stands on the disk: the number of the newest file, and of the one before (0 where there is none)."""

    generation: int
    earlier: int
    contracts: int
    ended: int


@dataclass
class _Open:
    """The register while nobody else is at it."""

    files: Generations
    lock: Lock
    generation: int
    book: Book

    def write(self, book: Book, alone: bool = False) -> None:
        """`alone`: nothing of what stood there before stays, in neither generation."""
        raw = seal_file(self.lock, self.generation + 1, payloads.encode(book))
        (self.files.write_alone if alone else self.files.write)(raw)


def _files(host: Host) -> Generations:
    return Generations(host.register)


def exists(host: Host) -> bool:
    """Whether this host has a register."""
    return _files(host).newest.exists()


def check_passphrase(passphrase: str) -> str:
    """A new passphrase, if it will do by the rules of people's passwords: 12 characters at least, and none that everybody
    tries. Raises Refused: passphrase-too-short, -too-long, -common."""
    try:
        return check_password(passphrase)
    except Refused as error:
        raise Refused(error.code.replace("password", "passphrase"), **error.facts) from error


def begin(host: Host, passphrase: str, cost: Cost = COST) -> None:
    """An empty register. Raises Refused("register-exists"), and what `check_passphrase` raises."""
    check_passphrase(passphrase)
    files = _files(host)
    with files.alone():
        if files.newest.exists():
            raise Refused("register-exists")
        files.write(seal_file(new_lock(passphrase, cost), 1, payloads.encode(Book())))


def open_register(host: Host, passphrase: str) -> Book:
    """What the register says. Raises NotReady("register-missing"), WrongCredential("register-passphrase"),
    Damaged("register-damaged")."""
    with _opened(host, passphrase) as found:
        return found.book


@contextmanager
def _opened(host: Host, passphrase: str) -> Iterator[_Open]:
    files = _files(host)
    if not files.newest.exists():
        raise NotReady("register-missing")
    with files.alone():
        raw = files.read(files.newest) or b""
        lock = lock_of(raw, passphrase)
        yield _Open(files, lock, *_read(lock, raw))


def _read(lock: Lock, raw: bytes) -> tuple[int, Book]:
    generation, data = open_file(lock, raw)
    try:
        return generation, payloads.decode(data, Book)
    except Malformed as error:
        raise Damaged("register-damaged") from error


# --- changed


def add(host: Host, passphrase: str, contract: Contract) -> None:
    """A new contract. Raises Refused: contract-exists for a number that is or was one, contract-office-taken."""
    with _opened(host, passphrase) as found:
        numbers = {each.number for each in found.book.contracts}
        if contract.number in numbers or found.book.has_ended(contract.number):
            raise Refused("contract-exists", number=contract.number)
        _check_office(found.book, contract)
        found.write(found.book.with_contract(contract))


def change(host: Host, passphrase: str, base: Contract, contract: Contract) -> None:
    """A contract as it is now. Raises NotFound("contract-unknown"), Conflict("contract-changed") where it is not `base`
    any more, and Refused("contract-office-taken")."""
    with _opened(host, passphrase) as found:
        if found.book.find(base.number) != base:
            raise Conflict("contract-changed", number=base.number)
        contract = replace(contract, number=base.number)
        _check_office(found.book, contract)
        found.write(found.book.with_contract(contract))


def _check_office(book: Book, contract: Contract) -> None:
    other = book.of_office(contract.office)
    if other is not None and other.number != contract.number:
        raise Refused("contract-office-taken", office=contract.office, number=other.number)


def close(host: Host, passphrase: str, contract: str, day: date, certificate: str) -> None:
    """A contract has ended: its number, the day and the certificate stay, everything else is gone from both generations.

    Run again it does the same again, for who was killed in between. Raises NotFound("contract-unknown").
    """
    with _opened(host, passphrase) as found:
        if not found.book.has_ended(contract):
            found.book.find(contract)
        found.write(found.book.with_end(Ended(number=contract, day=day, certificate=certificate)), alone=True)


def change_passphrase(host: Host, passphrase: str, new: str, cost: Cost = COST) -> None:
    """Another passphrase; no file that opens with the one before stays. Raises Refused for one that will not do."""
    check_passphrase(new)
    with _opened(host, passphrase) as found:
        if _opens(found.files.read(found.files.newest) or b"", new):
            raise Refused("register-same-passphrase")
        found.lock = new_lock(new, cost, found.lock.id)
        found.write(found.book, alone=True)


def _opens(raw: bytes, passphrase: str) -> bool:
    try:
        lock_of(raw, passphrase)
    except WrongCredential:
        return False
    return True


# --- looked after


def verify(host: Host, passphrase: str) -> Verified:
    """Both files opened. Raises as `open_register`, also for the earlier one."""
    with _opened(host, passphrase) as found:
        raw = found.files.read(found.files.earlier)
        earlier = _read(lock_of(raw, passphrase), raw)[0] if raw is not None else 0
        return Verified(found.generation, earlier, len(found.book.contracts), len(found.book.ended))


def restore(host: Host, passphrase: str, sure: Callable[[Book], bool] = lambda book: True) -> Book:
    """Put the earlier file in the newest one's place, for who has spoiled that or finds it damaged; `sure` is shown it
    and asked. Raises NotReady("register-no-earlier") and as `open_register`."""
    files = _files(host)
    with files.alone():
        raw = files.read(files.earlier)
        if raw is None:
            raise NotReady("register-no-earlier")
        lock = lock_of(raw, passphrase)
        generation, book = _read(lock, raw)
        if not sure(book):
            raise Refused("register-kept")
        # Ahead of what it takes the place of, whatever that said its number was.
        _Open(files, lock, generation + 1, book).write(book, alone=True)
    return book
