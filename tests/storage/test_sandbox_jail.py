"""The jail from within: in place of the decoders runs what an attacker would run, and is refused each time.

The child is the real one, started by the real parent; only the function that decodes is replaced. A guard is taken out in
turn too: then the same attack succeeds, so that a jail which no longer holds would be seen here.
"""

import os
import platform
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.scans import encoded, paper
from vault.errors import Refused
from vault.storage import sandbox
from vault.storage.sandbox import jail, process
from vault.storage.sandbox.orders import Order

SECRET = b"the secret of another client"
# `said` comes back as the text of a word.
BOOT = """
import sys; sys.path.insert(0, sys.argv[1])
import ctypes, mmap, os, resource, signal, socket, struct, subprocess, threading
from PIL import Image
from vault.domain.scans import Word
from vault.storage.sandbox import child, drawn, jail
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    result = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(each) for each in arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return result
{before}
def attack(file):
{attack}
def pages(file, data, order, read):
    try:
        said = attack(file)
    except MemoryError:
        raise
    except OSError as error:
        said = f"refused{{error.errno}}"
    except Exception as error:
        said = repr(error)
    yield drawn.page(Image.new("L", (400, 400)), 1, 1, [Word(str(said or "done"), 0, 0, 10, 10)])
child._pages = pages
child.main(int(sys.argv[2]))
"""
EPERM, EACCES, KILLED = "refused1", "refused13", "killed"
Attack = Callable[..., str]


@pytest.fixture
def attack(monkeypatch: pytest.MonkeyPatch) -> Attack:
    """Runs a line in the decoder's place: what it says, "refused<errno>", or "killed"."""
    def run(line: str, before: str = "") -> str:
        body = "\n".join(f"    {each}" for each in line.splitlines())
        monkeypatch.setattr(process, "BOOT", BOOT.format(before=before, attack=body))
        data = encoded(paper(), "PNG")
        with process.child(Order(), [data], len(data)) as child:
            try:
                (page,) = child.pages()
            except Refused as error:
                return KILLED if child.reap() == -signal.SIGSYS else error.code
        return page.words[0].text
    return run


def test_what_is_run_here_runs_and_says_what_it_finds(attack: Attack) -> None:
    assert attack("return 'here'") == "here"
    assert attack("return os.listdir('/usr/share/fonts') and 'fonts'") in ("fonts", "refused2")


@pytest.mark.parametrize("line", [
    "open('/etc/passwd').read()", "open('/proc/self/maps').read()", "open('/proc/1/environ').read()",
    "open('/proc/self/mem', 'rb')", "open('/dev/zero', 'rb')", "os.listdir('/')", "os.listdir('/proc')", "os.listdir('/dev/shm')",
    "open('/usr/share/fonts/../../../etc/passwd')", "open('/proc/self/root/etc/passwd')", "open(sys.executable, 'rb')",
    "open('/sys/kernel/mm/transparent_hugepage/enabled')", "open('/proc/sys/kernel/hostname')",
])
def test_no_file_but_the_fonts_can_be_read(line: str, attack: Attack) -> None:
    assert attack(line) == EACCES


def test_no_file_of_the_instance_can_be_read(attack: Attack, tmp_path: Path) -> None:
    place = tmp_path / "kura.db"
    place.write_bytes(SECRET)
    assert attack(f"return open({str(place)!r}).read()") == EACCES
    assert attack(f"return open({str(place)!r}).read()", "jail._landlock = lambda: None") == SECRET.decode()


@pytest.mark.parametrize("line", [
    "open({0!r}, 'wb')", "open({0!r}, 'ab')", "os.open({0!r}, os.O_RDWR)", "os.open({0!r}, os.O_CREAT)", "os.unlink({0!r})",
    "os.mkdir({0!r} + '2')", "os.rename({0!r}, {0!r} + '2')", "os.symlink('/etc', {0!r} + '2')", "os.link({0!r}, {0!r} + '2')",
    "os.chmod({0!r}, 0o777)", "os.chown({0!r}, 1, 1)", "os.truncate({0!r}, 0)", "os.utime({0!r})", "os.mkfifo({0!r} + '2')",
    "os.setxattr({0!r}, 'user.a', b'b')", "os.chdir('/usr')", "os.rmdir({0!r})",
])
def test_nothing_can_be_written_or_moved(line: str, attack: Attack, tmp_path: Path) -> None:
    place = tmp_path / "note"
    place.write_bytes(SECRET)
    assert attack(line.format(str(place))) in (EPERM, EACCES)
    assert place.read_bytes() == SECRET and [each.name for each in tmp_path.iterdir()] == ["note"]


