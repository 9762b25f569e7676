"""第三者提供の記録: to whom data of a person went, or from whom it came.

個人情報保護法 29条 (提供した側) and 30条 (受けた側) ask for such a record, 28条 for the country where the other side is abroad.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from vault.domain import fields as f
from vault.domain.fields import Fault
from vault.domain.values import TypedDate, add_months

GIVEN, RECEIVED = "提供", "受領"
CONSENTS = ("書面で同意", "電磁的方法で同意", "口頭で同意(録音あり)", "法令に基づくため同意は不要", "その他")
# So long such a record is kept at least.
YEARS = 3


@dataclass(frozen=True, kw_only=True)
class Provision:
    """Data given to a third party, or received from one.

    `consent` is how the person's consent was got, `obtained` how the giver had come by the data, `country` stands only
    where the other side is abroad, with `informed` for what the person was told of that country.
    """

    direction: str = f.choice(GIVEN, RECEIVED, required=True)
    day: TypedDate = f.day(required=True)
    party: str = f.name(required=True)
    address: str = f.text(max_length=300)
    representative: str = f.name()
    whose: str = f.text(required=True, max_length=400)
    items: str = f.text(required=True, max_length=400)
    consent: str = f.text(max_length=120, choices=CONSENTS)
    obtained: str = f.long(max_length=1000)
    country: str = f.text(max_length=60)
    informed: str = f.long(max_length=1000)
    handler: str = f.name(required=True)
    notes: str = f.long(max_length=1000)

    @property
    def keep_until(self) -> date:
        """Until when it has to be kept at least."""
        return add_months(self.day.value, 12 * YEARS)

    def faults(self) -> Iterator[tuple[str, Fault]]:
        if not self.consent:
            yield "consent", Fault("provision-without-consent", ask=True)
        if self.direction == RECEIVED and not self.obtained:
            yield "obtained", Fault("obtained-missing", ask=True)
        if self.country and not self.informed:
            yield "informed", Fault("informed-missing", ask=True)
