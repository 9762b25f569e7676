"""An application for gunicorn that notes whatever reaches it: what a proxy lets through, and in which shape.

`HEARD` in its environment names the file; each request is one line of JSON. It has one worker that does one thing at a
time, so a client that holds it keeps everybody waiting.
"""

import json
import os
import time
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

ANSWER = b"answer-of-the-office "
LENGTHS = {"/page": 3, "/long": 32}  # MiB
KEPT = ("REQUEST_METHOD", "RAW_URI", "PATH_INFO", "SCRIPT_NAME", "CONTENT_LENGTH", "wsgi.url_scheme", "REMOTE_USER")


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """`/page` answers with 3 MiB, `/long` with 32, `/drip` with three lines half a second apart, everything else with `heard`."""
    body = environ["wsgi.input"].read()
    said = {name: str(value) for name, value in environ.items() if name.startswith("HTTP_") or name in KEPT}
    with open(os.environ["HEARD"], "a", encoding="utf-8") as file:
        file.write(json.dumps({**said, "body": len(body), "sum": sha256(body).hexdigest()}) + "\n")
    if environ["PATH_INFO"] == "/drip":
        start_response("200 OK", [("Content-Type", "text/html"), ("X-Accel-Buffering", "no")])
        return _drip()
    answer = ANSWER * (LENGTHS.get(environ["PATH_INFO"], 0) * 2**20 // len(ANSWER)) or b"heard"
    start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(answer)))])
    return [answer[at : at + 65536] for at in range(0, len(answer), 65536)]


def _drip() -> Iterator[bytes]:
    for number in range(3):
        yield f"line {number}\n".encode()
        time.sleep(0.5)
