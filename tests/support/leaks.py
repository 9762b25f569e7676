"""Searches files for words that must not lie there in the clear, in every form in which they could.

A search that finds nothing proves something only if it would have found it: `search` first plants its forms in a
scratch folder and fails unless each is found.
"""

import base64
import gzip
import json
import sqlite3
import struct
import tempfile
import unicodedata
import urllib.parse
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "cp932", "euc-jp")
# Every first byte pair zlib writes for its usual window; a zip member's stream has no head of its own.
ZLIB_HEADS = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
GZIP_HEAD = b"\x1f\x8b\x08"
ZIP_HEAD = b"PK\x03\x04"
SQLITE_HEAD = b"SQLite format 3\0"
# Streams within streams deeper than this are not what a program writes by itself.
DEPTH = 3
CHUNK = 4096
LARGEST_STREAM = 64 << 20


@dataclass(frozen=True)
class Leak:
    path: Path
    marker: str
    form: str

    def __str__(self) -> str:
        return f"{self.path}: {self.marker!r} as {self.form}"


def _forms(marker: str) -> Iterator[tuple[str, bytes]]:
    for shape in dict.fromkeys((marker, unicodedata.normalize("NFC", marker), unicodedata.normalize("NFD", marker))):
        for encoding in ENCODINGS:
            try:
                yield encoding, shape.encode(encoding)
            except UnicodeEncodeError:
                continue
    raw = marker.encode()
    yield "percent", urllib.parse.quote(marker).encode()
    yield "json", json.dumps(marker)[1:-1].encode()
    yield "hex", raw.hex().encode()
    for shift in range(3):
        # Whole groups only: the first and last characters depend on the neighbours.
        text = base64.b64encode(b"\0" * shift + raw)
        core = text[(4 if shift else 0):len(text) - (len(raw) + shift) % 3 - 4]
        if len(core) >= 8:
            yield "base64", core
            yield "base64", core.translate(bytes.maketrans(b"+/", b"-_"))


def _inflated(data: bytes, start: int, window: int) -> bytes:
    """What the stream at `start` unpacks to, as far as it is sound; empty if there is none."""
    reader = zlib.decompressobj(window)
    out = bytearray()
    for position in range(start, len(data), CHUNK):
        chunk = data[position:position + CHUNK]
        before = reader.copy()
        try:
            out += reader.decompress(chunk)
        except zlib.error:
            out += _up_to_the_fault(before, chunk)
            break
        if reader.eof or len(out) > LARGEST_STREAM:
            break
    return bytes(out)


def _up_to_the_fault(reader: "zlib._Decompress", chunk: bytes) -> bytes:
    """A stream cut by a crash or partly overwritten still tells its beginning, but zlib drops it with the chunk."""
    out = bytearray()
    try:
        for at in range(len(chunk)):
            out += reader.decompress(chunk[at:at + 1])
    except zlib.error:
        pass
    return bytes(out)


def _starts(data: bytes, head: bytes) -> Iterator[int]:
    at = data.find(head)
    while at >= 0:
        yield at
        at = data.find(head, at + 1)


def _streams(data: bytes) -> Iterator[tuple[str, bytes]]:
    for head in ZLIB_HEADS:
        for at in _starts(data, head):
            yield "zlib", _inflated(data, at, zlib.MAX_WBITS)
    for at in _starts(data, GZIP_HEAD):
        yield "gzip", _inflated(data, at, zlib.MAX_WBITS | 16)
    for at in _starts(data, ZIP_HEAD):
        if at + 30 <= len(data):
            name, extra = struct.unpack_from("<HH", data, at + 26)
            yield "zip", _inflated(data, at + 30 + name + extra, -zlib.MAX_WBITS)


def _in_bytes(data: bytes, markers: Iterable[str], depth: int = DEPTH) -> Iterator[tuple[str, str]]:
    for marker in markers:
        for form, needle in _forms(marker):
            if needle in data:
                yield marker, form
    if depth:
        for kind, inner in _streams(data):
            if inner:
                for marker, form in _in_bytes(inner, markers, depth - 1):
                    yield marker, f"{form} in {kind}"


