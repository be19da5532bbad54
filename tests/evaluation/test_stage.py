from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet
from tests.fixtures.script import digest
from tests.fixtures.scripted_server import server_process
from tests.helpers.played import REFUSED, PlayedEngine, completion
from tests.helpers.runs import recorded_keys, toy_config, write_questions

from regenesis.config import EvaluationConfig, RunConfig, TaskConfig
from regenesis.engines.openai.config import OpenAIEngineConfig
from regenesis.errors import ConfigError, EngineError, RequestFailed, RunError, TaskError
from regenesis.evaluation import EvaluationSettings
from regenesis.evaluation.progress import EvaluationProgress
from regenesis.evaluation.record import EvaluationReport, smaller_than_asked
from regenesis.evaluation.stage import evaluate_models
from regenesis.ledger import Ledger
from regenesis.runs import RunDirectory
from regenesis.runs.evaluating import evaluate_run
from regenesis.types import Request


@pytest.fixture
def config(file: Path) -> RunConfig:
    return evaluating(file)


def evaluating(file: Path, **parts: Any) -> RunConfig:
    evaluation = {"tasks": [{"name": "toy", "file": str(file), "kind": "number"}]} | parts.pop("evaluation", {})
    return toy_config(file, evaluation=evaluation, **parts)


async def measured(
    engines: Mapping[str, PlayedEngine], config: RunConfig, folder: Path, **options: Any
) -> EvaluationReport:
    served = {
        name: OpenAIEngineConfig(kind="openai", base_url="http://127.0.0.1:9/v1", model=engine.model)
        for name, engine in engines.items()
    }
    settings = EvaluationSettings.of_run(config)
    return await evaluate_models(served, settings, folder, engines=engines, **options)


def played(name: str = "m", **options: Any) -> PlayedEngine:
    return PlayedEngine(model=name, **options)


def rows(path: Path) -> list[dict[str, Any]]:
    return list(parquet.read_table(path).to_pylist())


def summary(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "evaluation" / "summary.json").read_text("utf-8"))
    return found


async def test_every_model_answers_every_question_by_the_answering_prompt(config: RunConfig, tmp_path: Path) -> None:
    engines = {"base": played("a"), "tuned": played("b")}
    report = await measured(engines, config, tmp_path / "run")
    assert report.complete
    for engine in engines.values():
        assert len(engine.asked) == 8
        assert {len(request.messages) for request in engine.asked} == {1}
        assert {request.stage for request in engine.asked} == {"evaluate"}
        assert {request.sampling for request in engine.asked} == {config.evaluation.sampling.draw()}
    first, second = ({(request.messages, request.seed) for request in engine.asked} for engine in engines.values())
    assert first == second
    assert "\\boxed" in engines["base"].asked[0].messages[0].content


async def test_each_answer_is_in_its_table_with_its_verdict_and_key(config: RunConfig, tmp_path: Path) -> None:
    report = await measured({"base": played()}, config, tmp_path / "run")
    found = rows(tmp_path / "run" / "evaluation" / "base" / "toy.parquet")
    assert [row["question_id"] for row in found] == [f"toy/questions/{number}" for number in range(8)]
    assert {row["ledger_key"] for row in found} == recorded_keys(tmp_path / "run")
    assert sum(row["status"] == "correct" for row in found) == report.evaluation.tallies["base"]["toy"].correct > 0
    with Ledger.read(tmp_path / "run" / "ledger.sqlite") as ledger:
        for row in found:
            recorded = ledger.get(row["ledger_key"])
            assert recorded is not None
            assert (row["response"], row["finish_reason"]) == (recorded.text, recorded.finish_reason)
            assert (row["extracted"] == row["gold"]) == (row["status"] == "correct")


