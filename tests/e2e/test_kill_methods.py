"""Runs of every other method whose process is killed again and again, over real HTTP where the method asks."""

from __future__ import annotations

import asyncio
import json
import random
import signal
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import CommandLine, recorded, wait_for_lines
from tests.fixtures.script import digest
from tests.fixtures.scripted_server import server_process
from tests.helpers.runs import toy_mapping, train_bytes, write_questions, write_solved_questions

from regenesis.config import config_from_mapping
from regenesis.runs import synthesize

KILLS = 3
DRAWN: dict[str, Any] = {"samples": 6, "sampling": {"temperature": 0.7}}
METHODS: dict[str, dict[str, Any]] = {
    "rejection": {**DRAWN, "wave": 2, "keep": 2},
    "star": {**DRAWN, "samples": 2, "wave": 1, "rationalisations": 2},
    "lmsi": {**DRAWN, "min_votes": 1},
}


def mapping_of(file: Path, url: str, name: str) -> dict[str, Any]:
    mapping = toy_mapping(file, url, engine={"max_in_flight": 4}, curation={"min_tokens": 0})
    return mapping | {"method": {"name": name, **METHODS.get(name, {})}}


@pytest.mark.timeout(280)
@pytest.mark.parametrize("name", METHODS)
def test_killed_at_many_moments_nothing_recorded_is_sent_again_and_the_bytes_are_the_same(
    tmp_path: Path, command_line: CommandLine, name: str
) -> None:
    run, log, drawn = tmp_path / "run", tmp_path / "requests.jsonl", random.Random(name)
    file = write_questions(tmp_path, 14)
    with server_process("--play", "arithmetic") as url:
        undisturbed = asyncio.run(synthesize(config_from_mapping(mapping_of(file, url, name)), tmp_path / "whole"))
    assert undisturbed.complete
    # more than one stage of a chain, and more than one wave, so that there is something to come back to
    assert undisturbed.requests_sent > 14

    def sent() -> list[bytes]:
        return [digest(json.loads(line)) for line in log.read_bytes().splitlines()] if log.exists() else []

    held_after: list[tuple[int, set[bytes]]] = []
    with server_process("--play", "arithmetic", "--delay", "0.002:0.03", "--log", str(log)) as url:
        mapping = mapping_of(file, url, name)
        for _ in range(KILLS):
            more = drawn.randint(1, undisturbed.requests_sent // KILLS)
            with command_line(run, mapping) as process:
                wait_for_lines(log, len(sent()) + more, process)
                process.send_signal(signal.SIGKILL)
                process.wait()
            held_after.append((len(sent()), recorded(run)))
        with command_line(run, mapping) as process:
            _, complaints = process.communicate(timeout=120)
            assert process.returncode == 0, complaints

    requests = sent()
    for position, held in held_after:
        assert not held & set(requests[position:])
    assert set(requests) == recorded(run)
    assert len(recorded(run)) == undisturbed.requests_sent
    assert train_bytes(run) == train_bytes(tmp_path / "whole") != b""


def test_worked_solutions_killed_at_many_moments_give_the_same_bytes(tmp_path: Path, command_line: CommandLine) -> None:
    run, log, drawn = tmp_path / "run", tmp_path / "run" / "log.jsonl", random.Random(5)
    nowhere = "http://127.0.0.1:9/v1"
    mapping = mapping_of(write_solved_questions(tmp_path, 300), nowhere, "gold")
    asyncio.run(synthesize(config_from_mapping(mapping), tmp_path / "whole"))
    for _ in range(KILLS):
        before = log.read_bytes().count(b"\n") if log.exists() else 0
        with command_line(run, mapping) as process:
            wait_for_lines(log, before + drawn.randint(1, 250), process)
            process.send_signal(signal.SIGKILL)
            process.wait()
    with command_line(run, mapping) as process:
        _, complaints = process.communicate(timeout=120)
        assert process.returncode == 0, complaints
    assert train_bytes(run) == train_bytes(tmp_path / "whole") != b""
