"""A run whose process is killed again and again, over real HTTP."""

from __future__ import annotations

import json
import random
import signal
from pathlib import Path

import pytest
from tests.e2e.conftest import CommandLine, Reference, recorded, wait_for_lines
from tests.fixtures.script import digest
from tests.fixtures.scripted_server import server_process
from tests.helpers.runs import toy_mapping, train_bytes

KILLS = 10


def sent(log: Path) -> list[bytes]:
    return [digest(json.loads(line)) for line in log.read_bytes().splitlines()]


@pytest.mark.timeout(280)
def test_killed_at_many_moments_nothing_recorded_is_sent_again_and_the_data_set_is_the_same(
    tmp_path: Path, reference: Reference, command_line: CommandLine
) -> None:
    run, log, drawn = tmp_path / "run", tmp_path / "requests.jsonl", random.Random(11)
    held_after: list[tuple[int, set[bytes]]] = []
    server = ("--play", "arithmetic", "--delay", "0.002:0.03", "--fault-rate", "0.1", "--log", str(log))
    with server_process(*server) as url:
        mapping = toy_mapping(reference.file, url, engine={"max_in_flight": 6})
        for _ in range(KILLS):
            before = len(sent(log)) if log.exists() else 0
            with command_line(run, mapping) as process:
                assert wait_for_lines(log, before + drawn.randint(1, 22), process), process.communicate()
                process.send_signal(signal.SIGKILL)
                process.wait()
            held_after.append((len(sent(log)), recorded(run)))
        with command_line(run, mapping) as process:
            printed, complaints = process.communicate(timeout=120)
            assert process.returncode == 0, complaints

    requests = sent(log)
    for position, held in held_after:
        assert not held & set(requests[position:])
    assert [len(held) for _, held in held_after] == sorted(len(held) for _, held in held_after)
    assert len(held_after[-1][1]) > 20
    assert set(requests) == recorded(run)
    assert len(recorded(run)) == reference.requests
    assert train_bytes(run) == reference.train
    assert "kept" in printed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_ends_at_once_says_how_to_go_on_and_loses_nothing(
    tmp_path: Path, reference: Reference, command_line: CommandLine, number: signal.Signals
) -> None:
    run, log = tmp_path / "run", tmp_path / "requests.jsonl"
    with server_process("--play", "arithmetic", "--delay", "0.005:0.05", "--log", str(log)) as url:
        mapping = toy_mapping(reference.file, url)
        with command_line(run, mapping) as process:
            assert wait_for_lines(log, 60, process)
            process.send_signal(number)
            printed, complaints = process.communicate(timeout=30)
        assert process.returncode == 128 + number
        assert "Traceback" not in complaints
        assert "never awaited" not in complaints
        assert "Resume with" in printed
        assert f"--run-dir {run}" in printed
        position, held = len(sent(log)), recorded(run)
        assert len(held) > 30
        with command_line(run, mapping) as process:
            _, complaints = process.communicate(timeout=120)
            assert process.returncode == 0, complaints
    assert not held & set(sent(log)[position:])
    assert train_bytes(run) == reference.train


def test_two_processes_on_one_run_are_kept_apart(
    tmp_path: Path, reference: Reference, command_line: CommandLine
) -> None:
    run, log = tmp_path / "run", tmp_path / "requests.jsonl"
    with server_process("--play", "arithmetic", "--delay", "0.05:0.5", "--log", str(log)) as url:
        mapping = toy_mapping(reference.file, url)
        with command_line(run, mapping) as first:
            assert wait_for_lines(log, 5, first)
            with command_line(run, mapping) as second:
                _, complaints = second.communicate(timeout=60)
            assert second.returncode == 1
            assert f"another process (pid {first.pid})" in complaints.replace("\n", " ")
            assert first.poll() is None
