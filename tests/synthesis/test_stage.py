from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from tests.helpers.played import REFUSED, PlayedEngine, play
from tests.helpers.runs import journal, recorded_keys, toy_config, train_bytes, write_questions

from regenesis.answers import grade
from regenesis.config import RunConfig
from regenesis.errors import ConfigError, EngineError, LedgerError, RegenesisError, RequestFailed, RunError, TaskError
from regenesis.runs import Progress, SynthesisReport, read_status, synthesize
from regenesis.store import outcomes
from regenesis.types import Completion, Request

Finished = tuple[Callable[..., RunConfig], Path]


def silent() -> PlayedEngine:
    """An engine that must not be asked."""
    return PlayedEngine(lambda request: EngineError(f"was asked {request.stage} of {request.question_id}"))


def table(run: Path, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pyarrow.parquet.read_table(run / f"{name}.parquet").to_pylist()
    return rows


async def test_a_run_leaves_tables_a_data_set_and_a_summary(file: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    report = await synthesize(toy_config(file), run, engine=PlayedEngine())
    assert report.complete
    assert (report.questions, report.finished, report.stopped, report.owed) == (8, 8, None, {})
    assert report.kept == report.funnel.total.kept > 0
    assert report.requests_sent == len(recorded_keys(run))
    assert len(table(run, "questions")) == 8
    assert len(table(run, "paths")) == len(table(run, "verdicts")) == report.funnel.total.chains
    assert sum(one["kept"] for one in table(run, "verdicts")) == report.kept
    summary = json.loads((run / "summary.json").read_text())
    assert (summary["kept"], summary["finished"], summary["error"]) == (report.kept, 8, None)
    assert not list(run.rglob("*.partial"))


async def test_the_data_set_is_loaded_by_the_library_it_is_made_for(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    report = await synthesize(toy_config(file), tmp_path / "run", engine=PlayedEngine())
    rows = datasets.load_dataset(
        str(tmp_path / "run" / "dataset"), split="train", cache_dir=str(tmp_path / "cache")
    ).to_list()
    assert len(rows) == report.kept
    keys = recorded_keys(tmp_path / "run")
    for row in rows:
        assert [message["role"] for message in row["prompt"] + row["completion"]] == ["user", "assistant"]
        assert set(row["ledger_keys"]) <= keys
        assert grade(row["completion"][0]["content"], row["gold"], kind="number").correct
    assert [json.loads(line) for line in train_bytes(tmp_path / "run").splitlines()] == rows


async def test_no_training_row_shows_the_answer_or_a_stage_in_its_prompt(file: Path, tmp_path: Path) -> None:
    await synthesize(toy_config(file), tmp_path / "run", engine=PlayedEngine())
    texts = {one["id"]: one["text"] for one in table(tmp_path / "run", "questions")}
    for line in train_bytes(tmp_path / "run").splitlines():
        row = json.loads(line)
        (message,) = row["prompt"]
        assert message["content"].startswith(texts[row["question_id"]])
        rest = message["content"].removeprefix(texts[row["question_id"]])
        for word in ("guideline", "plan", "structure", "right answer", "eyes only"):
            assert word not in rest.lower()


async def test_a_finished_run_started_again_sends_nothing_and_opens_no_engine(finished: Finished) -> None:
    config, run = finished
    before, engine = train_bytes(run), silent()
    report = await synthesize(config(), run, engine=engine)
    assert (report.complete, report.requests_sent, engine.opened) == (True, 0, 0)
    assert train_bytes(run) == before


def deleted(path: Path) -> None:
    path.unlink()


def overwritten(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(5000))


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("spoil", [deleted, overwritten, halved])
async def test_outcomes_that_are_gone_are_derived_again_with_no_request(
    finished: Finished, spoil: Callable[[Path], None]
) -> None:
    config, run = finished
    before = train_bytes(run)
    spoil(run / "outcomes.sqlite")
    for name in ("paths.parquet", "verdicts.parquet", "summary.json"):
        (run / name).unlink()
    shutil.rmtree(run / "dataset")
    report = await synthesize(config(), run, engine=silent())
    assert report.complete
    assert (report.requests_sent, report.requests_recalled) == (0, len(recorded_keys(run)))
    assert train_bytes(run) == before


async def test_outcomes_by_other_code_are_derived_again_with_no_request(
    finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, run = finished
    monkeypatch.setattr(outcomes, "_source_digest", lambda: "edited")
    report = await synthesize(config(), run, engine=silent())
    assert (report.complete, report.requests_sent) == (True, 0)
    assert report.requests_recalled == len(recorded_keys(run))


@pytest.mark.parametrize(
    ("parts", "named"),
    [
        ({"seed": 1}, "seed: 0 → 1"),
        ({"method": {"sampling": {"temperature": 0.5}}}, "method.sampling.temperature: 0.8 → 0.5"),
        ({"method": {"hint": {"temperature": 0.5}}}, "method.hint.temperature: 0.7 → 0.5"),
        ({"engine": {"model": "other"}}, "engine.model: 'scripted' → 'other'"),
    ],
)
async def test_a_config_that_asks_something_else_is_refused_naming_it(
    finished: Finished, parts: dict[str, Any], named: str
) -> None:
    config, run = finished
    before = (run / "config.yaml").read_bytes()
    with pytest.raises(RunError) as raised:
        await synthesize(config(**parts), run, engine=silent())
    assert named in str(raised.value)
    assert (run / "config.yaml").read_bytes() == before


async def test_what_changes_only_how_fast_it_goes_may_differ(finished: Finished) -> None:
    config, run = finished
    other = config(
        engine={"base_url": ["http://127.0.0.1:7/v1", "http://127.0.0.1:8/v1"], "max_in_flight": 3, "timeout": 5},
        budget={"requests": 5},
        scheduling={"window": 2},
    )
    assert (await synthesize(other, run, engine=silent())).complete


async def test_a_config_that_was_wrong_before_anything_was_asked_may_be_mended(file: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(ConfigError, match="prompt set"):
        await synthesize(toy_config(file, method={"prompts": "./mistyped"}), run, engine=silent())
    with pytest.raises(TaskError):
        await synthesize(toy_config(file.with_name("mistyped.jsonl")), run, engine=silent())

    class Unknown(PlayedEngine):
        async def open(self) -> None:
            raise EngineError("the server does not know the model")

    with pytest.raises(EngineError):
        await synthesize(toy_config(file, engine={"model": "mistyped"}), run, engine=Unknown())
    report = await synthesize(toy_config(file), run, engine=PlayedEngine())
    assert report.complete
    assert "mistyped" not in (run / "config.yaml").read_text()


async def test_a_model_with_other_weights_is_refused_once_it_has_answered(file: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(EngineError):
        await synthesize(toy_config(file), run, engine=PlayedEngine(lambda _: EngineError("down"), model="mine@0"))
    await synthesize(toy_config(file, budget={"requests": 20}), run, engine=PlayedEngine(model="mine@1"))
    other = PlayedEngine(model="mine@2")
    with pytest.raises(RunError, match=r"mine@1.*mine@2"):
        await synthesize(toy_config(file), run, engine=other)
    assert other.asked == []
    assert (await synthesize(toy_config(file), run, engine=PlayedEngine(model="mine@1"))).complete


async def test_changed_questions_are_refused(finished: Finished, tmp_path: Path) -> None:
    config, run = finished
    file = Path(config().tasks[0].file or "")
    text = file.read_text()
    try:
        file.write_text(text.replace("Shelf 3 holds", "Shelf 3 carries"))
        with pytest.raises(RunError, match="the questions changed since the run was started"):
            await synthesize(config(), run, engine=silent())
    finally:
        file.write_text(text)


async def test_changed_guidelines_and_prompts_are_refused_together(file: Path, tmp_path: Path) -> None:
    from importlib import resources

    guidelines, prompts = tmp_path / "mine.yaml", tmp_path / "prompts"
    guidelines.write_text("- {id: a, text: Think first.}\n- {id: b, text: Think again.}\n")
    with resources.as_file(
        resources.files("regenesis.methods.regenesis").joinpath("prompt_sets", "one-chat")
    ) as default:
        shutil.copytree(default, prompts)
    config = toy_config(file, method={"guidelines_file": str(guidelines), "prompts": str(prompts)})
    await synthesize(config, tmp_path / "run", engine=PlayedEngine())
    guidelines.write_text("- {id: a, text: Think first.}\n- {id: b, text: Think harder.}\n")
    with (prompts / "solve.j2").open("a") as template:
        template.write("Be brief.")
    with pytest.raises(RunError, match="the guidelines and the prompt set changed"):
        await synthesize(config, tmp_path / "run", engine=silent())


async def test_a_ledger_without_its_config_is_refused(finished: Finished) -> None:
    config, run = finished
    (run / "config.yaml").unlink()
    with pytest.raises(RunError, match=r"holds a ledger but no config\.yaml"):
        await synthesize(config(), run, engine=silent())


@pytest.mark.parametrize("spoil", [overwritten, halved])
async def test_a_damaged_ledger_stops_the_run_and_stays_as_it_is(
    finished: Finished, spoil: Callable[[Path], None]
) -> None:
    config, run = finished
    spoil(run / "ledger.sqlite")
    before = (run / "ledger.sqlite").read_bytes()
    with pytest.raises(LedgerError, match=r"ledger\.sqlite"):
        await synthesize(config(), run, engine=silent())
    assert (run / "ledger.sqlite").read_bytes() == before


async def test_a_second_start_in_the_meantime_is_refused(file: Path, tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def wait(request: Request) -> None:
        begun.set()
        await asyncio.sleep(3600)

    first = asyncio.create_task(synthesize(toy_config(file), tmp_path / "run", engine=PlayedEngine(before=wait)))
    await begun.wait()
    with pytest.raises(RunError, match=f"pid {os.getpid()}"):
        await synthesize(toy_config(file), tmp_path / "run", engine=silent())
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first


def setting(event: asyncio.Event, *, after: int) -> Callable[[Request], Awaitable[None]]:
    """What an engine awaits before it answers: the `after`-th request and all later ones set the event."""
    asked = itertools.count(1)

    async def count(_: Request) -> None:
        if next(asked) >= after:
            event.set()
        await asyncio.sleep(0)

    return count


async def test_cancelled_at_any_moment_it_goes_on_and_gives_the_same_data_set(file: Path, tmp_path: Path) -> None:
    whole, run = tmp_path / "whole", tmp_path / "run"
    await synthesize(toy_config(file), whole, engine=PlayedEngine())
    drawn, asked = random.Random(3), []
    for _ in range(200):
        enough = asyncio.Event()
        engine = PlayedEngine(capacity=drawn.choice((1, 5, 30)), before=setting(enough, after=drawn.randrange(1, 25)))
        held = recorded_keys(run)
        task = asyncio.create_task(synthesize(toy_config(file), run, engine=engine))
        cancelling = asyncio.create_task(enough.wait())
        await asyncio.wait([task, cancelling], return_when=asyncio.FIRST_COMPLETED)
        asked += [one.key for one in engine.asked]
        assert not held & {one.key for one in engine.asked}
        if task.done():
            break
        task.cancel()
        await asyncio.wait([task])
    cancelling.cancel()
    assert task.done()
    assert task.result().complete
    assert train_bytes(run) == train_bytes(whole)


async def test_what_keeps_failing_is_owed_named_and_asked_again_by_the_next_start(file: Path, tmp_path: Path) -> None:
    run, whole = tmp_path / "run", tmp_path / "whole"
    await synthesize(toy_config(file), whole, engine=PlayedEngine())

    def fail_on_three(request: Request) -> str | Exception:
        broken = request.question_id.endswith("/3") and request.stage == "structure"
        return RequestFailed("no answer") if broken else play(request)

    report = await synthesize(toy_config(file), run, engine=PlayedEngine(fail_on_three))
    assert (report.finished, report.complete, list(report.owed.values())) == (7, False, ["no answer"])
    assert [one["why"] for one in journal(run) if one["event"] == "owed"] == ["no answer"]
    assert json.loads((run / "summary.json").read_text())["owed"] == report.owed
    again = PlayedEngine()
    report = await synthesize(toy_config(file), run, engine=again)
    assert report.complete
    assert {one.question_id.rsplit("/", 1)[1] for one in again.asked} == {"3"}
    assert train_bytes(run) == train_bytes(whole)


async def test_an_engine_that_gives_up_leaves_the_data_set_of_what_is_finished(file: Path, tmp_path: Path) -> None:
    run, left = tmp_path / "run", [80]

    def give_up(request: Request) -> str | Exception:
        left[0] -= 1
        return EngineError("the server is down") if left[0] < 0 else play(request)

    with pytest.raises(EngineError, match="is down"):
        await synthesize(toy_config(file), run, engine=PlayedEngine(give_up))
    summary = json.loads((run / "summary.json").read_text())
    assert summary["error"] == "the server is down"
    assert 0 < summary["finished"] < 8
    assert train_bytes(run).count(b"\n") == summary["kept"]
    assert "is down" in [one for one in journal(run) if one["event"] == "stopped"][-1]["why"]
    assert (await synthesize(toy_config(file), run, engine=PlayedEngine())).complete
    assert json.loads((run / "summary.json").read_text())["error"] is None


async def test_a_disk_that_fills_up_is_told_of_and_not_hidden_by_what_fails_then(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from regenesis.synthesis import stage

    def no_room(*_: Any, **__: Any) -> None:
        raise RunError("no room for the dataset")

    monkeypatch.setattr(stage, "derive", no_room)
    left = [100]

    def fill_up(request: Request) -> str | Completion:
        left[0] -= 1
        text = play(request)
        return Completion(text, "stop", 2**70 if left[0] < 0 else 9, 9, "played", 0.1)

    with pytest.raises(LedgerError, match="could not be recorded"):
        await synthesize(toy_config(file), tmp_path / "run", engine=PlayedEngine(fill_up))


def refuse_some(request: Request) -> str | Completion:
    return replace(REFUSED) if request.seed % 5 == 0 else play(request)


async def test_refused_requests_are_told_by_stage_and_the_run_goes_on(file: Path, tmp_path: Path) -> None:
    report = await synthesize(toy_config(file), tmp_path / "run", engine=PlayedEngine(refuse_some))
    assert report.complete
    refused = {name: count for name, count in report.funnel.defects.items() if name.startswith("refused")}
    assert refused == {f"refused_{stage}": one.count for stage, one in report.refusals.items()}
    assert {one.words for one in report.refusals.values()} == {"too long"}


async def test_refused_requests_are_asked_again_by_the_next_start(file: Path, tmp_path: Path) -> None:
    first = await synthesize(toy_config(file), tmp_path / "run", engine=PlayedEngine(refuse_some))
    mended = await synthesize(toy_config(file), tmp_path / "run", engine=PlayedEngine())
    untroubled = await synthesize(toy_config(file), tmp_path / "other", engine=PlayedEngine())
    assert first.refusals
    assert (mended.refusals, mended.kept, mended.complete) == ({}, untroubled.kept, True)
    assert mended.funnel.to_json() == untroubled.funnel.to_json()
    again = await synthesize(toy_config(file), tmp_path / "run", engine=silent())
    assert again.kept == mended.kept


async def test_what_is_refused_again_changes_nothing(file: Path, tmp_path: Path) -> None:
    first = await synthesize(toy_config(file), tmp_path / "run", engine=PlayedEngine(refuse_some))
    second = await synthesize(toy_config(file), tmp_path / "run", engine=PlayedEngine(refuse_some))
    assert second.requests_sent == sum(one.count for one in first.refusals.values())
    assert second.funnel.to_json() == first.funnel.to_json()


async def test_what_a_filter_withheld_is_recorded(file: Path, tmp_path: Path) -> None:
    def withhold_some(request: Request) -> str | Completion:
        return replace(REFUSED, finish_reason="filtered") if request.seed % 5 == 0 else play(request)

    report = await synthesize(toy_config(file), tmp_path / "run", engine=PlayedEngine(withhold_some))
    assert any(name.startswith("filtered") for name in report.funnel.defects)
    again = await synthesize(toy_config(file), tmp_path / "run", engine=silent())
    assert again.kept == report.kept


async def test_a_run_that_keeps_nothing_ends_and_says_so(file: Path, tmp_path: Path) -> None:
    report = await synthesize(toy_config(file), tmp_path / "run", engine=PlayedEngine(lambda request: "Well, well."))
    assert (report.complete, report.kept) == (True, 0)
    assert not (tmp_path / "run" / "dataset" / "train.jsonl").exists()
    assert (tmp_path / "run" / "dataset" / "README.md").exists()
    assert report.funnel.total.chains > 0


async def test_progress_counts_up_over_starts(file: Path, tmp_path: Path) -> None:
    config, run = toy_config(file, budget={"requests": 60}), tmp_path / "run"
    first, second = Progress(), Progress()
    report = await synthesize(config, run, engine=PlayedEngine(), progress=first)
    assert report.stopped == "60 requests"
    assert (first.questions, first.finished) == (8, report.finished)
    await synthesize(toy_config(file), run, engine=PlayedEngine(), progress=second)
    assert (second.finished, second.recalled_questions) == (8, first.finished)
    assert second.kept == train_bytes(run).count(b"\n")


async def test_tasks_are_mixed_in_one_run(tmp_path: Path) -> None:
    files = [write_questions(tmp_path / name, 3, first=start) for name, start in (("a", 0), ("b", 50))]
    config = toy_config(
        files[0], tasks=[{"name": file.parent.name, "file": str(file), "kind": "number"} for file in files]
    )
    report = await synthesize(config, tmp_path / "run", engine=PlayedEngine())
    assert {one["task"] for one in table(tmp_path / "run", "questions")} == {"a", "b"}
    assert set(report.funnel.tasks) == {"a", "b"}


async def test_errors_of_a_run_are_of_its_own_kind(tmp_path: Path) -> None:
    for config in (
        toy_config(tmp_path / "missing.jsonl"),
        toy_config(write_questions(tmp_path, 1), method={"prompts": "./no"}),
    ):
        with pytest.raises(RegenesisError):
            await synthesize(config, tmp_path / "run", engine=silent())


async def test_a_report_says_of_which_model(file: Path, tmp_path: Path) -> None:
    report: SynthesisReport = await synthesize(toy_config(file), tmp_path / "run", engine=PlayedEngine(model="mine@1"))
    assert report.model == "mine@1"


async def test_outcomes_of_a_ledger_that_is_gone_are_not_believed(finished: Finished) -> None:
    config_with, run = finished
    for name in ("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"):
        (run / name).unlink(missing_ok=True)
    report = await synthesize(config_with(), run, engine=PlayedEngine())
    keys = recorded_keys(run)
    assert report.requests_sent == len(keys) > 0
    assert all(set(json.loads(line)["ledger_keys"]) <= keys for line in train_bytes(run).splitlines())


async def test_an_engine_of_the_callers_own_is_named_in_card_and_status(file: Path, tmp_path: Path) -> None:
    config = toy_config(file)
    await synthesize(config, tmp_path / "run", engine=PlayedEngine(model="mine@7"))
    card = (tmp_path / "run" / "dataset" / "README.md").read_text()
    assert "| model | mine@7 |" in card
    assert "| engine | played |" in card
    assert config.engine.model not in card
    assert read_status(tmp_path / "run").model == "mine@7"
