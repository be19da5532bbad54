"""A run goes on under other settings with what it has recorded: more questions, other guidelines, other curation."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.played import PlayedEngine
from tests.helpers.runs import journal, recorded_keys, toy_config, train_bytes, write_questions

import regenesis
from regenesis.config import RunConfig
from regenesis.errors import RegenesisError, RunError
from regenesis.runs import synthesize
from regenesis.runs.deriving import derive_anew
from regenesis.runs.running import changed_since
from regenesis.runs.status import read_status
from regenesis.types import Request

FEW: dict[str, Any] = {"guidelines": 3, "wave": 2, "selections": 0, "hint": {"guidelines": 1}}


async def asked_by(config: RunConfig, run: Path, **more: Any) -> list[Request]:
    """What a start asks of its engine."""
    engine = PlayedEngine()
    report = await synthesize(config, run, engine=engine, **more)
    assert report.complete
    return engine.asked


async def from_scratch(config: RunConfig, folder: Path) -> bytes:
    await synthesize(config, folder, engine=PlayedEngine())
    return train_bytes(folder)


async def test_a_raised_limit_asks_for_the_new_questions_alone(tmp_path: Path) -> None:
    file, run = write_questions(tmp_path, 6), tmp_path / "run"
    task = {"name": "toy", "file": str(file), "kind": "number"}
    few, more = (toy_config(file, tasks=[task | {"limit": limit}], method=FEW) for limit in (3, 6))
    await asked_by(few, run)
    asked = await asked_by(more, run)
    assert {request.question_id for request in asked} == {f"toy/questions/{number}" for number in (3, 4, 5)}
    assert read_status(run).questions == 6
    assert train_bytes(run) == await from_scratch(more, tmp_path / "scratch")


async def test_rows_appended_to_a_file_are_asked_besides(tmp_path: Path) -> None:
    file, run = write_questions(tmp_path, 2), tmp_path / "run"
    config = toy_config(file, method=FEW)
    await asked_by(config, run)
    write_questions(tmp_path, 4)
    assert {request.question_id for request in await asked_by(config, run)} == {"toy/questions/2", "toy/questions/3"}


async def test_a_lowered_limit_leaves_questions_out_and_asks_nothing(tmp_path: Path) -> None:
    file, run = write_questions(tmp_path, 4), tmp_path / "run"
    task = {"name": "toy", "file": str(file), "kind": "number"}
    few, more = (toy_config(file, tasks=[task | {"limit": limit}], method=FEW) for limit in (2, 4))
    await asked_by(more, run)
    assert await asked_by(few, run) == []
    assert train_bytes(run) == await from_scratch(few, tmp_path / "scratch")
    assert await asked_by(more, run) == []


async def test_another_task_is_asked_besides(tmp_path: Path) -> None:
    file, other, run = write_questions(tmp_path, 3), write_questions(tmp_path / "b", 2, first=50), tmp_path / "run"
    tasks = [{"name": "toy", "file": str(file), "kind": "number"}, {"name": "b", "file": str(other), "kind": "number"}]
    await asked_by(toy_config(file, tasks=tasks[:1], method=FEW), run)
    both = toy_config(file, tasks=tasks, method=FEW)
    assert {request.question_id.partition("/")[0] for request in await asked_by(both, run)} == {"b"}
    assert train_bytes(run) == await from_scratch(both, tmp_path / "scratch")


async def test_guidelines_can_be_added_and_their_recorded_chains_are_kept(tmp_path: Path) -> None:
    file, run, guidelines = write_questions(tmp_path, 3), tmp_path / "run", tmp_path / "mine.yaml"
    lines = ["- {id: a, text: Think first.}", "- {id: b, text: Think again.}", "- {id: c, text: Draw it.}"]
    config = toy_config(file, method=FEW | {"guidelines_file": str(guidelines), "guidelines": None, "keep": 9})
    guidelines.write_text("\n".join(lines[:2]))
    await asked_by(config, run)
    before = recorded_keys(run)
    guidelines.write_text("\n".join(lines))
    asked = await asked_by(config, run)
    assert asked
    assert not {request.key for request in asked} & before
    guidelines.write_text("\n".join([*lines[:2], "- {id: c, text: Draw it twice.}"]))
    with pytest.raises(RunError, match="the guidelines changed"):
        await synthesize(config, run, engine=PlayedEngine())


async def test_other_curation_judges_what_is_recorded_anew(tmp_path: Path) -> None:
    file, run = write_questions(tmp_path, 5), tmp_path / "run"
    await asked_by(toy_config(file, method=FEW), run)
    changed = toy_config(file, method=FEW | {"keep": 1})
    assert changed_since(changed, run) == [
        f"Goes on with what is recorded. Changed since the start: method.keep: {toy_config(file).method.keep} → 1."
    ]
    assert await asked_by(changed, run) == []
    assert [entry["what"] for entry in journal(run) if entry["event"] == "extended"]
    assert train_bytes(run) == await from_scratch(changed, tmp_path / "scratch")


async def test_a_dataset_is_derived_under_other_settings_as_a_run_of_its_own_would_give_it(tmp_path: Path) -> None:
    file, run = write_questions(tmp_path, 6), tmp_path / "run"
    await asked_by(toy_config(file, method=FEW | {"stop_early": False}), run)
    file_text = file.read_text()
    file.unlink()  # nothing but the run's folder is needed
    derived = derive_anew(run, overrides=["method.keep=1", "curation.near_duplicate=0.5"])
    file.write_text(file_text)
    assert [line.partition(":")[0] for line in derived.changed] == ["curation.near_duplicate", "method.keep"]
    assert derived.missing == 0
    same = toy_config(file, method=FEW | {"stop_early": False, "keep": 1}, curation={"near_duplicate": 0.5})
    assert train_bytes(run) == await from_scratch(same, tmp_path / "scratch")
    assert await asked_by(same, run) == []  # the run goes on with these settings


async def test_what_other_settings_would_ask_is_counted_and_asked_by_the_next_synthesis(tmp_path: Path) -> None:
    file, run = write_questions(tmp_path, 4), tmp_path / "run"
    await asked_by(toy_config(file, method=FEW), run)
    before = recorded_keys(run)
    derived = derive_anew(run, overrides=["method.guidelines=5", "method.stop_early=false"])
    assert derived.missing == 4
    assert derived.funnel.total.chains > 0
    assert recorded_keys(run) == before
    more = toy_config(file, method=FEW | {"guidelines": 5, "stop_early": False})
    asked = await asked_by(more, run)
    assert asked
    assert not {request.key for request in asked} & before
    assert train_bytes(run) == await from_scratch(more, tmp_path / "scratch")


async def test_stricter_curation_counts_every_chain_that_is_recorded(tmp_path: Path) -> None:
    file, run = write_questions(tmp_path, 4), tmp_path / "run"
    await asked_by(toy_config(file, method=FEW | {"stop_early": False}), run)
    before = derive_anew(run).funnel.total
    derived = derive_anew(run, overrides=["curation.min_steps=50"])
    # each chain would now be asked for its path once more; until it is, the path that there is stands
    assert derived.missing == 4
    assert (derived.funnel.total.chains, derived.funnel.total.correct) == (before.chains, before.correct)
    assert derived.funnel.defects["no_steps"] > 0


async def test_a_setting_that_changes_what_was_asked_is_refused(tmp_path: Path) -> None:
    file, run = write_questions(tmp_path, 2), tmp_path / "run"
    await asked_by(toy_config(file, method=FEW), run)
    before = train_bytes(run), (run / "config.yaml").read_bytes()
    with pytest.raises(RunError, match=r"method.sampling.temperature: 0.8 → 0.1\nThat changes what is asked"):
        regenesis.derive_dataset(run, overrides=["method.sampling.temperature=0.1"])
    assert (train_bytes(run), (run / "config.yaml").read_bytes()) == before


async def test_equal_requests_of_another_run_are_taken_over(tmp_path: Path) -> None:
    file, first, second = write_questions(tmp_path, 3), tmp_path / "first", tmp_path / "second"
    await asked_by(toy_config(file, method=FEW), first)
    other = toy_config(file, method=FEW | {"hint": {"guidelines": 1, "temperature": 0.1}})
    asked = await asked_by(other, second, reuse=[first])
    assert {request.sampling.temperature for request in asked} <= {0.1}
    assert train_bytes(second) == await from_scratch(other, tmp_path / "scratch")
    # what was taken over lies in the run's own ledger
    assert recorded_keys(second) == recorded_keys(tmp_path / "scratch")


async def test_a_folder_without_a_ledger_cannot_be_reused(tmp_path: Path) -> None:
    file = write_questions(tmp_path, 1)
    with pytest.raises(RunError, match="holds no ledger"):
        await synthesize(toy_config(file), tmp_path / "run", engine=PlayedEngine(), reuse=[tmp_path / "nowhere"])
    assert not (tmp_path / "run" / "config.yaml").exists()


async def test_a_run_whose_completions_are_of_no_use_is_told_of(tmp_path: Path) -> None:
    file, first = write_questions(tmp_path, 2), tmp_path / "first"
    config = toy_config(file, method=FEW)
    await asked_by(config, first)
    for model, in_vain in (("played", False), ("another", True)):
        engine = PlayedEngine(model=model)
        report = await synthesize(config, tmp_path / model, engine=engine, reuse=[first])
        assert report.reused_nothing is in_vain
        assert bool(engine.asked) is in_vain


async def test_a_run_may_name_itself_to_be_reused(tmp_path: Path) -> None:
    file, run = write_questions(tmp_path, 2), tmp_path / "run"
    config = toy_config(file, method=FEW)
    await asked_by(config, run)
    assert await asked_by(config, run, reuse=[run]) == []


@pytest.mark.parametrize("content", [b"", b"garbage", b"SQLite format 3\x00" + bytes(200)])
async def test_a_ledger_that_is_none_cannot_be_reused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other").mkdir()
    ledger = tmp_path / "other" / "ledger.sqlite"
    ledger.write_bytes(content)
    file = write_questions(tmp_path, 1)
    with pytest.raises(RegenesisError, match=re.escape(str(ledger))):
        await synthesize(toy_config(file), tmp_path / "run", engine=PlayedEngine(), reuse=[tmp_path / "other"])
    assert ledger.read_bytes() == content


async def test_pairs_set_a_kept_path_against_a_wrong_one_of_the_same_question(tmp_path: Path) -> None:
    from regenesis.runs.deriving import derive_pairs

    file, run = write_questions(tmp_path, 6), tmp_path / "run"
    await asked_by(toy_config(file, method=FEW | {"stop_early": False}), run)
    written = derive_pairs(run)
    rows = [json.loads(line) for line in (run / "preferences" / "train.jsonl").read_text().splitlines()]
    assert len(rows) == written.rows > 0
    for row in rows:
        assert row["prompt"][-1]["role"] == "user"
        assert [row[side][0]["role"] for side in ("chosen", "rejected")] == ["assistant"] * 2
        assert row["chosen_answer"] == row["gold"] != row["rejected_answer"]
        assert row["rejected_answer"] in row["rejected"][0]["content"]


async def test_pairs_are_loaded_by_trl_unchanged(tmp_path: Path) -> None:
    data_utils = pytest.importorskip("trl.data_utils")
    from datasets import load_dataset

    from regenesis.runs.deriving import derive_pairs

    run = tmp_path / "run"
    await asked_by(toy_config(write_questions(tmp_path, 6), method=FEW | {"stop_early": False}), run)
    derive_pairs(run)
    rows = load_dataset(str(run / "preferences"), split="train", cache_dir=str(tmp_path / "cache"))
    assert data_utils.is_conversational(rows[0])
    assert data_utils.maybe_extract_prompt(rows[0])["prompt"] == rows[0]["prompt"]


async def test_other_questions_are_left_to_the_synthesis(tmp_path: Path) -> None:
    run = tmp_path / "run"
    await asked_by(toy_config(write_questions(tmp_path, 2), method=FEW), run)
    with pytest.raises(RunError, match=r"tasks.0.limit: None → 1: other questions have to be read"):
        derive_anew(run, overrides=["tasks.0.limit=1"])
