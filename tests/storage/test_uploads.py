"""The folder of what is on its way in: whole or not at all, one at a time, gone when it is to be gone."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from vault.errors import NotFound, Throttled, Unwritable
from vault.storage import uploads
from vault.storage.uploads import HELD, UploadFiles

CLIENT, OTHER, UPLOAD, DOCUMENT = (bytes([n]) * 16 for n in range(1, 5))
DAY = 24 * 60 * 60


@pytest.fixture
def files(tmp_path: Path) -> UploadFiles:
    return UploadFiles(tmp_path / "data" / "uploads")


def all_files(files: UploadFiles) -> set[str]:
    return {str(path.relative_to(files.folder)) for path in files.folder.rglob("*") if path.is_file()}


def test_what_was_written_is_read_and_again_takes_its_place(files: UploadFiles) -> None:
    files.write(CLIENT, UPLOAD, "1", b"sealed")
    files.write(CLIENT, UPLOAD, "1", b"sealed again")
    assert files.read(CLIENT, UPLOAD, "1") == b"sealed again"
    assert files.names(CLIENT, UPLOAD) == {"1"}
    for client, upload, name in ((OTHER, UPLOAD, "1"), (CLIENT, DOCUMENT, "1"), (CLIENT, UPLOAD, "2")):
        with pytest.raises(NotFound):
            files.read(client, upload, name)


def test_nobody_else_on_the_machine_can_enter(files: UploadFiles) -> None:
    files.write(CLIENT, UPLOAD, "1", b"sealed")
    for path in [files.folder, *files.folder.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_new_folder_is_durable_before_a_row_can_name_what_is_in_it(
    files: UploadFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut takes names back whose folder was not synced, and with a folder's name all that is in it."""
    synced: list[Path] = []
    real = os.fsync

    def noting(handle: int) -> None:
        synced.append(Path(os.readlink(f"/proc/self/fd/{handle}")))
        real(handle)

    files.folder.parent.mkdir(parents=True)
    monkeypatch.setattr(os, "fsync", noting)
    files.write(CLIENT, DOCUMENT, f"{HELD}0", b"sealed")
    place = files.folder / CLIENT.hex() / DOCUMENT.hex()
    assert {files.folder.parent, files.folder, place.parent, place} <= set(synced)


def test_a_half_written_file_is_no_file(files: UploadFiles) -> None:
    files.write(CLIENT, UPLOAD, "1", b"sealed")
    (files.folder / CLIENT.hex() / UPLOAD.hex() / ".2.99.part").write_bytes(b"half")
    assert files.names(CLIENT, UPLOAD) == {"1"}
    assert dict(files.of_client(CLIENT)) == {UPLOAD: {"1"}}


def test_what_lies_there_that_is_none_of_ours_is_passed_over(files: UploadFiles) -> None:
    files.write(CLIENT, UPLOAD, "1", b"sealed")
    (files.folder / CLIENT.hex() / "lost+found").mkdir()
    assert [upload for upload, _ in files.of_client(CLIENT)] == [UPLOAD]
    assert list(files.of_client(OTHER)) == []


def test_pieces_count_and_held_pages_do_not(files: UploadFiles) -> None:
    assert files.arriving() == 0
    files.write(CLIENT, UPLOAD, "1", bytes(100))
    files.write(OTHER, UPLOAD, "1", bytes(10))
    files.write(CLIENT, DOCUMENT, f"{HELD}0", bytes(1000))
    assert files.arriving() == 110


def test_the_last_file_takes_its_folders_along(files: UploadFiles) -> None:
    files.write(CLIENT, DOCUMENT, f"{HELD}0", b"a")
    files.write(CLIENT, DOCUMENT, f"{HELD}3", b"b")
    files.remove(CLIENT, DOCUMENT, f"{HELD}0")
    assert files.names(CLIENT, DOCUMENT) == {f"{HELD}3"}
    files.remove(CLIENT, DOCUMENT, f"{HELD}3")
    assert list(files.folder.iterdir()) == []
    files.remove(CLIENT, DOCUMENT, f"{HELD}3")  # gone already


def test_an_upload_goes_alone_and_a_client_goes_with_all_of_his(files: UploadFiles) -> None:
    for client, upload in ((CLIENT, UPLOAD), (CLIENT, DOCUMENT), (OTHER, UPLOAD)):
        files.write(client, upload, "1", b"sealed")
    files.drop(CLIENT, UPLOAD)
    assert all_files(files) == {f"{CLIENT.hex()}/{DOCUMENT.hex()}/1", f"{OTHER.hex()}/{UPLOAD.hex()}/1"}
    files.drop_client(CLIENT)
    assert all_files(files) == {f"{OTHER.hex()}/{UPLOAD.hex()}/1"}
    files.drop(OTHER, UPLOAD)
    files.drop(OTHER, UPLOAD)
    assert list(files.folder.iterdir()) == []


