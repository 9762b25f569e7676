"""A law holds however busy the machine is: hypothesis does not count seconds here."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("kura", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kura")
