"""What is worth a look in a recorded policy; none of it changes a total."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from vault.domain.clients import Client
from vault.domain.fields import Fault
from vault.domain.policies import choices as c
from vault.domain.policies.ends import NEVER, cover_end, payment_end
from vault.domain.policies.policy import Policy


def hints(policy: Policy, client: Client | None, today: date) -> Iterator[tuple[str, Fault]]:
    """(field, Fault) pairs: cover-ended, payment-ended, restoration-over, state-date-missing, reason-missing."""
    covered, paid = cover_end(policy, client), payment_end(policy, client)
    if policy.living and covered is not None and covered < today:
        yield "end" if policy.end else "term", Fault("cover-ended", {"day": covered})
    if _still_paying(policy) and paid is not None and paid != NEVER and paid < today and paid != covered:
        yield "payment_term", Fault("payment-ended", {"day": paid})
    if policy.state == c.LAPSED and policy.restorable_until and policy.restorable_until.value < today:
        yield "restorable_until", Fault("restoration-over", {"day": policy.restorable_until.value})
    if policy.state in {c.LAPSED, c.ENDED} and policy.state_date is None:
        yield "state_date", Fault("state-date-missing", {"state": policy.state})
    if policy.state == c.ENDED and not policy.end_reason:
        yield "end_reason", Fault("reason-missing")


def _still_paying(policy: Policy) -> bool:
    return policy.state == c.IN_FORCE and policy.mode in c.PAYMENTS_A_YEAR


def missing_facts(policy: Policy) -> tuple[str, ...]:
    """Boxes that work depends on and nobody filled in, for 「未入力の項目」 in the cross search."""
    wanted = ["product", "original_place", "end" if policy.of_kind.nonlife else "term"]
    if not policy.of_kind.nonlife and policy.mode in c.PAYMENTS_A_YEAR:
        wanted.append("payment_term")
    empty = [name for name in wanted if not getattr(policy, name)]
    if policy.of_kind.section != "損害" and not policy.roles_of(*c.BENEFICIARIES):
        empty.append("roles")
    if not policy.number_folded:
        empty.append("policy_number")
    if not policy.coverages:
        empty.append("coverages")
    return tuple(empty)
