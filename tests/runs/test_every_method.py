"""What holds whatever a run's method: stopped anywhere it ends the same, and nothing recorded is asked again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.played import PlayedEngine, solution
from tests.helpers.runs import toy_config, train_bytes, write_questions, write_solved_questions

from regenesis.config import RunConfig
from regenesis.errors import ConfigError
from regenesis.report.markdown import markdown
from regenesis.report.views.plan import plan_view
from regenesis.runs import plan, synthesize
from regenesis.runs.loop import require_possible
from regenesis.store.directory import RunDirectory
from regenesis.training.stage import training_job
from regenesis.types import Request

DRAWN = {"samples": 4, "sampling": {"temperature": 0.7}}
METHODS: dict[str, dict[str, Any]] = {
    "rejection": DRAWN,
    "star": DRAWN,
    "lmsi": DRAWN,
    "regenesis": {"guidelines": 2, "hint": {"guidelines": 1}},
}


def config_of(file: Path, name: str, **parts: Any) -> RunConfig:
    mapping = toy_config(file).model_dump(mode="json")
    return RunConfig.model_validate(mapping | {"method": {"name": name, **METHODS[name]}} | parts)


def answer(request: Request) -> str:
    """Right for every second sample of every other question, and always with a hint."""
    gold = request.messages[-1].content.split("[[gold=")[1].split("]]")[0]
    right = request.stage == "rationalise" or (request.sample % 2 and int(gold) % 2)
    return solution(gold if right else "-1")


@pytest.mark.parametrize("name", METHODS)
async def test_stopped_again_and_again_it_gives_the_same_data_set(tmp_path: Path, name: str) -> None:
    file = write_questions(tmp_path, 4)
    whole = PlayedEngine()
    await synthesize(config_of(file, name), tmp_path / "whole", engine=whole)
    asked: list[str] = []
    for budget in (1, 3, 5, None):
        engine = PlayedEngine()
        limited = config_of(file, name, budget={"requests": budget})
        report = await synthesize(limited, tmp_path / "stopped", engine=engine)
        asked += [request.key for request in engine.asked]
    assert report.complete
    assert sorted(asked) == sorted(request.key for request in whole.asked)
    if (tmp_path / "whole/dataset/train.jsonl").exists():
        assert train_bytes(tmp_path / "stopped") == train_bytes(tmp_path / "whole")


async def test_lmsi_gives_the_same_bytes_whatever_the_gold_answers_are(tmp_path: Path) -> None:
    file = write_questions(tmp_path / "true", 4)
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    (tmp_path / "scrambled").mkdir()
    scrambled = tmp_path / "scrambled" / file.name
    scrambled.write_text("".join(json.dumps(row | {"answer": "12345"}) + "\n" for row in rows), "utf-8")
    made = []
    for one in (file, scrambled):
        await synthesize(config_of(one, "lmsi"), one.parent / "run", engine=PlayedEngine(answer))
        made.append(train_bytes(one.parent / "run"))
    assert made[0] == made[1] != b""


@pytest.mark.parametrize("second", ["star", "lmsi"])
async def test_a_second_method_on_the_same_ledger_draws_no_plain_sample(tmp_path: Path, second: str) -> None:
    file = write_questions(tmp_path, 4)
    await synthesize(config_of(file, "rejection"), tmp_path / "first", engine=PlayedEngine(answer))
    begun = config_of(file, second, budget={"requests": 1})
    await synthesize(begun, tmp_path / "second", engine=PlayedEngine(answer))
    for rest in ("-wal", "-shm"):
        (tmp_path / "second" / f"ledger.sqlite{rest}").unlink(missing_ok=True)
    shutil.copy(tmp_path / "first" / "ledger.sqlite", tmp_path / "second" / "ledger.sqlite")
    engine = PlayedEngine(answer)
    report = await synthesize(config_of(file, second), tmp_path / "second", engine=engine)
    assert report.complete
    assert engine.of_stage("sample") == []


async def test_the_share_from_rationalisation_is_on_the_card(tmp_path: Path) -> None:
    file = write_questions(tmp_path, 4)
    report = await synthesize(config_of(file, "star"), tmp_path / "run", engine=PlayedEngine(answer))
    rows = [json.loads(line) for line in train_bytes(tmp_path / "run").splitlines()]
    hinted = sum(row["hinted"] for row in rows)
    assert 0 < hinted < report.kept
    assert f"In {hinted} rows the model had been shown the answer" in (tmp_path / "run/dataset/README.md").read_text()
    assert all("right answer is" not in row["prompt"][-1]["content"] for row in rows)


def gold_config(folder: Path, **parts: Any) -> RunConfig:
    mapping = toy_config(write_solved_questions(folder, 4, without=1)).model_dump(mode="json")
    return RunConfig.model_validate(mapping | {"method": {"name": "gold"}} | parts)


async def test_gold_needs_no_model_and_its_cards_say_who_wrote_the_rows(tmp_path: Path) -> None:
    nowhere = {"kind": "llamacpp", "model": str(tmp_path / "nowhere.gguf")}
    config = gold_config(tmp_path, engine=nowhere, curation={"min_tokens": 0})
    report = await synthesize(config, tmp_path / "run")
    assert (report.complete, report.kept, report.requests_sent) == (True, 3, 0)
    card = (tmp_path / "run/dataset/README.md").read_text("utf-8")
    assert "3 worked solutions for 3 questions" in card
    assert "People wrote them" in card
    assert "nowhere.gguf" not in card
    assert not any(tag in card for tag in ("synthetic", "self-improvement"))
    facts = training_job(RunDirectory(tmp_path / "run"), config).facts
    assert facts["synthesis"] == "the dataset's own solutions, preset default"
    assert (facts["provenance"]["written_by"], "paths_written_by" in facts) == ("people", False)


async def test_gold_stopped_and_resumed_gives_the_same_bytes(tmp_path: Path) -> None:
    config = gold_config(tmp_path, curation={"min_tokens": 0})
    for _ in range(2):
        await synthesize(config, tmp_path / "run")
        written = train_bytes(tmp_path / "run")
    await synthesize(config, tmp_path / "other")
    assert train_bytes(tmp_path / "other") == written != b""


def test_gold_is_planned_to_keep_only_what_has_a_solution(tmp_path: Path) -> None:
    made = plan(gold_config(tmp_path))
    assert (made.most_calls, made.most_chains, made.expected_kept) == (0, 4, 3)
    shown = markdown(plan_view(made))
    assert "asks the model nothing; 3 rows expected" in shown
    assert "assume" not in shown


def test_a_second_round_of_a_method_that_samples_nothing_is_refused(tmp_path: Path) -> None:
    engine = {"kind": "transformers", "model": "hf:org/repo"}
    with pytest.raises(ConfigError, match=r"--rounds: .*gold samples nothing"):
        require_possible(gold_config(tmp_path, engine=engine), 2)
