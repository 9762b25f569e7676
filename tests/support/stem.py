"""Commands as processes of their own that need not load the program first: they part from one process that has loaded it.

    code, out, err = stem.run("kura", ["status", "--folder", "x"], {"PATH": "/bin"}, typed="")

Such a process begins as `python -P -m vault.cli.kura` does: its own number, surroundings, folder, open files and umask, and
a program that has done nothing yet. That the program loads at all is shown by those who start it whole (`tests/cli`).
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = {"kura": "vault.cli.kura", "kura-operator": "vault.cli.operator.main"}
_BYTES = 1 << 17


def run(
    program: str, arguments: Sequence[str], environment: Mapping[str, str], typed: str = "", folder: Path | None = None,
    seconds: float = 300.0,
) -> tuple[int, str, str]:
    """One command to its end: (status as of `subprocess`, what it said, what it said on the error output).

    Raises subprocess.TimeoutExpired when it takes longer; it is killed then.
    """
    order = {"program": program, "arguments": list(arguments), "environment": dict(environment), "folder": str(folder or ROOT)}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, _typed(typed) as given:
        code = _ended(order, [given, out, err], seconds)
        return code, _whole(out), _whole(err)


def _typed(text: str) -> IO[bytes]:
    """A pipe with it, and its end after that: less than a pipe holds."""
    read, write = os.pipe()
    with open(write, "wb") as file:
        file.write(text.encode())
    return open(read, "rb")


def _whole(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def _ended(order: dict[str, Any], handles: list[IO[bytes]], seconds: float) -> int:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
        line.connect(_stem(os.getpid()))
        socket.send_fds(line, [json.dumps(order).encode()], [handle.fileno() for handle in handles])
        line.settimeout(seconds)
        number = int(line.recv(64))
        try:
            return int(line.recv(64))
        except TimeoutError:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
            raise subprocess.TimeoutExpired(order["arguments"], seconds) from None


@cache
def _stem(_process: int) -> str:
    """The address of the process they part from; it ends with the process of the tests that asks for it first."""
    address = f"\0kura-tests-{os.urandom(8).hex()}"
    surroundings = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "PYTHONHASHSEED": "random"}
    words = [sys.executable, "-P", "-m", "tests.support.stem", address.removeprefix("\0"), str(os.getpid())]
    process = subprocess.Popen(words, env=surroundings, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    atexit.register(process.communicate)  # the end of its input ends it
    return address


# --- the process itself


def serve(address: str, parent: int) -> None:
    """Lets commands part from here for as long as whoever asks is there."""
    for module in PROGRAMS.values():
        import_module(module)
    for module, _told in import_module(PROGRAMS["kura-operator"]).COMMANDS.values():
        import_module(f"vault.cli.operator.{module}")
    gc.freeze()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(f"\0{address}")
        listening.listen(64)
        print("ready", flush=True)
        while os.getppid() == parent:  # whoever was killed may have left its end of the input to others
            _reap()
            found, _, _ = select.select([0, listening.fileno()], [], [], 5)
            if 0 in found:
                break
            if found:
                _part(listening.accept()[0], listening)
    _reap()


def _reap() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _part(line: socket.socket, listening: socket.socket) -> None:
    """In a process that waits for the command and tells how it ended."""
    with line:
        if os.fork():
            return
        listening.close()
        line.setblocking(True)
        said, handles, _flags, _address = socket.recv_fds(line, _BYTES, 3)
        child = os.fork()
        if child == 0:
            line.close()
            _become(json.loads(said), handles)
        with suppress(BrokenPipeError):  # whoever asked is gone
            line.send(str(child).encode())
            line.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
        os._exit(0)


def _become(order: dict[str, Any], handles: list[int]) -> None:
    """What an interpreter does before and after the program."""
    code = 1
    try:
        for at, handle in enumerate(handles):
            os.dup2(handle, at)
            os.close(handle)
        sys.stdin, sys.stdout, sys.stderr = (os.fdopen(at, mode, encoding="utf-8") for at, mode in enumerate("rww"))
        os.environ.clear()
        os.environ.update(order["environment"])
        os.chdir(order["folder"])
        time.tzset()
        sys.argv = [order["program"], *order["arguments"]]
        import_module(PROGRAMS[order["program"]]).main(prog_name=order["program"])
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:  # noqa: BLE001 - as the interpreter does at the end of a program
        import traceback

        traceback.print_exc()
    finally:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
