"""Verify the access log in a copy of Kura's database, with nothing of Kura: written from SECURITY.md.

    python3 verify_log.py kura.db [--keys keys/a [--office ID]] [--expect NUMBER:HASH]

Names the first bad entry of a log that is not right and ends with 1 then, with 2 if there is no log at all.
--keys: the folder with the note of the head and the keystore, whose own note needs the shred key beside it, the
office's id (on the recovery sheet) and the package `cryptography`. --expect: what an earlier run told.
"""
import argparse
import contextlib
import hashlib
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

SAID = {"edited": "書き換えられています", "missing": "記録が抜き取られています", "cut": "ここから後が切り取られています",
        "inserted": "差し込まれたか、順番が入れ替えられています", "replaced": "控えと違います。ここまでに作り直されています"}
COLUMNS = ("at", "event", "person", "subject", "noted")


def u64(number):
    return number.to_bytes(8, "big")


def value(data, at=0):
    """(value, where it ends) of the codec chapter; fails in some way on what is none."""
    tag, size = data[at:at + 1], int.from_bytes(data[at + 1:at + 5], "big")
    if tag == b"i":
        return int.from_bytes(data[at + 1:at + 9], "big"), at + 9
    at += 5
    if tag in (b"b", b"s"):
        return (data[at:at + size] if tag == b"b" else data[at:at + size].decode()), at + size
    items = []
    for _ in range(size * {b"l": 1, b"d": 2}[tag]):
        item, at = value(data, at)
        items.append(item)
    return (items if tag == b"l" else dict(zip(items[::2], items[1::2], strict=True))), at


def mark(keys, office):
    """What the keystore notes of the log: [position, hash]; None if it does not open."""
    try:
        from cryptography.cobblestone import Cobblestone256Decryptor  # the chain alone needs no package
        epoch, generation = max(tuple(map(int, p.name.split(".")[1:])) for p in keys.glob("keystore.*.*"))
        sealed = (keys / f"keystore.{epoch}.{generation}").read_bytes()
        shred = hashlib.sha256((keys / f"shred.{epoch}").read_bytes()).digest()
        parts = [b"kura/1", u64(1), u64(sealed[1]), office, b"keystore", u64(epoch), u64(generation)]
        context = bytes([len(parts)]) + b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        decryptor = Cobblestone256Decryptor(shred, context)
        plain = decryptor.update(sealed[18:]) + decryptor.finalize()
        return value(plain[8:8 + int.from_bytes(plain[:8], "big")])[0]["mark"]
    except Exception:  # noqa: BLE001 - whatever is wrong with it, there is no note to compare with
        return None


def columns_right(row):
    """Whether the columns that an entry is found by say what its clear part says."""
    try:
        told, end = value(row[1])
        noted = told.get("contents", [b"kura keystore id" if "keystore" in told else None])[0]
        columns = (told["at"], told["event"], told["person"] or None, told["subject"] or None, noted)
        return end == len(row[1]) and columns[-len(row[5:]):] == row[5:]
    except Exception:  # noqa: BLE001 - a clear part that is none may fail in any way
        return False


def follows(row, before, position, other=()):
    """Whether a row is the entry of this position behind an entry of this hash, itself one of bytes."""
    parts = [row[1], row[2] or b"", row[3] or b"", row[4]]
    if position < 1 or any(type(part) is not bytes for part in (before, *parts, *other)) or len(row[4]) != 32:
        return False
    told = b"".join(u64(len(part)) + part for part in parts[:3])
    return hashlib.sha256(b"kura journal" + before + u64(position) + told).digest() == row[4]


def first_fault(database, notes):
    """((position, hash) up to which the log is right, None or (position, kind) of its first bad entry)."""
    there = [column[1] for column in database.execute("PRAGMA table_info(journal)")]
    named = ", ".join(f'"{name}"' for name in COLUMNS if name in there)  # older ones: only the last
    query = f'SELECT position, clear, "key", sealed, hash, {named} FROM journal ORDER BY position'
    last, before = (0, bytes(32)), bytes(32)
    for row in database.execute(query):
        position, expected, hashed = row[0], last[0] + 1, row[4]
        if position != expected:
            return last, ((position, "inserted") if position < expected else (expected, "missing"))
        if not follows(row, last[1], position):
            return last, misfit(database.execute(query), row, last, before)
        if any(note[0] == position and note[1] != hashed for note in notes):
            return last, (position, "replaced")
        if not columns_right(row):
            return last, (position, "edited")
        before, last = last[1], (position, hashed)
    return last, ((last[0] + 1, "cut") if any(note[0] > last[0] for note in notes) else None)


def misfit(rows, row, last, before):
    """What became of the first entry that does not fit the one before it."""
    if row[4] != last[1] and follows(row, before, last[0]):
        return last[0], "inserted"  # the true entry of the place before stands behind a made-up one that fits
    after = None
    for other in rows:
        after = other if after is None and other[0] > row[0] else after
        behind = follows(row, other[4], other[0] + 1, (other[1], other[2] or b"", other[3] or b""))
        if other[0] != row[0] and (behind or follows(other, last[1], row[0])):
            return row[0], "inserted"
    if after and any(follows(after, row[4], after[0] + gone, (row[1], row[2] or b"", row[3] or b"")) for gone in range(1, 20_000)):
        return row[0], "missing"  # both were further on: those before them are gone, these renumbered
    return row[0], "edited"


def read(path, notes, scratch):
    """(number of entries, where the log is right, its fault); with a WAL beside, of a copy in `scratch`."""
    log, place, options = path.with_name(path.name + "-wal"), path.resolve(), "?mode=ro&immutable=1"
    if log.is_file() and log.stat().st_size:
        place, options = Path(scratch, "copy.db"), "?mode=rw"
        shutil.copyfile(path, place)
        shutil.copyfile(log, f"{place}-wal")
    with contextlib.closing(sqlite3.connect(place.as_uri() + options, uri=True)) as database:
        return database.execute("SELECT count(*) FROM journal").fetchone()[0], *first_fault(database, notes)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("database", type=Path)
    parser.add_argument("--keys", type=Path)
    parser.add_argument("--office", type=bytes.fromhex)
    parser.add_argument("--expect", type=lambda t: (int(t.split(":")[0]), bytes.fromhex(t.split(":")[1])))
    asked = parser.parse_args()
    notes = {"expected": asked.expect} if asked.expect else {}
    head = asked.keys and asked.keys / "head"
    if head and head.is_file() and len(raw := head.read_bytes()) == 40:
        notes["head"] = (int.from_bytes(raw[:8], "big"), raw[8:])
    if asked.keys and asked.office:
        notes["mark"] = mark(asked.keys, asked.office)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            count, last, fault = read(asked.database, [note for note in notes.values() if note], scratch)
    except (OSError, sqlite3.Error) as error:
        sys.exit(print(f"{asked.database}: {error}", file=sys.stderr) or 2)
    print(f"アクセスログの記録 {count}件。比べた控え: {({name: note and note[0] for name, note in notes.items()}) or 'なし'}")
    print(f"{fault[0]}番の記録から正しくありません: {SAID[fault[1]]}" if fault else
          f"正しくつながっています。次の点検で比べるための控え: {last[0]}:{last[1].hex()}")
    sys.exit(1 if fault else 0)


if __name__ == "__main__":
    main()
