"""The process in which a model's program and the tests for it run.

    python -I -S -B program_worker.py        # started by `programs`, never by hand, in an empty folder

Takes `job.json` from its folder: `{"program", "tests", "cpu_seconds", "memory"}`; a token waits on standard input.
Writes two lines to standard output: `started`, once it is restricted, and the outcome: the token when the tests have
run to their end, else what went wrong and where, `<stage> <error>`. The token stays unread in its pipe until then, so
that ending early proves nothing. Imports the standard library alone, and no other module of this package.

Before the program is read the process shuts itself in as far as the kernel lets it: namespaces of its own for users,
processes and network, Landlock for files, a seccomp filter for system calls (x86-64). The audit hook stands before
these and says why; where a kernel offers none of them it stands alone, and code that sets out to get round it can.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import resource
import signal
import struct
import sys
import types
from pathlib import Path
from typing import Any

_REFUSED = (
    "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "pty.", "socket.",
    "ctypes.", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.truncate", "os.chmod", "os.chown", "os.chflags",
    "os.link", "os.symlink", "os.utime", "os.kill", "os.setxattr", "os.removexattr", "resource.", "shutil.",
    "tempfile.", "urllib.", "http.", "ftplib.", "smtplib.", "sqlite3.", "syslog.", "webbrowser.", "gc.get_",
    "sys._current_frames", "signal.pthread_kill",
)  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_NAMESPACES = 0x10000000 | 0x20000000 | 0x40000000 | 0x08000000  # users, processes, network, shared memory
_PARENT_DEATH_SIGNAL, _SECCOMP, _NO_NEW_PRIVILEGES = 1, 22, 38
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_EVERY_FILE_RIGHT, _READ_FILE, _READ_FOLDER = (1 << 13) - 1, 1 << 2, 1 << 3
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")
_REFUSED_CALLS = (
    *range(29, 32),
    41,
    42,
    43,
    *range(44, 60),
    62,
    *range(64, 72),
    76,
    77,
    *range(82, 89),
    *range(90, 96),
    101,
    109,
    112,
    133,
    155,
    160,
    161,
    165,
    166,
    169,
    175,
    176,
    200,
    234,
    241,
    *range(248, 251),
    258,
    259,
    260,
    *range(263, 267),
    268,
    272,
    280,
    285,
    288,
    298,
    307,
    308,
    310,
    311,
    313,
    316,
    319,
    321,
    322,
    323,
    424,
    425,
    426,
    427,
    434,
    435,
    437,
    438,
    452,
)  # x86-64: shared memory, sockets, fork and exec, kill, renaming and removing, owners and modes, ptrace, namespaces, …
_UNIMPORTABLE = ("ctypes", "_posixsubprocess", "_ctypes", "_dbm", "_gdbm")  # what these do, the audit hook does not see
_READABLE = tuple(os.path.realpath(folder) + os.sep for folder in sys.path)


def main() -> None:
    # kept here: nothing the program puts in place of these is used afterwards
    read, write, execute, leave = os.read, os.write, exec, os._exit
    token, outcome = _private_pipes()
    job = json.loads(Path("job.json").read_bytes())
    Path("job.json").unlink()
    _confine()
    module = types.ModuleType("program")
    _limit(job["cpu_seconds"], job["memory"])
    sys.modules.update(dict.fromkeys(_UNIMPORTABLE))  # type: ignore[arg-type]  # None: cannot be imported
    sys.addaudithook(_refuse)
    write(outcome, b"started\n")
    stage = "tests-syntax"
    try:
        tests = compile(job["tests"], "<tests>", "exec", dont_inherit=True)
        stage = "program-syntax"
        program = compile(job["program"], "<program>", "exec", dont_inherit=True)
        sys.modules["program"] = sys.modules["__main__"] = module
        stage = "program"
        execute(program, module.__dict__)
        stage = "tests"
        execute(tests, module.__dict__)
    except BaseException as error:  # noqa: BLE001 - whatever foreign code raises, SystemExit too, is the outcome
        line = f"{stage} {type(error).__name__}"[:200].encode("ascii", "replace")
    else:
        line = read(token, 100)
    write(outcome, line + b"\n")
    leave(0)


def _confine() -> None:
    """Shuts at the kernel what can be shut there; what a kernel does not offer is left to the audit hook."""
    libc = ctypes.CDLL(None, use_errno=True)
    _die_with_parent(libc)
    if libc.unshare(_NAMESPACES) == 0:
        # only a child is inside the new process namespace; there it sees no process but itself
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            os._exit(0)
        _die_with_parent(libc)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    _show_python_alone(libc)
    _filter_calls(libc)


def _die_with_parent(libc: ctypes.CDLL) -> None:
    libc.prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def _show_python_alone(libc: ctypes.CDLL) -> None:
    """Landlock: files of Python and shared libraries can be read, and no other file by any way."""
    ruleset = libc.syscall(_LANDLOCK_CREATE, struct.pack("Q", _EVERY_FILE_RIGHT), 8, 0)
    if ruleset < 0:
        return
    for path in (*_READABLE, *_LIBRARIES):
        if os.path.exists(path):
            beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
            rights = _READ_FILE | (_READ_FOLDER if os.path.isdir(path) else 0)
            libc.syscall(_LANDLOCK_ADD, ruleset, 1, struct.pack("=Qi", rights, beneath), 0)
            os.close(beneath)
    libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0)
    os.close(ruleset)


def _filter_calls(libc: ctypes.CDLL) -> None:
    """seccomp: system calls that start, signal or look into processes, open sockets or change files are refused."""
    if platform.machine() != "x86_64":
        return
    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, refuse, kill = 0x7FFF0000, 0x00050001, 0x80000000
    program = [(load, 0, 0, 4), (equal, 1, 0, 0xC000003E), (give, 0, 0, kill), (load, 0, 0, 0)]
    program += [(at_least, 0, 1, 0x40000000), (give, 0, 0, refuse)]
    for number in _REFUSED_CALLS:
        program += [(equal, 0, 1, number), (give, 0, 0, refuse)]
    for number, flags_at in ((2, 24), (257, 32)):  # open, openat: refused if they may write
        program += [(equal, 0, 4, number), (load, 0, 0, flags_at), (any_bit, 0, 1, _WRITING), (give, 0, 0, refuse)]
        program += [(give, 0, 0, allow)]
    program += [(give, 0, 0, allow)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in program))
    libc.prctl(_SECCOMP, 2, ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code))))


def _private_pipes() -> tuple[int, int]:
    """Moves the token's and the outcome's pipe away from where a program would read and print."""
    token, outcome = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)
    return token, outcome


def _limit(cpu_seconds: int, memory: int) -> None:
    for kind, limit in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 32),
        (resource.RLIMIT_NPROC, 0),  # no effect on root, for whom the audit hook alone refuses
    ):
        resource.setrlimit(kind, (limit, limit))


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        path, _, flags = arguments
        if not isinstance(path, str | bytes) or (isinstance(flags, int) and flags & _WRITING) or not _readable(path):
            raise PermissionError(f"opening {path!r} is refused")
    elif event.startswith(_REFUSED):
        raise PermissionError(f"{event} is refused")


def _readable(path: str | bytes) -> bool:
    """Whether a file belongs to Python itself: no other may be read, /proc and a user's keys least of all."""
    return os.path.realpath(os.fsdecode(path)).startswith(_READABLE)


if __name__ == "__main__":
    main()
