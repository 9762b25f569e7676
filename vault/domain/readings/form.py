"""What the policy form takes: which boxes it has for a kind, what each reads, in which order they stand."""

from __future__ import annotations

from vault.domain import fields, kinds_of_field
from vault.domain.policies import choices as c
from vault.domain.policies.kinds import KINDS
from vault.domain.policies.policy import Policy
from vault.domain.values import Unreadable

_NAMES = [field.name for field in fields.fields(Policy)]


def fitting(box: str, kind: str) -> str:
    """The box that `box` speaks of in the form of this kind (empty: any); empty where the form has none."""
    head, _, rest = box.partition("-")
    if not kind:
        return box
    if head not in KINDS[kind].boxes:
        return ""
    return _role(rest.removesuffix("-name"), kind) if head == "roles" else box


def _role(role: str, kind: str) -> str:
    """Whoever gets the money of a life is called otherwise than who gets that of a thing."""
    if role in {c.DEATH_BENEFICIARY, c.RECIPIENT}:
        role = c.RECIPIENT if KINDS[kind].nonlife else c.DEATH_BENEFICIARY
    return f"roles-{role}-name" if role in KINDS[kind].role_names else ""


def readable(box: str, value: str, currency: str) -> bool:
    """Whether the form's own reader takes the value, be it after a question."""
    head, *path = box.split("-")
    found = fields.by_name(Policy)[head]
    if path:
        assert found.of is not None
        found = fields.by_name(found.of)[path[-1]]
    try:
        kinds_of_field.read_value(found, value, currency)
    except Unreadable as refused:
        return refused.means is not None
    return True


def order(box: str) -> tuple[int, str]:
    """For sorting: the kind, which decides the form, then as the form asks; roles as its list has them."""
    head, *path = box.split("-")
    if head == "roles":
        return _NAMES.index(head), f"{c.ROLES.index(path[0]):02d}"
    return (-1 if head == "kind" else _NAMES.index(head)), "-".join(path)
