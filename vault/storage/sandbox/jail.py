"""What the child gives up before it looks at the first foreign byte. Nothing of it can be taken back.

Three locks, each enough for most attacks: limits of the system on memory, time, files and processes; Landlock, by which no
file but the system's fonts can be opened and none written; seccomp, by which sockets, processes and other processes' memory
do not exist. Where Landlock or seccomp cannot be had nothing is redrawn at all.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import struct
from pathlib import Path
from typing import Any

from vault.errors import Refused

# PDFium draws text whose font is not in the file with the system's, and looks for them when it meets the first such text.
FONTS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_OPEN_FILES = 32

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
_VERSION, _BENEATH = 1, 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}  # of Landlock's version; 16 from the fifth on
_NET_RIGHTS, _SCOPES = 0b11, 0b11  # bind and connect; abstract sockets and signals
_NET_SINCE, _SCOPES_SINCE = 4, 6

# Reading, memory, time, and the end. Opening and mapping have rules of their own below.
_ALLOWED = (
    "read", "readv", "pread64", "write", "writev", "lseek", "close", "dup", "fstat", "newfstatat", "stat", "lstat", "statx",
    "getdents64", "munmap", "mremap", "brk", "madvise", "futex", "sched_yield", "clock_gettime", "clock_getres",
    "gettimeofday", "time", "getrandom", "getpid", "gettid", "getrusage", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
    "sigaltstack", "restart_syscall", "exit", "exit_group",
)
# Who asks for these has been taken over: no decoder ever does. Whatever else is not allowed is answered with EPERM only,
# because another version of the C library probes for calls that we do not know of, and lives without them.
_FATAL = (
    "execve", "execveat", "fork", "vfork", "clone", "clone3", "socket", "socketpair", "connect", "bind", "listen", "accept",
    "accept4", "sendto", "sendmsg", "sendmmsg", "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_open",
    "pidfd_getfd", "io_uring_setup", "io_uring_enter", "io_uring_register", "kill", "tkill", "tgkill", "userfaultfd", "bpf",
    "perf_event_open", "keyctl", "add_key", "request_key", "mount", "umount2", "pivot_root", "chroot", "unshare", "setns",
    "init_module", "finit_module", "kexec_load", "memfd_create", "open_by_handle_at",
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_EXEC = 4  # PROT_EXEC
# Allowed as long as none of these bits is set in that argument: nothing is opened for writing, no memory made a program.
_WITHOUT = {"open": (1, _WRITING), "openat": (2, _WRITING), "mmap": (2, _EXEC), "mprotect": (2, _EXEC)}


def close(memory: int, seconds: float, file_bytes: int) -> None:
    """Lock this process in for good; raises Refused("sandbox-missing") where the kernel cannot.

    `memory` in bytes for everything but the file, which is mapped; `seconds` of processor time.
    """
    try:
        import pyseccomp  # looks for the system's library, which may be missing: before processes are forbidden
        _limit(memory + file_bytes, seconds)
        _prctl(_PR_SET_DUMPABLE, 0)
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
        _landlock()
        _seccomp(pyseccomp)
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        raise Refused("sandbox-missing") from error


def die_with_parent() -> None:
    """A worker that is killed takes the child along."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _limit(memory: int, seconds: float) -> None:
    whole = max(1, round(seconds))
    for what, most in (
        (resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, whole), (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(what, (most, most))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), "the kernel refused to lock the process in")
    return result


def _prctl(what: int, value: int) -> None:
    zero = ctypes.c_ulong(0)
    _checked(_libc().prctl(what, ctypes.c_ulong(value), zero, zero, zero))


def denied(version: int) -> list[int]:
    """All that Landlock of this version can take away: of files, of the network, of what lies outside."""
    parts = [(1 << _FILE_RIGHTS.get(version, 16)) - 1]
    if version >= _NET_SINCE:
        parts.append(_NET_RIGHTS)
    if version >= _SCOPES_SINCE:
        parts.append(_SCOPES)
    return parts


def _landlock() -> None:
    """No file but the fonts, no port, no signal and no socket outside this process."""
    call = _libc().syscall
    version = _checked(call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(_VERSION)))
    parts = denied(version)
    told = struct.pack(f"={len(parts)}Q", *parts)
    rules = _checked(call(_CREATE_RULESET, told, ctypes.c_size_t(len(told)), ctypes.c_uint(0)))
    for folder in filter(Path.is_dir, FONTS):
        _open_to_reading(rules, folder)
    _checked(call(_RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint(0)))
    os.close(rules)


def _open_to_reading(rules: int, folder: Path) -> None:
    handle = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    told = struct.pack("=Qi", _READ_FILE | _READ_DIR, handle)
    _checked(_libc().syscall(_ADD_RULE, ctypes.c_int(rules), ctypes.c_uint(_BENEATH), told, ctypes.c_uint(0)))
    os.close(handle)


def _seccomp(pyseccomp: Any) -> None:
    rules = pyseccomp.SyscallFilter(pyseccomp.ERRNO(errno.EPERM))
    machine = pyseccomp.system_arch()

    def add(action: int, name: str, *conditions: Any) -> None:
        number = pyseccomp.resolve_syscall(machine, name)
        if number >= 0:  # what this architecture does not have cannot be called
            rules.add_rule(action, number, *conditions)

    for name in _ALLOWED:
        add(pyseccomp.ALLOW, name)
    for name in _FATAL:
        add(pyseccomp.KILL_PROCESS, name)
    for name, (place, forbidden) in _WITHOUT.items():
        add(pyseccomp.ALLOW, name, pyseccomp.Arg(place, pyseccomp.MASKED_EQ, forbidden, 0))
    rules.load()