def _values(database: Path) -> Iterator[bytes]:
    """Every value as SQLite reads it: a long one is spread over pages, so that the raw file holds it in pieces.

    A copy is opened, with its WAL, because opening changes files.
    """
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "copy"
        for ending in ("", "-wal"):
            source = database.with_name(database.name + ending)
            if source.exists():
                copy.with_name("copy" + ending).write_bytes(source.read_bytes())
        connection = sqlite3.connect(copy)
        connection.text_factory = bytes
        try:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (table,) in tables:
                quoted = table.decode().replace('"', '""')
                for row in connection.execute(f'SELECT * FROM "{quoted}"'):
                    yield from (value for value in row if isinstance(value, bytes))
        except sqlite3.DatabaseError:
            return
        finally:
            connection.close()


def in_file(path: Path, markers: Iterable[str]) -> set[Leak]:
    """What leaks from the content or the name of one file."""
    data = path.read_bytes()
    wanted = tuple(markers)
    found = {Leak(path, marker, form) for marker, form in _in_bytes(data, wanted)}
    found |= {Leak(path, marker, "file name") for marker in wanted if marker in path.name}
    if data.startswith(SQLITE_HEAD):
        joined = b"\0".join(_values(path))
        found |= {Leak(path, marker, f"{form} in a SQLite value") for marker, form in _in_bytes(joined, wanted)}
    return found


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


def search(folders: Iterable[Path], markers: Iterable[str]) -> list[Leak]:
    """All leaks in all files below `folders`, after the search has proved itself."""
    prove()
    wanted = tuple(markers)
    found: set[Leak] = set()
    for path in _files(folders):
        try:
            found |= in_file(path, wanted)
        except FileNotFoundError:
            continue  # a running server removes files of its own
    return sorted(found, key=str)


def check(folders: Iterable[Path], markers: Iterable[str]) -> None:
    """Fails with every leak in a line of its own."""
    found = search(folders, markers)
    assert not found, "in the clear:\n" + "\n".join(map(str, found))


PLANTED = "髙橋 花子の証券番号 AB-12345"


def _sqlite(path: Path, wal: bool) -> None:
    """One value longer than a page, so that it is spread; in the main file or, left open long enough, in the WAL."""
    spread = ("埋め草" * 500 + PLANTED) * 3
    source = path.with_name("source")
    connection = sqlite3.connect(source)
    connection.execute(f"PRAGMA journal_mode = {'WAL' if wal else 'DELETE'}")
    connection.execute("CREATE TABLE t (v TEXT)")
    connection.execute("INSERT INTO t VALUES (?)", (spread,))
    connection.commit()
    for ending in ("", "-wal") if wal else ("",):
        path.with_name(path.name + ending).write_bytes(source.with_name("source" + ending).read_bytes())
    connection.close()
    source.unlink()


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", PLANTED)


def _bytes(data: bytes) -> Callable[[Path], None]:
    noise = bytes(range(256)) * 3

    def write(path: Path) -> None:
        path.write_bytes(noise + data + noise)

    return write


def plants() -> dict[str, Callable[[Path], None]]:
    """Form -> what writes `PLANTED` in that form into a path."""
    raw = PLANTED.encode()
    writers = {encoding: _bytes(PLANTED.replace("髙", "高").encode(encoding)) for encoding in ENCODINGS}
    return writers | {
        "zlib": _bytes(zlib.compress(raw)), "zlib fast": _bytes(zlib.compress(raw, 1)),
        "gzip": _bytes(gzip.compress(raw)), "gzip of UTF-16": _bytes(gzip.compress(PLANTED.encode("utf-16"))),
        "gzip in zlib": _bytes(zlib.compress(gzip.compress(raw))), "zip": _zip,
        "cut gzip": _bytes(gzip.compress(raw * 50)[:-20]),
        "percent": _bytes(urllib.parse.quote(PLANTED).encode()), "json": _bytes(json.dumps(PLANTED).encode()),
        "base64": _bytes(base64.b64encode(b"x" + raw + b"yz")), "hex": _bytes(raw.hex().encode()),
        "decomposed": _bytes(unicodedata.normalize("NFD", PLANTED + "ガ").encode()),
        "SQLite": lambda path: _sqlite(path, wal=False), "SQLite WAL": lambda path: _sqlite(path, wal=True),
        "file name": lambda path: path.with_name(PLANTED).touch(),
    }


@cache
def prove() -> None:
    """Fails with the forms that the search would miss."""
    missed = []
    for form, write in plants().items():
        with tempfile.TemporaryDirectory() as scratch:
            write(Path(scratch) / "planted")
            words = (PLANTED, PLANTED.replace("髙", "高"))
            if not any(in_file(path, words) for path in _files([Path(scratch)])):
                missed.append(form)
    assert not missed, f"the search for plaintext does not find: {', '.join(missed)}"
