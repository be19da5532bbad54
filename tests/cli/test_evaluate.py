from __future__ import annotations

import io
import json
import re
import shutil
from pathlib import Path

import pytest
from rich.console import Console
from tests.cli.running import in_terminal, regenesis, write_config, write_questions
from tests.fixtures.scripted_server import server_process
from tests.helpers.measured import results

from regenesis.cli.app import load_verb
from regenesis.cli.evaluation_display import EvaluationScreen, evaluation_line
from regenesis.errors import RegenesisError
from regenesis.evaluation.progress import EvaluationProgress

TASKS = {"tasks": [{"name": "mine", "file": "exam.jsonl", "kind": "number"}]}
EXAM = [
    {"id": number, "question": f"How much are {number} boxes of nine? [[gold={9 * number}]]", "answer": 9 * number}
    for number in range(12)
]


def write_exam(folder: Path) -> None:
    (folder / "exam.jsonl").write_text("".join(json.dumps(row) + "\n" for row in EXAM))


@pytest.fixture(scope="session")
def run_once(server: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluated")
    write_questions(folder)
    write_exam(folder)
    write_config(folder, server, evaluation=TASKS)
    outcome = regenesis("synthesize", "config.yaml", "--run-dir", "run", cwd=folder)
    assert outcome.returncode == 0, outcome.stderr
    return folder


@pytest.fixture
def run(run_once: Path, tmp_path: Path) -> Path:
    """A folder with the finished run `run`."""
    shutil.copytree(run_once, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_a_run_is_measured_and_shown_again_without_asking(run: Path) -> None:
    first = regenesis("evaluate", "run", cwd=run)
    assert first.returncode == 0, first.stderr
    assert "correct %" in first.stdout
    assert "This session: 12 requests" in first.stdout
    assert (run / "run" / "evaluation" / "base" / "mine.parquet").exists()
    again = regenesis("evaluate", "run", cwd=run)
    assert "This session: 0 requests" in again.stdout
    assert "12 answered from the ledger" in again.stdout


def test_json_is_what_the_summary_holds(run: Path) -> None:
    outcome = regenesis("evaluate", "run", "--json", cwd=run)
    shown = json.loads(outcome.stdout)
    assert shown == json.loads((run / "run" / "evaluation" / "summary.json").read_text("utf-8"))
    assert shown["models"]["base"]["answered"] == 12
    assert re.match(r"\[\d+ s\] ", outcome.stderr)


def test_a_limit_and_settings_come_from_the_command_line(run: Path) -> None:
    outcome = regenesis(
        "evaluate", "run", "--limit", "5", "--set", "evaluation.sampling.max_tokens=99", "--json", cwd=run
    )
    shown = json.loads(outcome.stdout)
    assert (shown["tasks"]["mine"]["questions"], shown["conditions"]["max_tokens"]) == (5, 99)


def test_a_budget_stops_it_with_the_command_that_goes_on(run: Path) -> None:
    outcome = regenesis("evaluate", "run", "--set", "budget.requests=4", cwd=run)
    assert outcome.returncode == 3
    assert "the budget of this session is exhausted (4 requests)" in outcome.stdout
    assert "4/12" in outcome.stdout
    assert "regenesis evaluate run --set budget.requests=4" in outcome.stdout


def test_a_served_model_is_measured_without_a_run(server: str, tmp_path: Path) -> None:
    write_exam(tmp_path)
    tasks = "evaluation.tasks=[{name: mine, file: exam.jsonl}]"
    command = ("evaluate", "scripted", "--base-url", server, "--limit", "6", "--json", "--set", tasks)
    outcome = regenesis(*command, cwd=tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    shown = json.loads(outcome.stdout)
    assert shown["models"]["scripted"]["answered"] == 6
    assert shown["tasks"]["mine"]["domain"] is None
    assert (tmp_path / "runs" / "evaluate-scripted" / "evaluation" / "scripted" / "mine.parquet").exists()


def test_answers_that_another_folder_has_recorded_are_not_asked_for_again(server: str, tmp_path: Path) -> None:
    write_exam(tmp_path)
    tasks = "evaluation.tasks=[{name: mine, file: exam.jsonl}]"
    asked = ("evaluate", "scripted", "--base-url", server, "--set", tasks)
    first = regenesis(*asked, "--out", "first", cwd=tmp_path)
    assert "This session: 12 requests" in first.stdout, first.stderr
    second = regenesis(*asked, "--out", "second", "--reuse", "first", cwd=tmp_path)
    assert second.returncode == 0, second.stderr
    assert "This session: 0 requests" in second.stdout
    assert "Nothing was taken over" not in second.stdout
    hotter = regenesis(
        *asked, "--out", "fourth", "--reuse", "first", "--set", "evaluation.sampling.temperature=0.3", cwd=tmp_path
    )
    assert "Nothing was taken over by --reuse." in hotter.stdout, hotter.stderr
    nowhere = regenesis(*asked, "--out", "third", "--reuse", "nowhere", cwd=tmp_path)
    assert (nowhere.returncode, "holds no ledger" in nowhere.stderr) == (1, True)


def test_nothing_read_is_an_exit_code_and_a_sentence(run: Path) -> None:
    with server_process("--play", "echo") as url:
        outcome = regenesis("evaluate", "run", "--set", f"engine.base_url={url}", cwd=run)
    assert outcome.returncode == 4
    assert "none of 12 answers could be parsed" in outcome.stdout.replace("\n", " ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--out", "x"], "--out applies to models"),
        (["run", "--engine", "llamacpp"], "--engine applies to models"),
        (["a.gguf", "--models", "base", "--tasks", "gsm8k"], "--models applies to a run"),
        (["run", "--models", "tuned"], "no model 'tuned'"),
        (["a.gguf"], "--tasks gsm8k"),
        (["a.gguf", "runs/m", "--tasks", "gsm8k"], "--engine transformers"),
        (["run", "--tasks", "gms8k"], "gsm8k"),
        (["runs/m", "--tasks", "gsm8k"], "runs/m: there is no such run, file or folder"),
        (["run/dataset", "--tasks", "gsm8k"], "run/dataset: is a folder without"),
        (["pypi:smollm", "--tasks", "gsm8k"], "no such model; known are"),
        (["run", "--set", "seed=9"], "seed"),
    ],
)
def test_what_cannot_be_measured_is_an_error_in_a_sentence(
    run_once: Path, arguments: list[str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run_once)
    with pytest.raises(RegenesisError, match=re.escape(words)):
        load_verb("evaluate")(arguments, standalone_mode=False)
    assert not (run_once / "runs").exists()


def test_an_error_is_shown_without_a_traceback(run: Path) -> None:
    outcome = regenesis("evaluate", "run", "--models", "tuned", cwd=run)
    assert (outcome.returncode, outcome.stderr.startswith("regenesis: run: has no model")) == (1, True)
    assert "Traceback" not in outcome.stderr


def test_interrupted_it_says_how_to_go_on(run: Path) -> None:
    with server_process("--play", "arithmetic", "--delay", "0.5:1") as url:
        code, shown = in_terminal(
            *("evaluate", "run", "--set", f"engine.base_url={url}", "--set", "engine.max_in_flight=2"),
            cwd=run,
            react=lambda text: b"\x03" if "time left" in text else None,
        )
    assert code == 130
    assert "Interrupted. Nothing is lost" in shown
    assert "regenesis evaluate run --set" in shown


def test_the_display_shows_model_tasks_and_speed() -> None:
    progress = EvaluationProgress()
    progress.begin(["base", "tuned"], {"gsm8k": 4, "svamp": 2})
    progress.begin_model("base")
    for result in results("rrw", task="gsm8k"):
        progress.finish(result, recalled=True)
    out = io.StringIO()
    console = Console(file=out, width=80, height=24, color_system=None)
    console.print(EvaluationScreen(progress, "runs/x", console).render())
    shown = out.getvalue()
    for words in ("base · 1 of 2", "3 of 6", "3 of 4", "67 % correct", "0 of 2"):
        assert words in shown
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 80
    assert "answered 3/6 · correct 2" in evaluation_line(progress)


def test_several_answers_per_question_at_temperature_0_are_refused_with_what_to_set(run: Path) -> None:
    outcome = regenesis("evaluate", "run", "--samples", "3", cwd=run)
    assert outcome.returncode == 1
    assert "at temperature 0 all of them would be the same answer" in " ".join(outcome.stderr.split())
    assert "Traceback" not in outcome.stderr


def test_several_answers_per_question_stand_beside_the_runs_own_results(run: Path) -> None:
    regenesis("evaluate", "run", cwd=run)
    sampled = ("--samples", "3", "--set", "evaluation.sampling.temperature=0.7")
    outcome = regenesis("evaluate", "run", *sampled, cwd=run)
    assert outcome.returncode == 0, outcome.stderr
    assert "pass@3" in outcome.stdout
    assert "Exploratory: its sampling is not that of the run's config" in " ".join(outcome.stdout.split())
    assert "This session: 36 requests" in outcome.stdout
    again = regenesis("evaluate", "run", *sampled, "--json", cwd=run)
    assert json.loads(again.stdout)["tasks"]["mine"]["models"]["base"]["samples"] == 3


def test_a_model_is_asked_several_times_without_a_run(server: str, tmp_path: Path) -> None:
    write_exam(tmp_path)
    outcome = regenesis(
        *("evaluate", "scripted", "--base-url", server, "--samples", "2", "--json"),
        *("--set", "evaluation.sampling.temperature=1", "--set", "evaluation.tasks=[{name: mine, file: exam.jsonl}]"),
        cwd=tmp_path,
    )
    assert outcome.returncode == 0, outcome.stderr
    tally = json.loads(outcome.stdout)["tasks"]["mine"]["models"]["scripted"]
    assert (tally["answered"], tally["samples"]) == (12, 2)
    assert list(tally["measures"]) == ["pass@2", "maj@2"]


def test_settings_that_evaluating_a_model_does_not_depend_on_are_unknown(tmp_path: Path) -> None:
    write_exam(tmp_path)
    outcome = regenesis(
        *("evaluate", "m", "--base-url", "http://127.0.0.1:9/v1", "--tasks", "gsm8k", "--set", "method.keep=3"),
        cwd=tmp_path,
    )
    assert outcome.returncode == 1
    assert "unknown key `method`" in " ".join(outcome.stderr.split())
    assert not (tmp_path / "runs").exists()
