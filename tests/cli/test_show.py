"""Reading a run in the terminal: its chains, and the answers of its evaluation."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.running import in_terminal
from tests.helpers.runs import THREE_STAGES

from regenesis import RunReport, load_config, run
from regenesis.cli.app import load_verb
from regenesis.engines.simulated.questions import write_questions
from regenesis.errors import ConfigError, RunError
from regenesis.evaluation.answers import read_answers
from regenesis.runs.status import read_questions_and_outcomes

Show = Callable[..., str]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunReport]:
    """A run that was synthesized, trained and evaluated on the simulated engine; not to be written to."""
    folder = tmp_path_factory.mktemp("whole")
    for name, seed in (("sums", 1), ("exam", 2)):
        write_questions(folder / f"{name}.jsonl", 8, groups=4, seed=seed)
    config = {
        "tasks": [{"name": "sums", "file": "sums.jsonl", "kind": "number"}],
        "engine": {"kind": "simulated", "gain": {"most": 3.0, "half_at": 2}},
        "method": THREE_STAGES | {"guidelines": 2, "wave": 2, "keep": 1},
        "evaluation": {"tasks": [{"name": "exam", "file": "exam.jsonl", "kind": "number"}]},
    }
    (folder / "config.yaml").write_text(json.dumps(config))
    return folder / "run", run(load_config(folder / "config.yaml"), folder / "run")


@pytest.fixture(scope="module")
def whole(reports: tuple[Path, RunReport]) -> Path:
    return reports[0]


@pytest.fixture
def show(whole: Path, capsys: pytest.CaptureFixture[str]) -> Show:
    """Shows that run with some options, and returns what was printed."""

    def shown(*arguments: str, run: Path = whole) -> str:
        capsys.readouterr()
        load_verb("show")([str(run), *arguments], standalone_mode=False)
        return capsys.readouterr().out

    return shown


def test_the_answers_of_an_evaluation_are_listed_model_by_model(show: Show, whole: Path) -> None:
    shown = show("--evaluation", "exam")
    recorded = read_answers(whole, "exam")
    changes = [one.change("base", "tuned") for one in recorded.questions]
    assert f"tuned vs base on exam, 8 questions: {changes.count('won')} won, {changes.count('lost')} lost" in shown
    assert shown.splitlines()[2].split()[:4] == ["question", "base", "tuned", "gold"]
    assert all(one.id in shown for one in recorded.questions)


def test_flips_leave_what_training_won_or_lost(show: Show, whole: Path) -> None:
    recorded = read_answers(whole, "exam")
    won = [one.id for one in recorded.questions if one.change("base", "tuned") == "won"]
    assert won
    found = json.loads(show("--evaluation", "exam", "--flips", "won", "--json"))
    assert [one["id"] for one in found["questions"]] == won
    assert {one["change"] for one in found["questions"]} == {"won"}


def test_one_question_is_shown_with_all_answers_in_full(show: Show, whole: Path) -> None:
    one = read_answers(whole, "exam").questions[3]
    shown = show("-e", "exam", "-q", one.id)
    for model in ("base", "tuned"):
        response = one.answers[model][0].response.strip().splitlines()[0]
        assert response in shown[shown.index(f"\n{model} ─") :]
    assert f"gold answer {one.gold} (number)" in shown


def test_full_shows_all_that_is_listed(show: Show, whole: Path) -> None:
    wrong = [one for one in read_answers(whole, "exam").questions if one.answers["tuned"][0].status == "incorrect"]
    shown = show("-e", "exam", "--model", "tuned", "--status", "incorrect", "--full")
    assert shown.count("verdict  incorrect") == len(wrong) > 0
    assert "base ─" not in shown


def test_prompts_are_shown_as_sent(show: Show, whole: Path) -> None:
    one = read_answers(whole, "exam").questions[0]
    shown = " ".join(show("-e", "exam", "-q", one.id, "--prompts").split())
    assert "prompt user" in shown
    assert "end with the final answer" in shown
    assert "prompt as above" in shown  # the tuned model was sent the same


def test_the_prompts_of_a_chain_are_shown_turn_by_turn(show: Show) -> None:
    shown = show("--full", "--prompts", "--limit", "1")
    assert shown.count("prompt  user  (goes on with the chat above)") == 2 * shown.count("\nprompt  user\n")


def test_a_search_finds_what_is_asked_and_what_is_written(show: Show, whole: Path) -> None:
    rows = list(read_questions_and_outcomes(whole))
    question, outcome = rows[2]
    assert outcome is not None
    asked = json.loads(show("--search", question.text.upper()[:40], "--json"))
    assert question.id in [row["id"] for row in asked]
    written = outcome.judged[0].path.steps[0][2].strip()
    found = json.loads(show("--search", written, "--full", "--json"))
    assert all(any(written in step[2] for step in chain["path"]["steps"]) for one in found for chain in one["chains"])


def test_chains_are_filtered_by_verdict_and_guideline(show: Show, whole: Path) -> None:
    found = json.loads(show("--status", "incorrect", "--full", "--json"))
    chains = [chain for one in found for chain in one["chains"]]
    assert {chain["verdict"]["status"] for chain in chains} == {"incorrect"}
    guideline = chains[0]["path"]["guideline"]
    found = json.loads(show("--guideline", guideline, "--full", "--json"))
    assert {chain["path"]["guideline"] for one in found for chain in one["chains"]} == {guideline}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-q", "nothing"], "has no question 'nothing'"),
        (["-q", "sums"], "'sums' is the beginning of 8 questions: sums/sums/"),
        (["-e", "gsm8k"], "its evaluation has no task 'gsm8k'; there are exam"),
        (["-e", "exam", "--model", "round-2"], "--model round-2: has no answers to exam; there are base, tuned"),
    ],
)
def test_what_cannot_be_found_is_named(options: list[str], said: str, show: Show) -> None:
    with pytest.raises(RunError, match=said):
        show(*options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--flips", "won"], "--flips: goes with --evaluation TASK"),
        (["-e", "exam", "--guideline", "x"], "--guideline: is about chains"),
        (
            ["-e", "exam", "--model", "base", "--flips", "won"],
            "compares two models, and there are only answers of base",
        ),
    ],
)
def test_options_that_do_not_go_together_are_an_error(options: list[str], said: str, show: Show) -> None:
    with pytest.raises(ConfigError, match=said):
        show(*options)


def test_the_next_page_keeps_the_filters(show: Show, whole: Path) -> None:
    shown = show("-e", "exam", "--search", "a", "--limit", "2")
    assert f"regenesis show {whole} --evaluation exam --search a --offset 2 --limit 2" in shown


def test_a_run_without_an_evaluation_says_how_to_get_one(show: Show, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="regenesis evaluate"):
        show("-e", "exam", run=tmp_path)


def test_a_summary_that_names_files_elsewhere_is_refused(show: Show, whole: Path, tmp_path: Path) -> None:
    document: dict[str, Any] = json.loads((whole / "evaluation" / "summary.json").read_text())
    document["tasks"]["exam"]["file"] = "../../../elsewhere.parquet"
    (tmp_path / "evaluation").mkdir()
    (tmp_path / "evaluation" / "summary.json").write_text(json.dumps(document))
    with pytest.raises(RunError, match="which is not of this run"):
        show("-e", "exam", run=tmp_path)


def test_long_output_at_a_terminal_goes_through_the_pager(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGER", "sed -e s/^/paged:/")
    code, shown = in_terminal("show", str(whole), "--full", cwd=whole)
    assert code == 0
    assert "paged:" in shown
    _, short = in_terminal("show", str(whole), "--limit", "1", cwd=whole)
    assert "paged:" not in short


def test_a_pager_that_cannot_be_started_is_done_without(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGER", "/nowhere/pager")
    code, shown = in_terminal("show", str(whole), "--full", cwd=whole)
    assert code == 0
    assert "verdict" in shown


def test_status_shows_what_the_evaluation_came_to(whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load_verb("status")([str(whole), "--json"], standalone_mode=False)
    [result] = json.loads(capsys.readouterr().out)["results"]
    summary = json.loads((whole / "evaluation" / "summary.json").read_text())
    shown = {model: one["shown"].split()[0] for model, one in summary["tasks"]["exam"]["models"].items()}
    assert (result["task"], result["answered"], result["accuracies"]) == ("exam", 8, shown)
    load_verb("status")([str(whole)], standalone_mode=False)
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("exam ")]
    assert line.split()[:4] == ["exam", "8", shown["base"], shown["tuned"]]


def test_reports_are_data_frames_and_short_to_print(reports: tuple[Path, RunReport]) -> None:
    folder, report = reports
    synthesis, _, evaluation = (one.report for one in report.stages)
    chains = synthesis.to_pandas()  # type: ignore[union-attr]
    assert len(chains) == synthesis.funnel.total.chains  # type: ignore[union-attr]
    assert chains.kept.sum() == synthesis.funnel.total.kept  # type: ignore[union-attr]
    answers = evaluation.to_pandas()  # type: ignore[union-attr]
    assert sorted(answers.model.unique()) == ["base", "tuned"]
    assert (answers.groupby("model").size() == 8).all()
    assert repr(synthesis).startswith(f"SynthesisReport({folder}: 8 of 8 questions, ")
    assert repr(evaluation).startswith(f"EvaluationReport({folder}: base on exam ")
    assert len(repr(report)) < 600


@pytest.mark.parametrize("option", ["--task", "--guideline", "--defect"])
def test_a_filter_that_names_what_the_run_does_not_know_is_told(option: str, show: Show) -> None:
    with pytest.raises(RunError, match=f"{option} nope: .* has no such {option[2:]}"):
        show(option, "nope")


def test_a_defect_that_no_chain_has_leaves_nothing(show: Show) -> None:
    assert "No questions to list" in show("--defect", "garbage")
