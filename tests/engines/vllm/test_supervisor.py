"""The program that ends vLLM with all of its processes, whatever becomes of the driver."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.engines.vllm.conftest import wait_until
from tests.fixtures.fake_vllm import left_over, starts, write_fake_vllm

from regenesis.engines.vllm import supervisor

_DRIVER = "import os, subprocess, sys; subprocess.run([sys.executable, sys.argv[1], str(os.getpid()), *sys.argv[2:]])"


@contextmanager
def driver(environment: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has started a supervisor, which has started the program with its workers."""
    program = write_fake_vllm(environment).with_name("vllm")
    command = [sys.executable, "-c", _DRIVER, supervisor.__file__, str(program), "serve", "m", "--port=0"]
    with subprocess.Popen(command, start_new_session=True) as process:
        try:
            assert wait_until(lambda: bool(starts(environment)))
            yield process
        finally:
            process.kill()


def supervisor_of(process: subprocess.Popen[bytes]) -> int:
    return int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])


def test_nothing_is_left_after_the_driver_is_killed(tmp_path: Path) -> None:
    with driver(tmp_path / "environment") as process:
        assert len(left_over(tmp_path / "environment")) == 3
        process.kill()
        assert wait_until(lambda: left_over(tmp_path / "environment") == [])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_it_ends_all(tmp_path: Path, number: signal.Signals) -> None:
    with driver(tmp_path / "environment") as process:
        os.kill(supervisor_of(process), number)
        assert process.wait(30) == 0
        assert left_over(tmp_path / "environment") == []


def test_when_the_program_dies_its_workers_end_too(tmp_path: Path) -> None:
    with driver(tmp_path / "environment") as process:
        os.kill(starts(tmp_path / "environment")[0].processes[0], signal.SIGKILL)
        assert process.wait(30) == 0
        assert left_over(tmp_path / "environment") == []


def test_when_the_supervisor_itself_is_killed_the_program_is_told_to_end(tmp_path: Path) -> None:
    with driver(tmp_path / "environment") as process:
        main = starts(tmp_path / "environment")[0].processes[0]
        os.kill(supervisor_of(process), signal.SIGKILL)
        assert wait_until(lambda: main not in left_over(tmp_path / "environment"))
        for worker in left_over(tmp_path / "environment"):
            os.kill(worker, signal.SIGKILL)


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    command = [sys.executable, supervisor.__file__, str(os.getpid()), str(tmp_path / "nothing")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, "cannot be started" in ended.stderr) == (127, True)