def test_without_both_locks_it_could_be_written(attack: Attack, tmp_path: Path) -> None:
    place = tmp_path / "note"
    assert attack(f"open({str(place)!r}, 'wb')", "jail._landlock = lambda: None") == EPERM
    assert attack(f"open({str(place)!r}, 'wb')", "jail._seccomp = lambda library: None") == EACCES
    both = "jail._landlock = lambda: None\njail._seccomp = lambda library: None"
    assert attack(f"open({str(place)!r}, 'wb')", both) == "done"
    assert attack(f"open({str(place)!r}, 'wb', buffering=0).write(b'x')", both) == "refused27"  # the limit on files


@pytest.mark.parametrize("line", [
    "socket.socket(socket.AF_INET)", "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)", "socket.socket(socket.AF_UNIX)",
    "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)", "socket.socketpair()",
    "os.fork()", "os.system('id')", "os.execv('/bin/true', ['true'])",
    "os.posix_spawn('/bin/true', ['true'], {})", "threading.Thread(target=print).start()", "os.kill(1, 0)",
    "os.kill(os.getpid(), signal.SIGTERM)", "os.killpg(0, signal.SIGCONT)", "os.pidfd_open(1)", "os.memfd_create('a')",
    "libc.ptrace(0, 0, 0, 0)", "libc.ptrace(16, os.getpid(), 0, 0)", "libc.unshare(0x10000000)", "libc.setns(0, 0)",
    "libc.mount(b'/', b'/', b'', 4096, None)", "libc.process_vm_readv(1, None, 0, None, 0, 0)", "libc.bind(0, None, 0)",
    "libc.sendto(0, b'', 0, 0, None, 0)", "libc.chroot(b'/')", "call(425, 8, 0)", "call(426, 0, 0, 0, 0, 0)", "call(438, 0, 0, 0)",
])
def test_sockets_processes_and_foreign_memory_end_the_process(line: str, attack: Attack) -> None:
    assert attack(line) == KILLED


def test_who_started_us_cannot_even_be_asked(attack: Attack) -> None:
    assert attack("return os.getppid()") == "-1"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="numbers of this architecture")
@pytest.mark.parametrize("number", [321, 323, 298, 250, 248, 304, 175, 246])
def test_the_kernels_odd_corners_end_the_process_too(number: int, attack: Attack) -> None:
    assert attack(f"call({number}, 0, 0, 0, 0)") == KILLED


@pytest.mark.skipif(platform.machine() != "x86_64", reason="numbers of this architecture")
def test_the_second_table_of_calls_is_closed(attack: Attack) -> None:
    assert attack("call(0x40000000 + 2, 0, 0, 0)") in (KILLED, EPERM, "refused38")


def test_without_seccomp_there_would_be_sockets_and_processes(attack: Attack) -> None:
    open_door = "jail._seccomp = lambda library: None"
    assert attack("socket.socket(socket.AF_INET)", open_door) == "done"
    assert attack("return os.getppid()", open_door) == str(os.getpid())
    # Landlock alone still lets no signal out and no port be reached, where the kernel knows these rules.
    assert attack("os.kill(os.getppid(), 0)", open_door) in (EPERM, "done")


