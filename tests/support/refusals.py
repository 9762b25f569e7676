"""What is refused, and by which code."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from vault.errors import Refused


def refused(code: str, act: Callable[[], object]) -> Refused:
    """The refusal of an act that has to end in one of this code."""
    with pytest.raises(Refused) as caught:
        act()
    assert caught.value.code == code
    return caught.value
