"""gunicorn's config while the whole of it is measured: memory is noted, and a rested worker is replaced at once.

No thread or timer is added.
"""

from __future__ import annotations

from vault.cli.bench_memory import note_memory
from vault.services import instance

__all__ = ["note_memory"]

# As soon as it is measured the instance has rested for long enough: nobody wants to wait five minutes for a figure.
instance.REST_SECONDS = 2.0
