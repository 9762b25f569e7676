"""After the end nothing opens: with every copy somebody took before, every password, device and sheet, and in raw bytes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.endings import SCAN, destroy, furnished, let_go, moved, opener, target_of
from tests.support.offices import SECRETS, Office
from vault.crypto.keystore_form import shred_key_of
from vault.errors import Damaged, KuraError, NotReady, Refused
from vault.services import destroying, packing, unpacking
from vault.services.destroying import Order
from vault.storage import durable, packs, wiping


def test_copies_of_all_but_the_shred_key_open_nothing(office: Office, tmp_path: Path) -> None:
    """Somebody kept database, objects, backups, settings and keystores of before the end."""
    private = furnished(office)
    copy = tmp_path / "thief" / "instance"
    shutil.copytree(office.folder, copy, ignore=lambda place, names: [n for n in names if n.startswith("shred.")])
    destroy(office, Order(private, target_of(office)))
    other = object.__new__(Office)
    other.folder, other.clock, other.facts = copy, office.clock, office.facts
    with pytest.raises((Damaged, NotReady, KuraError)):
        moved(other, copy).sign_in()
    for path in [p for p in copy.rglob("keystore.*") if p.is_file()]:
        assert not any(secret.encode() in path.read_bytes() for secret in SECRETS)


def test_no_byte_of_a_key_or_of_what_was_typed_is_left_around(office: Office) -> None:
    private = furnished(office)
    raw = [path.read_bytes() for path in office.settings.replicas[0].glob("shred.*")]
    needles = [*[each[at : at + 32] for each in raw for at in (0, 4096, 65000)], *[shred_key_of(each) for each in raw],
               office.settings.secret_key, private, private.hex().encode(), SCAN[:32], *[s.encode() for s in SECRETS if len(s) > 3]]  # fmt: skip
    destroy(office, Order(private, target_of(office)))
    assert list(wiping.search(office.folder.parent, tuple(needles), [])) == []


def test_a_shred_key_is_overwritten_in_place_before_it_goes(office: Office) -> None:
    private = furnished(office)
    replica = office.settings.replicas[1]
    [path] = list(replica.glob("shred.*"))
    other = office.folder.parent / "same inode"
    other.hardlink_to(path)
    before = other.read_bytes()
    destroy(office, Order(private, target_of(office)))
    assert other.read_bytes() != before and len(other.read_bytes()) == len(before)


def test_links_out_of_the_folder_are_not_followed(office: Office, tmp_path: Path) -> None:
    private = furnished(office)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "letter.txt").write_text("dear")
    (office.folder / "objects" / "link").symlink_to(outside)
    (office.folder / "backups" / "objects" / "link.txt").symlink_to(outside / "letter.txt")
    destroy(office, Order(private, target_of(office)))
    assert (outside / "letter.txt").read_text() == "dear" and not office.folder.exists()


def test_another_offices_backups_in_the_same_place_stay(office: Office, other_office: Office) -> None:
    """The disk of backups was exchanged for another office's: it is owed, not emptied."""
    private = furnished(office)
    shutil.rmtree(office.settings.backups)
    (office.settings.backups / "20261101-010000").mkdir(parents=True)
    (office.settings.backups / "20261101-010000" / "kura.db").write_bytes(b"theirs")
    durable.write_whole(office.settings.backups / "place", other_office.settings.office + bytes(16))
    path = office.folder / "settings.toml"
    outside = office.folder.parent / "disk"
    shutil.move(office.settings.backups, outside)
    path.write_text(path.read_text() + f'backups = "{outside}"\n')
    with pytest.raises(Refused) as refused:
        destroy(office, Order(private, target_of(office)))
    assert refused.value.code == "ending-owed" and (outside / "20261101-010000" / "kura.db").exists()


def test_another_operators_key_finishes_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    private = furnished(office)
    with monkeypatch.context() as patched:
        patched.setattr(destroying, "_sign", lambda *given: (_ for _ in ()).throw(Refused("ending-left")))
        with pytest.raises(Refused):
            destroy(office, Order(private, target_of(office)))
    with pytest.raises(Refused) as refused:
        destroy(office, Order(bytes(32), target_of(office)))
    assert refused.value.code == "operator-key-other" and not target_of(office).exists()
    destroy(office, Order(private, target_of(office)))


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "", "."])
def test_a_pack_cannot_write_outside_its_folder(office: Office, tmp_path: Path, name: str) -> None:
    import os

    source, key = tmp_path / "evil.pack", bytes(range(32))
    handle = os.open(source, os.O_WRONLY | os.O_CREAT, 0o600)
    packer = packs.Packer(handle, key, office.settings.office, bytes(16))
    packer.add(name, [b"evil"])
    packer.finish(packs.Manifest(office.settings.office, 1, (0, b""), (0, 0, b""), (), packer.files))
    os.close(handle)
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises((Damaged, KuraError)):
        packs.unpack(source, key, target)
    assert not (tmp_path / "evil").exists() and list(target.iterdir()) == []


def test_a_pack_of_another_office_does_not_pass_for_this_one(office: Office, other_office: Office) -> None:
    """The office's id in the clear head is part of what every piece is bound to."""
    furnished(office)
    target = office.folder.parent / "office.pack"
    worker = office.worker()
    code = packing.pack(worker, target).code
    worker.engine.dispose()
    let_go(office)
    raw = target.read_bytes()
    at = len(packs.MAGIC)
    target.write_bytes(raw[:at] + other_office.settings.office + raw[at + 16 :])
    with pytest.raises(Damaged):
        unpacking.unpack(target, code, office.folder.parent / "new", None, opener(office))
