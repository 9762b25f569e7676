"""The child process from outside: how it ends, what it leaves behind, how many there are at a time."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.support.redrawn import redrawn, refusal
from tests.support.scans import Pdf, encoded, paper
from vault.errors import Refused, Throttled
from vault.storage import sandbox
from vault.storage.sandbox import LIMITS, permits, process

ROOT = Path(__file__).parents[2]


def test_the_program_itself_never_loads_a_decoder() -> None:
    line = ("import sys; sys.path.insert(0, sys.argv[1]); from vault.storage import sandbox; sandbox.can_read(); "
            "print(sorted({name.split('.')[0] for name in sys.modules} & {'PIL', 'pypdfium2', 'pypdfium2_raw', 'pyseccomp'}))")
    told = subprocess.run([sys.executable, "-I", "-c", line, str(ROOT)], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def children() -> list[int]:
    """Processes below this one."""
    found = []
    for each in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(each.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent == os.getpid():
            found.append(int(each.parent.name))
    return found


def test_closing_early_ends_the_child() -> None:
    before = set(children())
    pdf = Pdf()
    for _ in range(40):
        pdf.page(b"")
    whole = pdf.made()
    with closing(sandbox.redraw([whole], len(whole))) as pages:
        assert next(pages).of == 40
        assert len(set(children()) - before) == 1
    assert set(children()) <= before


def test_an_end_by_mistake_ends_the_child_and_keeps_no_handle() -> None:
    def torn() -> Iterator[bytes]:
        yield b"\xff\xd8\xff"
        raise ValueError("the line dropped")

    before, handles = set(children()), len(os.listdir("/proc/self/fd"))
    with pytest.raises(ValueError, match="dropped"):
        list(sandbox.redraw(torn(), 1000))
    for data in (b"GIF89a", encoded(paper(), "PNG")):
        with pytest.raises(Refused) if data[:3] == b"GIF" else closing(BytesIO()):
            redrawn(data)
    assert set(children()) <= before and len(os.listdir("/proc/self/fd")) == handles


def test_a_child_that_takes_too_long_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "BOOT", "import time; time.sleep(60)")
    before, began = set(children()), time.monotonic()
    assert refusal(encoded(paper(), "PNG"), limits=LIMITS._replace(page_seconds=0.3)).code == "file-too-long"
    assert set(children()) <= before and time.monotonic() - began < 30


def test_time_runs_only_while_the_child_is_waited_for() -> None:
    pdf = Pdf()
    for _ in range(3):
        pdf.page(b"")
    whole = pdf.made()
    pages = sandbox.redraw([whole], len(whole), limits=LIMITS._replace(page_seconds=5, seconds=5))
    first = next(pages)
    threading.Event().wait(0.5)
    assert [first.number, *(page.number for page in pages)] == [1, 2, 3]


def test_two_at_a_time_and_the_third_is_told_to_come_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permits, "WAIT", 0.05)
    data = encoded(paper(), "PNG")
    first, second = (sandbox.redraw([data], len(data), permits=tmp_path / "run") for _ in range(2))
    assert next(first).number == next(second).number == 1
    with pytest.raises(Throttled):
        redrawn(data, permits=tmp_path / "run")
    first.close()
    assert len(redrawn(data, permits=tmp_path / "run")) == 1
    second.close()


def test_nothing_of_an_upload_is_written_to_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    redrawn(encoded(Image.effect_noise((3000, 3000), 80), "PNG"))
    assert list(tmp_path.iterdir()) == []