async def test_started_again_nothing_is_asked_no_engine_is_opened_and_the_files_are_the_same(
    config: RunConfig, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    await measured({"base": played("a"), "tuned": played("b")}, config, run)
    files = {path: path.read_bytes() for path in (run / "evaluation").rglob("*") if path.is_file()}
    again = {"base": played("a"), "tuned": played("b")}
    report = await measured(again, config, run)
    assert [engine.opened for engine in again.values()] == [0, 0]
    assert (report.requests_sent, report.requests_recalled) == (0, 16)
    assert {path: path.read_bytes() for path in (run / "evaluation").rglob("*") if path.is_file()} == files


async def test_a_budget_ends_a_start_cleanly_and_the_next_goes_on(file: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    short = evaluating(file, budget={"requests": 5})
    tuned = played("b")
    report = await measured({"base": played("a"), "tuned": tuned}, short, run)
    assert (report.stopped, report.complete, report.requests_sent) == ("5 requests", False, 5)
    # what the budget has nothing left for is not even loaded
    assert tuned.opened == 0
    assert summary(run)["tasks"]["toy"]["models"]["base"]["answered"] == 5
    report = await measured({"base": played("a"), "tuned": played("b")}, evaluating(file), run)
    assert (report.complete, report.requests_sent, report.requests_recalled) == (True, 11, 5)


async def test_a_question_that_the_engine_keeps_failing_on_is_owed_and_asked_again(
    config: RunConfig, tmp_path: Path
) -> None:
    def fail_on_one(request: Request) -> Any:
        failed = request.question_id.endswith("/3")
        return RequestFailed("no luck") if failed else completion("So it is \\boxed{1}.")

    report = await measured({"base": played(answer=fail_on_one)}, config, tmp_path / "run")
    assert (report.owed, report.complete) == ({"base toy/questions/3": "no luck"}, False)
    healthy = played()
    report = await measured({"base": healthy}, config, tmp_path / "run")
    assert (report.owed, report.complete, len(healthy.asked)) == ({}, True, 1)


async def test_an_engine_that_cannot_go_on_stops_it_and_what_was_answered_stays(
    config: RunConfig, tmp_path: Path
) -> None:
    def break_later(request: Request) -> Any:
        return EngineError("down") if request.question_id.endswith("/6") else completion("\\boxed{1}")

    with pytest.raises(EngineError, match="down"):
        await measured({"base": played(answer=break_later, capacity=1)}, config, tmp_path / "run")
    assert len(recorded_keys(tmp_path / "run")) >= 5


async def test_a_task_of_which_nothing_can_be_read_is_reported_and_still_written(
    config: RunConfig, tmp_path: Path
) -> None:
    report = await measured({"base": played(answer=lambda _: "I cannot say.")}, config, tmp_path / "run")
    assert report.unread == [("base", "toy")]
    assert summary(tmp_path / "run")["unread"] == [{"model": "base", "task": "toy"}]
    assert len(rows(tmp_path / "run" / "evaluation" / "base" / "toy.parquet")) == 8


async def test_refused_and_truncated_answers_are_counted(config: RunConfig, tmp_path: Path) -> None:
    def answer(request: Request) -> Any:
        return REFUSED if request.question_id.endswith("/0") else completion("So", finish_reason="length")

    report = await measured({"base": played(answer=answer)}, config, tmp_path / "run")
    tally = report.evaluation.tallies["base"]["toy"]
    assert (tally.refused, tally.truncated, tally.unparsed) == (1, 7, 8)
    assert rows(tmp_path / "run" / "evaluation" / "base" / "toy.parquet")[0]["rule"] == "refused"


async def test_another_checker_or_task_list_never_asks_what_is_recorded(config: RunConfig, tmp_path: Path) -> None:
    run = tmp_path / "run"
    await measured({"base": played()}, config, run)
    fewer = [config.evaluation.tasks[0].model_copy(update={"limit": 3})]
    report = await measured({"base": played()}, config, run, tasks=fewer)
    assert (report.requests_sent, report.requests_recalled) == (0, 3)


async def test_other_sampling_asks_anew(config: RunConfig, file: Path, tmp_path: Path) -> None:
    await measured({"base": played()}, config, tmp_path / "run")
    other = evaluating(file, evaluation={"sampling": {"temperature": 0.5}})
    assert (await measured({"base": played()}, other, tmp_path / "run")).requests_sent == 8


async def test_two_served_models_of_one_name_are_refused(config: RunConfig, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be told apart"):
        await measured({"base": played("m"), "tuned": played("m")}, config, tmp_path / "run")


async def test_an_evaluation_leaves_the_config_of_a_run_open(config: RunConfig, tmp_path: Path) -> None:
    await measured({"base": played()}, config, tmp_path / "run")
    assert not RunDirectory(tmp_path / "run").begun()


async def test_progress_ends_at_what_was_done(config: RunConfig, tmp_path: Path) -> None:
    progress = EvaluationProgress()
    await measured({"base": played("a"), "tuned": played("b")}, config, tmp_path / "run", progress=progress)
    found = progress.snapshot()
    assert (found["model"], found["answered"], found["questions"]) == ("tuned", 8, 8)
    assert (found["requests_sent"], found["requests_recalled"], found["in_flight"]) == (16, 0, 0)


async def test_a_run_is_measured_by_its_base_where_nothing_is_tuned(finished: Any) -> None:
    config, run = finished
    file = Path(config().tasks[0].file or "")
    report = await evaluate_run(run, evaluating(file), engines={"base": played("scripted")})
    assert ([model.name for model in report.evaluation.models], report.evaluation.versus) == (["base"], [])
    assert report.evaluation.tasks[0].domain == "in-domain"


async def test_questions_that_were_trained_on_are_counted(finished: Any) -> None:
    config, run = finished
    (run / "model").mkdir()
    (run / "model" / "adapter_config.json").write_text("{}")
    # the questions of the run itself
    file = Path(config().tasks[0].file or "")
    made = evaluating(file, evaluation={"engine": {"kind": "transformers", "model": "hf:org/repo"}})
    report = await evaluate_run(run, made, engines={"base": played("a"), "tuned": played("b")})
    kept = {row["question_id"] for row in rows(run / "dataset" / "train.parquet")}
    assert summary(run)["tasks"]["toy"]["trained_on"] == len(kept) > 0
    assert report.evaluation.trained_on == {"toy": len(kept)}


@pytest.mark.parametrize("changed", [False, True])
async def test_a_model_that_the_data_set_has_left_behind_is_said_to_be_so(finished: Any, changed: bool) -> None:
    config, run = finished
    table = run / "dataset" / "train.parquet"
    trained = "another" if changed else hashlib.sha256(table.read_bytes()).hexdigest()
    (run / "model").mkdir()
    (run / "model" / "adapter_config.json").write_text("{}")
    (run / "model" / "training.json").write_text(json.dumps({"settings": {"data set": trained}}))
    file = Path(config().tasks[0].file or "")
    made = evaluating(file, evaluation={"engine": {"kind": "transformers", "model": "hf:org/repo"}})
    await evaluate_run(run, made, engines={"base": played("a"), "tuned": played("b")})
    notes = summary(run)["notes"]
    assert ["another dataset" in note for note in notes] == [True] * changed


async def test_prompts_that_changed_after_the_training_are_said_to_have(finished: Any) -> None:
    config, run = finished
    (run / "model").mkdir()
    (run / "model" / "adapter_config.json").write_text("{}")
    inputs = json.loads((run / "inputs.json").read_text())
    (run / "inputs.json").write_text(json.dumps(inputs | {"prompt set": "another"}))
    made = evaluating(
        Path(config().tasks[0].file or ""), evaluation={"engine": {"kind": "transformers", "model": "hf:org/repo"}}
    )
    await evaluate_run(run, made, engines={"base": played("a"), "tuned": played("b")})
    assert ["prompts have changed" in note for note in summary(run)["notes"]] == [True]


async def test_a_model_that_a_run_does_not_have_is_named(finished: Any) -> None:
    config, run = finished
    with pytest.raises(RunError, match="no model 'tuned' to measure; there are base"):
        await evaluate_run(run, config(), models=["tuned"])


async def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no config\.yaml"):
        await evaluate_run(tmp_path)


async def test_a_run_without_tasks_to_measure_on_says_what_to_do(finished: Any) -> None:
    config, run = finished
    with pytest.raises(TaskError, match="--tasks"):
        await evaluate_run(run, config())


async def test_later_rounds_are_compared_with_the_base_and_with_the_one_before(finished: Any) -> None:
    config, run = finished
    names = ["tuned", "round-2", "round-10"]
    for folder in ("model", "round-2/model", "round-10/model", "round-x/model"):
        (run / folder).mkdir(parents=True)
        (run / folder / "adapter_config.json").write_text("{}")
    file = Path(config().tasks[0].file or "")
    made = evaluating(file, evaluation={"engine": {"kind": "transformers", "model": "hf:org/repo"}})
    report = await evaluate_run(run, made, engines={name: played(name) for name in ("base", *names)})
    assert list(report.evaluation.tallies) == ["base", *names]
    assert report.evaluation.pairs == [
        *(("base", name) for name in names),
        ("tuned", "round-2"),
        ("round-2", "round-10"),
    ]


async def test_a_model_trained_anew_and_served_under_its_old_name_is_noticed(finished: Any) -> None:
    config, run = finished
    file = Path(config().tasks[0].file or "")
    (run / "model").mkdir()
    (run / "model" / "config.json").write_text("{}")
    (run / "model" / "model.safetensors").write_bytes(b"first")

    async def measure(name: str = "tuned") -> EvaluationReport:
        served = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": name}
        made = evaluating(file, evaluation={"tuned_engine": served})
        return await evaluate_run(run, made, engines={"base": played("scripted"), "tuned": played(name)})

    assert (await measure()).requests_sent == 16
    assert (await measure()).requests_sent == 0
    (run / "model" / "model.safetensors").write_bytes(b"second")
    with pytest.raises(RunError, match="Serve it under a new name"):
        await measure()
    assert (await measure("tuned-2")).requests_sent == 8
    with pytest.raises(RunError, match="Serve it under a new name"):
        await measure()


def three_of(config: RunConfig) -> list[TaskConfig]:
    return [task.model_copy(update={"limit": 3}) for task in config.evaluation.tasks]


def files(folder: Path) -> dict[Path, bytes]:
    return {
        path: path.read_bytes()
        for path in (folder / "evaluation").rglob("*")
        if path.is_file() and "exploratory" not in path.parts
    }


async def test_fewer_questions_than_recorded_stand_apart(config: RunConfig, tmp_path: Path) -> None:
    run = tmp_path / "run"
    await measured({"base": played("a")}, config, run)
    before = files(run)
    report = await measured({"base": played("a")}, config, run, tasks=three_of(config))
    assert report.exploratory == "more answers of base to toy are recorded"
    assert files(run) == before
    apart = run / "evaluation" / "exploratory"
    assert json.loads((apart / "summary.json").read_text())["tasks"]["toy"]["questions"] == 3
    assert len(rows(apart / "base" / "toy.parquet")) == 3


async def test_fewer_models_than_recorded_stand_apart(config: RunConfig, tmp_path: Path) -> None:
    await measured({"base": played("a"), "tuned": played("b")}, config, tmp_path)
    report = await measured({"base": played("a")}, config, tmp_path)
    assert report.exploratory == "more answers of tuned to toy are recorded"


async def test_more_questions_than_recorded_take_their_place(config: RunConfig, tmp_path: Path) -> None:
    await measured({"base": played("a")}, config, tmp_path, tasks=three_of(config))
    report = await measured({"base": played("a")}, config, tmp_path)
    assert report.exploratory is None
    assert summary(tmp_path)["tasks"]["toy"]["questions"] == 8


async def test_what_is_recorded_of_an_older_model_does_not_stand_in_the_way(config: RunConfig, tmp_path: Path) -> None:
    await measured({"base": played("a")}, config, tmp_path)
    report = await measured({"base": played("another")}, config, tmp_path, tasks=three_of(config))
    assert report.exploratory is None


async def test_a_summary_that_is_none_does_not_stand_in_the_way(config: RunConfig, tmp_path: Path) -> None:
    (tmp_path / "evaluation").mkdir()
    (tmp_path / "evaluation" / "summary.json").write_text('{"tasks": {"toy": 3}}')
    assert (await measured({"base": played("a")}, config, tmp_path)).exploratory is None


async def test_less_than_a_runs_config_asks_for_changes_neither_summary_nor_card(finished: Any) -> None:
    config, run = finished
    made = evaluating(
        Path(config().tasks[0].file or ""), evaluation={"engine": {"kind": "transformers", "model": "hf:org/repo"}}
    )
    (run / "config.yaml").write_text(json.dumps(made.model_dump(mode="json")))
    (run / "model").mkdir()
    (run / "model" / "adapter_config.json").write_text("{}")
    engines = {"base": played("a"), "tuned": played("b")}
    report = await evaluate_run(run, made, tasks=three_of(made), engines=engines)
    assert report.exploratory == "the run's config asks for other or more questions of toy"
    assert not (run / "evaluation" / "summary.json").exists()
    assert not (run / "model" / "README.md").exists()
    report = await evaluate_run(run, made, engines=engines)
    assert report.exploratory is None
    assert "| toy |" in (run / "model" / "README.md").read_text()


@pytest.mark.parametrize(
    ("update", "reason"),
    [
        ({}, None),
        ({"limit": 9}, None),
        ({"limit": 5}, "asks for other or more questions of toy"),
        ({"shuffle": True}, "asks for other or more questions of toy"),
        ({"name": "another"}, "asks for other or more questions of toy"),
    ],
)
def test_what_an_evaluation_leaves_out_of_its_runs_config(update: dict[str, Any], reason: str | None) -> None:
    own = EvaluationSettings(EvaluationConfig(tasks=[TaskConfig(name="toy", limit=8)]))
    found = smaller_than_asked(own, own, [own.evaluation.tasks[0].model_copy(update=update)])
    assert (found is None) if reason is None else (reason in (found or ""))


async def test_each_question_is_asked_as_often_as_there_are_samples_and_the_first_is_the_one_asked_before(
    file: Path, tmp_path: Path
) -> None:
    run, warm = tmp_path / "run", {"sampling": {"temperature": 0.7}}
    await measured({"base": played()}, evaluating(file, evaluation=warm), run)
    once, engine = recorded_keys(run), played()
    report = await measured({"base": engine}, evaluating(file, evaluation=SAMPLED), run)
    assert (report.requests_sent, report.requests_recalled) == (24, 8)
    assert {request.sample for request in engine.asked} == {1, 2, 3}
    assert len({request.seed for request in engine.asked}) == 24
    found = rows(run / "evaluation" / "base" / "toy.parquet")
    assert [(row["question_id"], row["sample"]) for row in found] == [
        (f"toy/questions/{number}", sample) for number in range(8) for sample in range(4)
    ]
    assert {row["ledger_key"] for row in found if row["sample"] == 0} == once


async def test_several_answers_come_to_pass_at_k_and_a_majority_beside_their_mean(file: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    engines = {"base": played("a"), "tuned": played("b")}
    await measured(engines, evaluating(file, evaluation=SAMPLED), run)
    found = summary(run)
    tally = found["tasks"]["toy"]["models"]["base"]
    assert (tally["answered"], tally["samples"], found["conditions"]["samples"]) == (8, 4, 4)
    assert list(tally["measures"]) == ["pass@2", "pass@4", "maj@4"]
    assert tally["accuracy"] == tally["correct"] / 32 <= tally["measures"]["pass@4"]["value"]
    [versus] = found["comparisons"]
    assert list(versus["tasks"]["toy"]["measures"]) == list(tally["measures"])
    assert "both_right" not in versus["tasks"]["toy"]


async def test_a_question_without_all_of_its_answers_is_not_counted_yet(file: Path, tmp_path: Path) -> None:
    short = evaluating(file, evaluation=SAMPLED, budget={"requests": 10}, scheduling={"window": 1})
    report = await measured({"base": played()}, short, tmp_path / "run")
    assert (report.stopped, report.complete) == ("10 requests", False)
    assert summary(tmp_path / "run")["tasks"]["toy"]["models"]["base"]["answered"] == 2
    assert len(rows(tmp_path / "run" / "evaluation" / "base" / "toy.parquet")) == 10


async def test_fewer_answers_per_question_than_recorded_stand_apart(file: Path, tmp_path: Path) -> None:
    run, warm = tmp_path / "run", {"sampling": {"temperature": 0.7}}
    await measured({"base": played()}, evaluating(file, evaluation=SAMPLED), run)
    before = summary(run)
    report = await measured({"base": played()}, evaluating(file, evaluation=warm), run)
    assert report.exploratory == "more answers of base to toy are recorded"
    assert report.requests_sent == 0
    assert summary(run) == before


async def test_a_seed_of_its_own_makes_runs_of_other_seeds_ask_the_same(file: Path, tmp_path: Path) -> None:
    asked = []
    for seed in (0, 1):
        engine = played()
        config = evaluating(file, seed=seed, evaluation={"seed": 7})
        await measured({"base": engine}, config, tmp_path / f"run-{seed}")
        asked.append({request.key for request in engine.asked})
    assert asked[0] == asked[1]


def test_several_answers_at_temperature_0_are_refused_with_what_to_set(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"set `evaluation\.sampling\.temperature`"):
        evaluating(file, evaluation={"samples": 8})


SAMPLED = {"sampling": {"temperature": 0.7}, "samples": 4}


@pytest.mark.parametrize(
    ("update", "reason"),
    [
        ({"sampling": {"temperature": 0.7, "max_tokens": 5}}, "its sampling is not that of the run's config"),
        ({"prompts": "direct"}, "its prompt is not that of the run's config"),
        ({"samples": 3}, "the run's config asks for 4 answers per question"),
        ({"samples": 8}, None),
    ],
)
def test_other_settings_than_the_runs_stand_apart(update: dict[str, Any], reason: str | None) -> None:
    tasks = [TaskConfig(name="toy")]
    own = EvaluationSettings(EvaluationConfig(tasks=tasks, **SAMPLED))
    used = EvaluationSettings(EvaluationConfig(tasks=tasks, **(SAMPLED | update)))
    assert smaller_than_asked(own, used, tasks) == reason


def test_another_seed_than_the_runs_stands_apart() -> None:
    own = EvaluationSettings(EvaluationConfig(tasks=[TaskConfig(name="toy")]))
    found = smaller_than_asked(own, replace(own, seed=1), own.evaluation.tasks)
    assert found == "its seed is not that of the run's config"


SCRIPT = """
import asyncio, sys
from pathlib import Path
from tests.evaluation.test_stage import evaluating
from regenesis.evaluation import EvaluationSettings
from regenesis.evaluation.stage import evaluate_models
config = evaluating(Path(sys.argv[1]), engine={"base_url": sys.argv[2], "max_in_flight": 4})
asyncio.run(evaluate_models({"base": config.engine}, EvaluationSettings.of_run(config), sys.argv[3]))
"""


def test_over_http_killed_and_resumed_it_asks_nothing_twice(tmp_path: Path) -> None:
    file, log, run = write_questions(tmp_path, 30), tmp_path / "requests.jsonl", tmp_path / "run"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    held_after: list[tuple[int, set[bytes]]] = []
    with server_process("--play", "arithmetic", "--delay", "0.01:0.05", "--log", str(log)) as url:
        command = [sys.executable, "-c", SCRIPT, str(file), url, str(run)]
        for wanted in (4, 14):
            with subprocess.Popen(command, env=environment) as process:
                # by what is recorded: what the server has seen may all be in flight still
                while process.poll() is None and len(recorded(run)) < wanted:
                    time.sleep(0.005)
                process.send_signal(signal.SIGKILL)
            held_after.append((len(log.read_bytes().splitlines()), recorded(run)))
        done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    sent = [digest(json.loads(line)) for line in log.read_bytes().splitlines()]
    for position, held in held_after:
        assert held
        assert not held & set(sent[position:])
    assert len(recorded(run)) == 30
    assert summary(run)["complete"]


def recorded(run: Path) -> set[bytes]:
    if not (run / "ledger.sqlite").exists():
        return set()
    with Ledger.read(run / "ledger.sqlite") as ledger:
        return {digest(ledger.request(key) or {}) for key in ledger.keys()}  # noqa: SIM118
