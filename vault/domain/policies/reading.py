"""From a typed form to a policy of a client, and back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

from vault.domain import fields
from vault.domain.clients import Client, Household, name_to_type, named
from vault.domain.fields import Fault, Reading
from vault.domain.policies.checks import contradictions, missing
from vault.domain.policies.kinds import KINDS
from vault.domain.policies.policy import Policy
from vault.domain.policies.rows import CLIENT_ITSELF, Role
from vault.domain.values import fold


def read_policy(
    form: Mapping[str, Any],
    *,
    client: Client,
    others: Iterable[Policy] = (),
    confirmed: Collection[str] = (),
    before: Policy | None = None,
) -> Reading[Policy]:
    """Read a form, find the named people among the client's, and check the whole.

    `others` are the policies already recorded, without the one being edited: a number is not recorded twice
    unawares. What `before` was already asked about is not asked again.
    """
    others = tuple(others)
    record, found = _read(form, client, others)
    answered: Mapping[str, Fault] = {}
    if before is not None and any(fault.ask for fault in found.values()):
        earlier = typed_policy(before, client)
        answered = fields.answered(form, earlier, _read(earlier, client, others)[1])
    return fields.settle(record, found, confirmed, answered)


def _read(
    form: Mapping[str, Any], client: Client, others: tuple[Policy, ...]
) -> tuple[Policy | None, dict[str, Fault]]:
    reader: fields.Reader[Policy] = fields.Reader(Policy, form)
    for path, fault in missing(form):
        reader.fault(path, fault)
    whole = reader if reader.record is not None else fields.Rough(Policy, form)
    if whole.record is None or whole.record.kind not in KINDS:
        return None, reader.found
    policy, faults = _with_members(whole.record, client)
    for path, fault in chain(faults, contradictions(policy, client, others)):
        reader.fault(whole.where(path), fault)
    return (policy if whole is reader else None), reader.found


def _with_members(policy: Policy, client: Client) -> tuple[Policy, list[tuple[str, Fault]]]:
    """The policy with the members whom its names mean, and what is to be said of those names."""
    roles, faults = [], []
    for i, role in enumerate(policy.roles):
        member, fault = resolve(role, client)
        roles.append(replace(role, member=member))
        if fault:
            faults.append((f"roles-{i}-name", fault))
    return replace(policy, roles=tuple(roles)), faults


def resolve(role: Role, client: Client) -> tuple[str, Fault | None]:
    """The member's id behind a typed name, `client` for the client itself, empty for anybody else."""
    if role.is_class:
        return "", None
    found = named(client, role.name)
    if len(found) == 1:
        return found[0].id, None
    if found:
        if any(member.id == role.member for member in found):
            return role.member, None
        which = "、".join(name_to_type(client, member) for member in found)
        return "", Fault("name-ambiguous", {"name": role.name, "which": which})
    own = {fold(client.name)} | ({fold(client.trade_name)} if isinstance(client, Household) else set())
    return (CLIENT_ITSELF if fold(role.name) in own else ""), None


def name_of(role: Role, client: Client | None) -> str:
    """The name to show: a member's as it is now, everybody else's as typed."""
    member = client.member(role.member) if client and role.member else None
    return member.name if member else role.name


def typed_policy(policy: Policy, client: Client) -> dict[str, Any]:
    """`fields.typed`, with members by the names they have now, told apart where two share one."""
    roles = tuple(
        replace(role, name=name_to_type(client, member)) if (member := client.member(role.member)) else role
        for role in policy.roles
    )
    return fields.typed(replace(policy, roles=roles))
