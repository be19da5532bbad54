"""Real processes, and programs that misbehave in every way the rules name."""

from __future__ import annotations

import os
import platform
import socket
import tempfile
from pathlib import Path

import pytest

from regenesis.answers import Rules, grade, grade_program
from regenesis.types import Verdict

TESTS = "assert double(2) == 4\nassert double(0) == 0"
RIGHT = "def double(x):\n    return 2 * x"


def fenced(program: str, language: str = "python") -> str:
    return f"Here it is:\n```{language}\n{program}\n```\nIt doubles."


def outcome(verdict: Verdict) -> tuple[str, str]:
    return verdict.status, verdict.rule


@pytest.mark.parametrize(
    "response",
    [
        fenced(RIGHT),
        fenced(RIGHT, ""),
        fenced(RIGHT, "Python"),
        RIGHT,
        f"<think>{fenced('def double(x): return 0')}</think>{fenced(RIGHT)}",
        fenced("def double(x): return 0") + fenced(RIGHT),
        fenced(RIGHT) + "It prints:\n```\n4\n```",
        "1. Like so:\n   ```python\n   def double(x):\n       return 2 * x\n   ```",
        fenced("def double(x): return x << 1 if 8 >> 1 else 0"),
        fenced("print('x' * 1_000_000)\n" + RIGHT),
        fenced("import dataclasses, collections, enum, typing, heapq, itertools, re, decimal, random\n" + RIGHT),
        fenced(RIGHT + "\nif __name__ == '__main__':\n    print(double(int(input())))"),
    ],
)
def test_a_right_program_passes(response: str) -> None:
    assert outcome(grade_program(response, TESTS)) == ("correct", "program-passed")


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("def double(x): return 3 * x", "the tests raised AssertionError"),
        ("def triple(x): return 3 * x", "the tests raised NameError"),
        ("def double(x): return double(x)", "the tests raised RecursionError"),
        ("1 / 0", "the program raised ZeroDivisionError"),
        ("def double(x) return", "the program is not valid Python (SyntaxError)"),
        ("input()", "the program raised EOFError"),
        ("import numpy", "the program raised ModuleNotFoundError"),
        ("class E(Exception): pass\nE.__name__ = 'tests x\\n' * 99\nraise E", "the program raised tests x"),
    ],
)
def test_a_wrong_program_fails_and_the_reason_says_where(program: str, reason: str) -> None:
    verdict = grade_program(fenced(program), TESTS)
    assert outcome(verdict) == ("incorrect", "program-failed")
    assert verdict.reason == reason


@pytest.mark.parametrize(
    "forgery",
    [
        "import sys; sys.exit(0)",
        "import os; os._exit(0)",
        "def double(x): raise SystemExit(0)",
        "import os\ndef double(x): os._exit(0)",
        "import os\nfor fd in range(32):\n  try: os.write(fd, b'0' * 32 + b'\\n')\n  except OSError: pass\nos._exit(0)",
        "import builtins, os\nbuiltins.exec = lambda *_: None\nos.read = lambda *_: b''",
        "import os, signal; signal.raise_signal(signal.SIGKILL)",
    ],
)
def test_an_end_before_the_tests_are_done_is_no_success(forgery: str) -> None:
    assert outcome(grade_program(fenced(forgery), TESTS)) == ("incorrect", "program-failed")


@pytest.mark.parametrize(
    "program",
    [
        "while True: pass",
        "import time; time.sleep(60)",
        "while True:\n  try:\n    while True: pass\n  except BaseException: pass",
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: pass",
    ],
)
def test_a_program_without_end_is_stopped(program: str) -> None:
    assert outcome(grade_program(fenced(program), TESTS, seconds=0.7)) == ("incorrect", "program-time")


@pytest.mark.parametrize("program", ["x = bytearray(2**31)", "x = []\nwhile True: x.append(bytearray(2**24))"])
def test_memory_is_limited(program: str) -> None:
    assert outcome(grade_program(fenced(program), TESTS, memory=2**28)) == ("incorrect", "program-memory")


@pytest.mark.parametrize(
    ("program", "errors"),
    [
        ("import os; os.fork()", ["PermissionError"]),
        ("import os; os.system('true')", ["PermissionError"]),
        ("import os; os.execv('/bin/true', ['true'])", ["PermissionError"]),
        ("import os; os.kill(os.getppid(), 0)", ["PermissionError"]),
        ("import subprocess; subprocess.run(['true'])", ["ImportError", "ModuleNotFoundError"]),
        ("import ctypes", ["ImportError", "ModuleNotFoundError"]),
        ("import socket; socket.socket()", ["PermissionError"]),
        ("open('/etc/passwd').read()", ["PermissionError"]),
        ("import os; open(f'/proc/{os.getppid()}/environ').read()", ["PermissionError"]),
        ("open('job.json').read()", ["PermissionError"]),
        ("import os; open(os.__file__ + '/../../../../../../etc/passwd')", ["PermissionError"]),
        ("import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (9, 9))", ["PermissionError"]),
    ],
)
def test_what_is_refused_raises(program: str, errors: list[str]) -> None:
    verdict = grade_program(fenced(program), TESTS)
    assert verdict.reason in [f"the program raised {error}" for error in errors]


