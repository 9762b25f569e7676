"""What a browser says it is, as a first name for a device that people then rename."""

from __future__ import annotations

SYSTEMS = (("Windows", "Windows"), ("iPad", "iPad"), ("iPhone", "iPhone"), ("Android", "Android"), ("CrOS", "Chromebook"),
           ("Mac OS X", "Mac"), ("Linux", "Linux"))  # fmt: skip
# Chrome's name stands in the text of all that are built on it, Safari's in nearly everybody's.
BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))


def device_name(user_agent: str) -> str:
    """「Windows Edge」 and the like; empty when nothing is recognised."""
    found = [next((name for mark, name in known if mark in user_agent), "") for known in (SYSTEMS, BROWSERS)]
    return " ".join(filter(None, found))
