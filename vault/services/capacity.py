"""How many more policies may be registered. Counted where somebody registers one, never at every request, and not by
opening anything."""

from __future__ import annotations

from sqlalchemy import Connection

from vault.domain.capacity import Capacity
from vault.errors import Refused
from vault.services import contract
from vault.services.acts import Act
from vault.services.holdings import POLICY
from vault.services.instance import Instance
from vault.services.operations import in_sight
from vault.storage.database import reading


def counted(instance: Instance, connection: Connection) -> Capacity:
    """The contract's limit, and what there is of it; without a limit nothing is counted.

    What lies in the bin does not count, and always comes back: what waits there for its erasure must not be lost to a
    limit.
    """
    limit = contract.told(instance).policies
    return Capacity(limit, in_sight(connection).get(POLICY, 0)) if limit else Capacity()


def of(act: Act) -> Capacity:
    """The same inside an act."""
    return counted(act.desk.instance, act.connection)


def look(instance: Instance) -> Capacity:
    """The same by itself, for pages that say it before anybody types."""
    with reading(instance.engine) as connection:
        return counted(instance, connection)


def check(act: Act) -> None:
    """Raises Refused("capacity-full") where no new policy may be registered."""
    found = of(act)
    if found.full:
        raise full(found)


def full(found: Capacity) -> Refused:
    """What to say then."""
    return Refused("capacity-full", most=found.limit)