def test_nothing_outside_is_written_or_removed(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("as it was")
    for attempt in (f"open({str(kept)!r}, 'w')", f"os.remove({str(kept)!r})", f"os.mkdir({str(tmp_path / 'new')!r})"):
        verdict = grade_program(fenced(f"import os\n{attempt}"), TESTS)
        assert verdict.reason == "the program raised PermissionError"
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert kept.read_text() == "as it was"


def test_a_connection_is_refused_though_somebody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        port = server.getsockname()[1]
        verdict = grade_program(fenced(f"import socket; socket.create_connection(('127.0.0.1', {port}))"), TESTS)
        with pytest.raises(TimeoutError):
            server.accept()
    assert verdict.reason == "the program raised PermissionError"


def test_the_environment_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "secret")
    program = "import os\nassert not [name for name in os.environ if name != 'LC_CTYPE'], 'not empty'\n" + RIGHT
    assert grade_program(fenced(program), TESTS).correct


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    open_before = len(os.listdir("/dev/fd"))
    grade_program(fenced(RIGHT), TESTS)
    grade_program(fenced("while True: pass"), TESTS, seconds=0.5)
    assert list(tmp_path.iterdir()) == []
    assert len(os.listdir("/dev/fd")) == open_before


@pytest.mark.parametrize(
    ("response", "rule"),
    [
        ("", "no-program"),
        ("I cannot write this one.", "no-program"),
        (fenced("   "), "no-program"),
        (fenced("4", "text"), "no-program"),
        ("def double(x): return '\ud800'", "no-program"),
        ("x = '\x00'", "no-program"),
        ("```python\n" + RIGHT, "no-program"),
        ("<think>" + fenced(RIGHT), "open-think"),
    ],
)
def test_without_a_program_there_is_nothing_to_run(response: str, rule: str) -> None:
    assert outcome(grade_program(response, TESTS)) == ("unparsed", rule)


@pytest.mark.parametrize("tests", ["", " \n", "assert double(2) =="])
def test_tests_that_are_none_are_the_questions_fault(tests: str) -> None:
    assert outcome(grade_program(fenced(RIGHT), tests)) == ("unparsed", "bad-gold")


def test_no_time_to_start_is_not_held_against_the_program() -> None:
    assert outcome(grade_program(fenced(RIGHT), TESTS, seconds=0.0)) == ("unparsed", "not-run")


@pytest.mark.parametrize("response", ["```python\n" * 50_000, "```" * 200_000, "(" * 100_000, "-" * 200_000 + "1"])
def test_text_meant_to_hurt_is_never_correct(response: str) -> None:
    assert not grade_program(response, TESTS).correct


def test_programs_are_off_by_default() -> None:
    verdict = grade(fenced(RIGHT), TESTS, kind="code")
    assert outcome(verdict) == ("unparsed", "code")
    assert "grade_program" in verdict.reason
    assert "run model-written programs" in verdict.reason


@pytest.mark.parametrize(("area", "status"), [("math.pi * r * r", "correct"), ("3 * r * r", "incorrect")])
def test_a_rule_turns_programs_on_for_rows_with_tests(area: str, status: str) -> None:
    row = {"test_imports": ["import math"], "test_list": ["assert math.isclose(area(1), math.pi)"]}
    gold = "\n".join(row["test_imports"] + row["test_list"])
    response = fenced(f"import math\ndef area(r):\n    return {area}")
    assert grade(response, gold, kind="code", rules=Rules(run_programs=True)).status == status


WITHOUT_THE_HOOK = "import sys\nsys._getframe(1).f_globals['_REFUSED'] = ('nothing',)\n"
"""Turns off what the interpreter refuses by itself; what the kernel refuses is left."""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the filter of system calls is for x86-64")
@pytest.mark.parametrize(
    "attempt",
    [
        "os.system('touch {0}') and 1 / 0",
        "os.mknod('{0}')",
        "os.close(os.open('{0}', os.O_WRONLY | os.O_CREAT))",
        "os.symlink('/', '{0}')",
        "os.kill(os.getppid(), 9)",
        "os.pidfd_open(os.getppid())",
        "os.fork()",
        "os.execv('/bin/true', ['true'])",
        "os.open('/proc/1/environ', os.O_RDONLY)",
        "os.open('/etc/passwd', os.O_RDONLY)",
        "del sys.modules['_socket']; import _socket; _socket.socket()",
    ],
)
def test_without_the_hook_the_kernel_still_refuses(tmp_path: Path, attempt: str) -> None:
    program = f"{WITHOUT_THE_HOOK}import os, sys\n{attempt.format(tmp_path / 'mark')}\n{RIGHT}"
    assert not grade_program(fenced(program), TESTS).correct
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "forgery",
    [
        "import os\nt = os.read(3, 100)\nos.write(4, t + b'\\n')\nos._exit(0)",
        "import os\ndef double(x):\n    os.write(4, os.read(3, 100) + b'\\n')\n    os._exit(0)",
    ],
)
def test_a_program_that_makes_up_its_success_fails(forgery: str) -> None:
    verdict = grade_program(fenced(forgery), TESTS)
    assert outcome(verdict) == ("incorrect", "program-failed")