def test_what_is_dropped_while_pieces_arrive_is_no_failure(files: UploadFiles) -> None:
    """Somebody gives up while his browser is still sending."""
    over, faults = threading.Event(), []

    def send() -> None:
        while not over.is_set():
            try:
                files.write(CLIENT, UPLOAD, "1", bytes(1000))
            except Unwritable:
                continue  # its folder went in between: the browser is told, and has given up anyway
            except Exception as error:  # noqa: BLE001 - told below
                faults.append(error)

    sender = threading.Thread(target=send)
    sender.start()
    for _ in range(100):
        files.drop(CLIENT, UPLOAD)
    over.set()
    sender.join()
    assert faults == []
    files.drop_client(CLIENT)
    assert all_files(files) == set()


def test_the_same_piece_sent_twice_at_once_is_one_of_the_two_and_whole(files: UploadFiles) -> None:
    """A worker has several threads: a connection drops, and the browser sends again before the first one has noticed."""
    sent, faults = [bytes([n]) * 200_000 for n in range(4)], []

    def send(piece: bytes) -> None:
        try:
            for _ in range(10):
                files.write(CLIENT, UPLOAD, "1", piece)
                assert files.read(CLIENT, UPLOAD, "1") in sent
        except BaseException as error:  # noqa: BLE001 - told below
            faults.append(error)

    senders = [threading.Thread(target=send, args=(piece,)) for piece in sent]
    for each in senders:
        each.start()
    for each in senders:
        each.join()
    assert faults == []


def test_what_cannot_be_removed_is_said(files: UploadFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write(CLIENT, UPLOAD, "1", b"sealed")
    monkeypatch.setattr(uploads.shutil, "rmtree", lambda path, ignore_errors: None)
    with pytest.raises(Unwritable):
        files.drop(CLIENT, UPLOAD)


def test_only_what_nobody_has_touched_for_long_is_swept_and_held_pages_wait_longer(files: UploadFiles) -> None:
    now = time.time()
    for days, upload, name in ((0.9, UPLOAD, "1"), (1.1, UPLOAD, "2"), (29, DOCUMENT, f"{HELD}1"), (31, DOCUMENT, f"{HELD}2")):
        files.write(CLIENT, upload, name, b"sealed")
        path = files.folder / CLIENT.hex() / upload.hex() / name
        os.utime(path, (now - days * DAY, now - days * DAY))
    files.write(OTHER, UPLOAD, "1", b"sealed")
    left = files.folder / OTHER.hex() / UPLOAD.hex() / ".1.99.part"
    left.write_bytes(b"half")
    for path in (left, left.with_name("1")):
        os.utime(path, (now - 2 * DAY, now - 2 * DAY))
    files.sweep(now)
    assert files.names(CLIENT, UPLOAD) == {"1"} and files.names(CLIENT, DOCUMENT) == {f"{HELD}1"}
    assert not (files.folder / OTHER.hex()).exists()


def test_one_at_a_time_over_all_processes(files: UploadFiles) -> None:
    files.write(CLIENT, UPLOAD, "order", b"sealed")
    other = (
        "import sys; from pathlib import Path; from vault.storage.uploads import UploadFiles\n"
        "from vault.errors import Throttled\n"
        "try:\n with UploadFiles(Path(sys.argv[1])).alone(bytes.fromhex(sys.argv[2]), bytes.fromhex(sys.argv[3]), 'order'):\n"
        "  print('in')\nexcept Throttled:\n print('busy')"
    )
    command = [sys.executable, "-c", other, str(files.folder), CLIENT.hex(), UPLOAD.hex()]
    with files.alone(CLIENT, UPLOAD, "order"):
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "busy\n"
        with pytest.raises(Throttled), files.alone(CLIENT, UPLOAD, "order"):
            pass
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "in\n"
    with pytest.raises(NotFound), files.alone(CLIENT, DOCUMENT, "order"):
        pass


def test_who_comes_after_the_end_finds_nothing(files: UploadFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opened before it was dropped, locked after: the lock is one on a file that has no name any more."""
    files.write(CLIENT, UPLOAD, "order", b"sealed")

    def meanwhile(handle: int, exclusive: bool, seconds: float) -> bool:
        files.drop(CLIENT, UPLOAD)
        return True

    monkeypatch.setattr(uploads, "take_lock", meanwhile)
    with pytest.raises(NotFound), files.alone(CLIENT, UPLOAD, "order"):
        pytest.fail("this upload has ended")


@pytest.mark.parametrize("call", ["write", "fsync", "replace", "mkdir"])
def test_a_disk_that_takes_nothing_is_said_and_leaves_no_half_file(
    call: str, files: UploadFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, call, refuses)
        with pytest.raises(Unwritable):
            files.write(CLIENT, UPLOAD, "1", b"sealed")
    assert not files.folder.exists() or all_files(files) == set()
    files.write(CLIENT, UPLOAD, "1", b"sealed")
    assert files.read(CLIENT, UPLOAD, "1") == b"sealed"
