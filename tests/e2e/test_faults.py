"""Whatever the servers do and however many requests are in flight, a run gives one and the same dataset."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import Reference
from tests.fixtures.script import Body, digest, play_arithmetic
from tests.fixtures.scripted_server import ScriptedServer, server_process
from tests.helpers.runs import recorded_keys, toy_config, train_bytes

from regenesis.errors import EngineError
from regenesis.runs import synthesize

PATIENT = {"attempts": 30, "first_wait": 0.005, "longest_wait": 0.05, "circuit_after": 500}
FAULTY = ("--play", "arithmetic", "--fault-rate", "0.2", "--faults", "429,500,cut,broken,hang")


def logged(log: Path) -> int:
    return log.read_bytes().count(b"\n") if log.exists() else 0


async def once(condition: Any, *, patience: int = 6000) -> None:
    """Waits for something to become so."""
    for _ in range(patience):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came to that")


@pytest.mark.parametrize(("in_flight", "servers"), [(1, 1), (7, 2), (64, 1)])
async def test_faults_concurrency_and_the_number_of_servers_change_nothing(
    tmp_path: Path, reference: Reference, in_flight: int, servers: int
) -> None:
    with ExitStack() as stack:
        urls = [stack.enter_context(server_process(*FAULTY, "--seed", str(seed))) for seed in range(servers)]
        engine = {"max_in_flight": in_flight, "timeout": 0.5, "retry": PATIENT}
        report = await synthesize(toy_config(reference.file, urls, engine=engine), tmp_path / "run")
    assert report.complete
    assert report.requests_sent == reference.requests
    assert train_bytes(tmp_path / "run") == reference.train


@pytest.mark.parametrize(("name", "most"), [("requests", 70), ("tokens", 9_000), ("minutes", 0.02)])
async def test_starts_of_small_budgets_come_to_the_same_data_set(
    tmp_path: Path, reference: Reference, name: str, most: float
) -> None:
    run, sent, stops = tmp_path / "run", 0, []
    with server_process("--play", "arithmetic", "--delay", "0.03:0.12") as url:
        for _ in range(100):
            report = await synthesize(toy_config(reference.file, url, budget={name: most}), run)
            sent += report.requests_sent
            assert sent == len(recorded_keys(run))
            if name == "requests":
                assert report.requests_sent <= most
            if report.complete:
                break
            assert report.stopped is not None
            assert name in report.stopped
            stops.append(report.stopped)
    assert report.complete
    assert stops
    assert sent == reference.requests
    assert train_bytes(run) == reference.train


@pytest.mark.parametrize(("name", "zero"), [("requests", 0), ("tokens", 0), ("minutes", 0)])
async def test_a_budget_of_nothing_sends_nothing(tmp_path: Path, reference: Reference, name: str, zero: int) -> None:
    log = tmp_path / "requests.jsonl"
    with server_process("--play", "arithmetic", "--log", str(log)) as url:
        report = await synthesize(toy_config(reference.file, url, budget={name: zero}), tmp_path / "run")
    assert (report.finished, report.requests_sent, logged(log)) == (0, 0, 0)


async def test_a_wrong_key_stops_before_anything_is_asked(tmp_path: Path, reference: Reference) -> None:
    log = tmp_path / "requests.jsonl"
    with server_process("--play", "arithmetic", "--key", "sesame", "--log", str(log)) as url:
        with pytest.raises(EngineError, match="OPENAI_API_KEY"):
            await synthesize(toy_config(reference.file, url), tmp_path / "run")
        assert logged(log) == 0


async def test_a_model_that_the_server_does_not_list_is_told_and_asked_for_all_the_same(
    tmp_path: Path, reference: Reference, caplog: pytest.LogCaptureFixture
) -> None:
    async with ScriptedServer(lambda index, _: None, play_arithmetic) as server:
        config = toy_config(reference.file, server.base_url, engine={"model": "an-alias"})
        report = await synthesize(config, tmp_path / "run")
    assert report.complete
    assert "an-alias" in caplog.text


async def test_a_model_that_the_server_does_not_know_stops_at_the_first_request(
    tmp_path: Path, reference: Reference
) -> None:
    async with ScriptedServer(lambda index, _: "404", play_arithmetic) as server:
        config = toy_config(reference.file, server.base_url, engine={"model": "mistyped"})
        with pytest.raises(EngineError, match="mistyped"):
            await synthesize(config, tmp_path / "run")
        assert len(server.requests) <= 8
    assert recorded_keys(tmp_path / "run") == set()


@pytest.mark.parametrize("action", ["401", "404"])
async def test_a_key_or_model_gone_in_the_middle_stops_at_once_and_a_resume_goes_on(
    tmp_path: Path, reference: Reference, action: str
) -> None:
    run = tmp_path / "run"
    async with ScriptedServer(lambda index, _: action if index >= 90 else None, play_arithmetic) as server:
        with pytest.raises(EngineError, match=action):
            await synthesize(toy_config(reference.file, server.base_url), run)
        assert len(server.requests) <= 90 + 8
    held = len(recorded_keys(run))
    assert 80 <= held <= 90
    async with ScriptedServer(answer=play_arithmetic) as server:
        report = await synthesize(toy_config(reference.file, server.base_url), run)
    assert report.requests_sent == reference.requests - held
    assert train_bytes(run) == reference.train


async def test_a_server_that_goes_down_stops_the_run_with_a_message_and_a_resume_goes_on(
    tmp_path: Path, reference: Reference
) -> None:
    run, log = tmp_path / "run", tmp_path / "requests.jsonl"
    retry = {"attempts": 100, "first_wait": 0.01, "longest_wait": 0.02, "circuit_after": 20}
    with server_process("--play", "arithmetic", "--delay", "0.01:0.03", "--log", str(log)) as url:
        task = asyncio.create_task(synthesize(toy_config(reference.file, url, engine={"retry": retry}), run))
        await once(lambda: logged(log) >= 120 or task.done())
    with pytest.raises(EngineError, match="rerun the command to resume"):
        await task
    held = len(recorded_keys(run))
    assert held >= 100
    assert json.loads((run / "summary.json").read_text())["error"]
    with server_process("--play", "arithmetic") as url:  # on another port: where a server is changes nothing
        report = await synthesize(toy_config(reference.file, url), run)
    assert report.complete
    assert report.requests_sent == reference.requests - held
    assert train_bytes(run) == reference.train


async def test_a_server_that_is_not_there_is_named_and_nothing_is_frozen(tmp_path: Path, reference: Reference) -> None:
    with pytest.raises(EngineError, match="No server answers"):
        await synthesize(toy_config(reference.file, "http://127.0.0.1:9/v1"), tmp_path / "run")
    with server_process("--play", "arithmetic") as url:
        report = await synthesize(toy_config(reference.file, url, method={"guidelines": 2}), tmp_path / "run")
    assert report.complete


async def test_refused_prompts_are_told_by_stage_and_asked_again_by_the_next_start(
    tmp_path: Path, reference: Reference
) -> None:
    short_context = True

    def too_long(_: int, body: Body) -> str | None:
        return "400" if short_context and digest(body)[9] < 30 else None

    run = tmp_path / "run"
    async with ScriptedServer(too_long, play_arithmetic) as server:
        report = await synthesize(toy_config(reference.file, server.base_url), run)
        asked = len(server.requests)
        assert report.complete
        refused = [name for name in report.funnel.defects if name.startswith("refused_")]
        assert {"refused_select", "refused_adapt", "refused_structure", "refused_solve"} >= set(refused) != set()
        answered = len(recorded_keys(run))
        assert answered < asked
        short_context = False
        again = await synthesize(toy_config(reference.file, server.base_url), run)
        # what was refused is asked again, and nothing that was answered
        assert len(recorded_keys(run)) == answered + len(server.requests) - asked > answered
    assert not [name for name in again.funnel.defects if name.startswith("refused_")]
    assert report.kept > 0


async def test_no_key_reaches_any_file_of_a_run(
    tmp_path: Path, reference: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "sk-very-secret-0123456789"
    monkeypatch.setenv("OPENAI_API_KEY", secret)
    run = tmp_path / "run"
    async with ScriptedServer(lambda index, _: "401" if index == 60 else None, play_arithmetic, key=secret) as server:
        with pytest.raises(EngineError) as raised:
            await synthesize(toy_config(reference.file, server.base_url), run)
    assert secret not in str(raised.value)
    for file in run.rglob("*"):
        assert file.is_dir() or secret.encode() not in file.read_bytes()