def test_without_seccomp_landlock_lets_no_connection_out(attack: Attack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        line = f"socket.socket().connect(('127.0.0.1', {server.getsockname()[1]}))"
        both = "jail._landlock = lambda: None\njail._seccomp = lambda library: None"
        assert attack(line, both) == "done"
        assert attack(line) == KILLED
        assert attack(line, "jail._seccomp = lambda library: None") in (EACCES, "done")


@pytest.mark.parametrize("line", [
    "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)",
    "page = mmap.mmap(-1, 4096)\ncall(10, ctypes.addressof(ctypes.c_char.from_buffer(page)), 4096, 5)",
])
def test_no_memory_becomes_a_program(line: str, attack: Attack) -> None:
    if "call(10" in line and platform.machine() != "x86_64":
        pytest.skip("number of this architecture")
    assert attack(line) == EPERM
    assert attack(line, "jail._seccomp = lambda library: None") == "done"


@pytest.mark.parametrize("line", [
    "libc.prctl(4, 1, 0, 0, 0) and call(157, 4, 1, 0, 0)", "os.setuid(0)", "os.nice(-1)", "os.sched_setaffinity(0, {0})", "os.setsid()",
])
def test_no_bar_can_be_bent(line: str, attack: Attack) -> None:
    if "157" in line and platform.machine() != "x86_64":
        pytest.skip("number of this architecture")
    assert attack(line) == EPERM


def test_a_limit_cannot_be_raised(attack: Attack) -> None:
    assert attack("resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))").startswith("ValueError")


def test_what_the_limits_are(attack: Attack) -> None:
    line = "return '-'.join(str(resource.getrlimit(getattr(resource, 'RLIMIT_' + name))[1]) for name in "
    assert attack(line + "('FSIZE', 'CORE', 'NPROC', 'NOFILE', 'CPU'))", before="jail._seccomp = lambda library: None") == \
        "0-0-0-32-300"


def test_memory_is_bounded(attack: Attack) -> None:
    assert attack("len(bytearray(2 << 30))") == "file-too-heavy"
    assert attack("len(bytearray(2 << 30))", "jail._limit = lambda memory, seconds: None") == "done"


def test_processor_time_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    spin = "import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\nwhile True: pass"
    monkeypatch.setattr(process, "BOOT", spin)
    with pytest.raises(Refused, match="file-too-long|file-too-heavy"):
        list(sandbox.redraw([b"x"], 1))


def test_no_handle_of_ours_comes_along(attack: Attack, tmp_path: Path) -> None:
    place = tmp_path / "journal"
    place.write_bytes(SECRET)
    handle = os.open(place, os.O_RDWR)
    os.set_inheritable(handle, True)
    try:
        found = attack("""held = []
for each in range(1024):
    try:
        os.fstat(each)
    except OSError:
        continue
    if os.fstat(each).st_ino != os.fstat(file.fileno()).st_ino:
        held.append(str(each))
return '-'.join(held)""")
    finally:
        os.close(handle)
    assert found == "0-1-2"


def test_the_upload_itself_cannot_be_changed_from_within(attack: Attack) -> None:
    assert attack("os.write(file.fileno(), b'x')") == "refused27"  # the limit on files comes first
    open_door = "jail._seccomp = lambda library: None\njail._limit = lambda memory, seconds: None"
    assert attack("os.pwrite(file.fileno(), b'x', 0)", open_door) == EPERM
    assert attack("os.ftruncate(file.fileno(), 0)", open_door) == EPERM


def test_nothing_of_our_surroundings_is_told(attack: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KURA_MARK", "tell-nobody")
    places = "{'LC_CTYPE', 'LD_LIBRARY_PATH', 'TESSDATA_PREFIX'}"  # where Tesseract lies, if not where the system has it
    assert attack(f"return ' '.join(sorted(set(os.environ) - {places})) or 'nothing'") == "nothing"
    assert attack("return any('sesame' in each for each in sys.argv) or 'nothing'") == "nothing"


@pytest.mark.parametrize("before", [
    "jail._CREATE_RULESET = 9999", "jail._RESTRICT_SELF = 9999", "sys.modules['pyseccomp'] = None",
    "import pyseccomp\ndef broken(self): raise OSError(22, 'no')\npyseccomp.SyscallFilter.load = broken",
    "jail._PR_SET_NO_NEW_PRIVS = 999", "jail._limit = lambda memory, seconds: resource.setrlimit(99, (0, 0))",
])
def test_without_a_whole_jail_nothing_is_redrawn(before: str, attack: Attack) -> None:
    assert attack("return 'unjailed'", before) == "sandbox-missing"


@pytest.mark.parametrize(("version", "rights"), [(1, [0x1FFF]), (2, [0x3FFF]), (3, [0x7FFF]), (4, [0x7FFF, 3]), (5, [0xFFFF, 3]),
                                                 (6, [0xFFFF, 3, 3]), (9, [0xFFFF, 3, 3])])
def test_each_kernel_is_asked_for_all_that_it_knows(version: int, rights: list[int], attack: Attack) -> None:
    assert jail.denied(version) == rights
    # An older kernel's jail holds as well.
    older = f"jail.denied = lambda version, known=jail.denied: known(min(version, {version}))"
    assert attack("open('/etc/passwd').read()", older) == EACCES


def test_a_worker_that_is_killed_takes_its_child_along(tmp_path: Path) -> None:
    # One that listens to nobody, as a decoder in an endless loop does.
    boot = BOOT.format(before="", attack="    while True: pass")
    worker = f"""import sys; sys.path.insert(0, {str(process.ROOT)!r})
from vault.storage.sandbox import process
from vault.storage.sandbox.orders import Order
process.BOOT = {boot!r}
with process.child(Order(), [b"x"], 1) as child:
    print(child._process.pid, flush=True)
    list(child.pages())
"""
    with subprocess.Popen([sys.executable, "-c", worker], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        while "R" not in Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1] or not locked_in(child):
            time.sleep(0.01)
        parent.kill()
    until = time.monotonic() + 5
    while Path(f"/proc/{child}").exists() and time.monotonic() < until:
        time.sleep(0.01)
    assert not Path(f"/proc/{child}").exists()


def locked_in(process_id: int) -> bool:
    return "Seccomp:\t2" in Path(f"/proc/{process_id}/status").read_text()


def test_the_password_stands_in_no_list_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    started = process.subprocess.Popen

    def noting(arguments: list[str], **more: object) -> object:
        told.extend([arguments, more["env"]])
        return started(arguments, **more)

    monkeypatch.setattr(process.subprocess, "Popen", noting)
    data = encoded(paper(), "PNG")
    list(sandbox.redraw([data], len(data), password="sesame"))
    assert told and "sesame" not in repr(told)
