"""The verbs that look at a config or a run: plan, status, show, presets."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.cli.running import REGENESIS, SECONDS, regenesis
from tests.helpers.documented import page_text

from regenesis.config import PRESETS


def test_plan_names_the_stages_and_says_what_it_rests_on(folder: Path) -> None:
    shown = regenesis("plan", "config.yaml", cwd=folder).stdout
    assert shown.startswith("mine   4 questions: 4 number\n")
    assert "\n4 questions to ask.\n" in shown
    stages = shown[shown.index("stage") :].splitlines()[1:5]
    assert [line.split()[0] for line in stages] == ["adapt", "structure", "solve", "all"]
    assert "assume that 40% of the chains" in " ".join(shown.split())


TABLE = [
    {
        "question": "A?",
        "answer": "The crates hold 3 * 4 = <<3*4=12>>12 melons, as was to be found.\n#### 12",
        "seen": 1,
    },
    {"question": "B?", "answer": "12 pears"},
    {"question": "C?", "answer": "notfound"},
    {"question": "A?", "answer": "12"},
    {"question": "D?", "answer": "5"},
    {"question": "D?", "answer": "6"},
]
AUTO = ("--set", "tasks.0.kind=auto")


@pytest.fixture
def odd(folder: Path) -> Path:
    """A folder whose questions have solutions, units, a placeholder and repetitions for gold answers."""
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in TABLE))
    return folder


def test_plan_shows_what_was_read_for_each_task(odd: Path) -> None:
    shown = regenesis("plan", "config.yaml", *AUTO, cwd=odd).stdout
    lines = [line.rstrip() for line in shown.splitlines()]
    for line in (
        "mine   3 questions of 6 rows: 3 number",
        "  gold        …>12 melons, as was to be found. #### 12  →  12",
        "              12 pears                                  →  12",
        "  no gold     1 question (a placeholder): labelled by the majority of its own",
        "  repeated    2 rows with the question of an earlier row, asked once",
        "  set aside   1 question with contradicting gold answers, not asked",
        "Set aside for contradicting gold answers: 1 question.",
        "  D?: 5 and 6 (lines 5, 6)",
    ):
        assert line in lines
    assert max(map(len, lines)) <= 80


def test_plan_says_that_nothing_is_kept_without_gold_where_votes_are_off(odd: Path) -> None:
    shown = regenesis("plan", "config.yaml", *AUTO, "--set", "method.vote=never", cwd=odd).stdout
    assert "since voting is off" in " ".join(shown.split())


def test_plan_gives_the_account_as_json(odd: Path) -> None:
    made = json.loads(regenesis("plan", "config.yaml", *AUTO, "--json", cwd=odd).stdout)
    [task] = made["tasks"]
    assert (task["read"], task["questions"], task["kinds"], task["repeated"]) == (6, 3, {"number": 3}, 2)
    assert task["examples"][1] == {"cell": "12 pears", "gold": "12", "kind": "number"}
    assert [row["gold"] for row in made["set_aside"][0]["rows"]] == ["5", "6"]


def test_a_start_shows_what_was_read_before_it_asks(odd: Path) -> None:
    shown = regenesis("synthesize", "config.yaml", *AUTO, "--run-dir", "run", cwd=odd).stdout
    assert "mine   3 questions of 6 rows: 3 number" in shown
    assert [one["text"] for one in json.loads((odd / "run" / "set_aside.json").read_text())] == ["D?"]


def test_plan_counts_the_evaluation(folder: Path) -> None:
    (folder / "other.jsonl").write_text('{"id": 1, "question": "How many are two?", "answer": "2"}\n')
    measured = 'evaluation.tasks=[{"name": "other", "file": "other.jsonl"}]'
    shown = regenesis("plan", "config.yaml", "--set", measured, cwd=folder).stdout
    assert "Evaluation: 1 call (other 1) for the base model, and as many for the tuned model of each round" in " ".join(
        shown.split()
    )


def test_plan_takes_another_yield(folder: Path) -> None:
    certain, hopeless = (
        json.loads(regenesis("plan", "config.yaml", "--json", "--yield", chance, cwd=folder).stdout)
        for chance in ("1", "0")
    )
    assert certain["chain_yield"] == 1
    assert certain["expected_calls"] < hopeless["expected_calls"]
    assert hopeless["expected_kept"] == 0


def test_plan_asks_no_model(folder: Path) -> None:
    outcome = regenesis("plan", "config.yaml", "--set", "engine.base_url=http://127.0.0.1:9/v1", cwd=folder)
    assert outcome.returncode == 0


def test_plan_fits_a_terminal_however_large_the_run(folder: Path) -> None:
    (folder / "questions.jsonl").write_text(
        "".join(json.dumps({"id": n, "question": f"{n}?", "answer": "1"}) + "\n" for n in range(3000))
    )
    shown = regenesis("plan", "config.yaml", "--set", "preset=paper", cwd=folder).stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert "structure " in shown
    assert "…" not in shown


def test_status_counts_what_the_run_holds(finished: Path) -> None:
    shown = regenesis("status", "run", cwd=finished).stdout
    assert shown.startswith("run  synthesis finished\n")
    assert "4 of 4 finished (100 %)" in shown
    assert "structure" in shown


def test_status_tells_how_far_training_and_evaluation_have_come(finished: Path, tmp_path: Path) -> None:
    shown = regenesis("status", "run", cwd=finished).stdout
    assert re.search(r"^trained +not yet *$", shown, re.M)
    assert re.search(r"^evaluated +not yet *$", shown, re.M)
    run = tmp_path / "run"
    shutil.copytree(finished / "run", run)
    with (run / "log.jsonl").open("a") as log:
        log.write('{"event": "training_start"}\n{"event": "training_step", "step": 7, "steps": 20}\n')
    assert "stopped after step 7 of 20" in regenesis("status", "run", cwd=tmp_path).stdout
    (run / "model").mkdir()
    record = {"settings": {}, "method": "lora", "steps": 20, "first_loss": 1.5, "final_loss": 1.25}
    (run / "model" / "training.json").write_text(json.dumps(record))
    (run / "evaluation").mkdir()
    summary = {"complete": False, "models": {"base": {}, "tuned": {}}, "tasks": {"gsm8k": {}}}
    (run / "evaluation" / "summary.json").write_text(json.dumps(summary))
    (run / "round-2").mkdir()
    shown = regenesis("status", "run", cwd=tmp_path).stdout
    assert "an adapter, 20 steps, loss 1.5000 at the first and 1.2500 at the last" in " ".join(shown.split())
    assert "base, tuned on gsm8k; incomplete" in shown
    assert "run/round-2" in shown


def test_status_json_adds_up(finished: Path) -> None:
    status = json.loads(regenesis("status", "run", "--json", cwd=finished).stdout)
    outcomes = status["outcomes"]
    assert outcomes["chains"] == outcomes["correct"] + outcomes["incorrect"] + outcomes["unparsed"]
    assert status["stages"]["solve"]["completions"] == outcomes["chains"]


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("status", ("run",)),
        ("show", ("run",)),
        ("dataset", ("run", "--form", "preference")),
        ("plan", ("config.yaml",)),
        ("synthesize", ("config.yaml", "--run-dir", "run")),
    ],
)
def test_json_holds_the_fields_that_are_documented(verb: str, arguments: tuple[str, ...], finished: Path) -> None:
    [row] = re.findall(rf"^\| `{verb}` \|(.*)\|$", page_text("docs/reading.md"), re.MULTILINE)
    printed = json.loads(regenesis(verb, *arguments, "--json", cwd=finished).stdout)
    document = printed[0] if isinstance(printed, list) else printed
    assert set(re.findall("`([a-z_]+)`", row.partition("; in full")[0])) <= set(document)


def test_status_of_a_run_that_ran_out_of_budget_says_so(folder: Path) -> None:
    regenesis("synthesize", "config.yaml", "--run-dir", "run", "--set", "budget.requests=3", cwd=folder)
    shown = regenesis("status", "run", cwd=folder).stdout
    assert shown.startswith("run  stopped: budget exhausted (3 requests)\n")
    assert "0 of 4 finished" in shown


def test_show_lists_questions_with_their_counts(finished: Path) -> None:
    rows = json.loads(regenesis("show", "run", "--json", cwd=finished).stdout)
    lines = regenesis("show", "run", cwd=finished).stdout.splitlines()
    assert [row["id"] for row in rows] == [f"mine/questions/q{number}" for number in range(4)]
    for row, line in zip(rows, lines[1:], strict=False):
        assert line.split()[:4] == [row["id"], *(str(row[name]) for name in ("chains", "correct", "kept"))]


def test_show_lists_a_page_and_names_the_next(finished: Path) -> None:
    shown = regenesis("show", "run", "--limit", "1", "--offset", "2", cwd=finished).stdout
    assert "q2" in shown
    assert "q1" not in shown
    assert "regenesis show run --offset 3 --limit 1" in shown
    last = regenesis("show", "run", "--limit", "1", "--offset", "3", cwd=finished).stdout
    assert "Next page" not in last


def test_show_tells_unfinished_questions_apart(folder: Path) -> None:
    regenesis("synthesize", "config.yaml", "--run-dir", "run", "--set", "budget.requests=5", cwd=folder)
    assert regenesis("show", "run", cwd=folder).stdout.count("not finished yet") == 4
    rows = json.loads(regenesis("show", "run", "--unfinished", "--json", cwd=folder).stdout)
    assert sum(row["completions"] for row in rows) == 5
    begun = next(row["id"] for row in rows if row["completions"])
    shown = regenesis("show", "run", "--question", begun, cwd=folder).stdout
    assert "not finished yet: " in shown
    assert "adapted guideline" in shown
    found = json.loads(regenesis("show", "run", "-q", begun, "--json", cwd=folder).stdout)
    assert found["chains"] is None
    assert sum(map(len, found["so_far"])) == next(row["completions"] for row in rows if row["id"] == begun)


def test_show_leads_from_guideline_to_verdict(finished: Path) -> None:
    shown = regenesis("show", "run", "--question", "mine/questions/q1", cwd=finished).stdout
    first = shown.split("chain 2")[0]
    places = [
        first.index(word)
        for word in ("guideline", "adapted guideline", "reasoning structure", "reasoning path", "verdict")
    ]
    assert places == sorted(places)
    assert "gold answer 8 (number)" in shown


def test_show_kept_leaves_out_the_others(finished: Path) -> None:
    found = json.loads(regenesis("show", "run", "-q", "mine/questions/q1", "--kept", "--json", cwd=finished).stdout)
    assert found["chains"]
    assert all(chain["kept"] and chain["verdict"]["status"] == "correct" for chain in found["chains"])


def test_a_question_that_is_not_in_the_run_is_an_error(finished: Path) -> None:
    outcome = regenesis("show", "run", "--question", "q9", cwd=finished)
    assert outcome.returncode == 1
    assert "has no question 'q9'" in outcome.stderr


@pytest.mark.parametrize("arguments", [["show", "run"], ["show", "run", "-q", "mine/questions/q0"]])
def test_what_a_question_holds_is_shown_and_not_obeyed(arguments: list[str], finished: Path) -> None:
    shown = regenesis(*arguments, cwd=finished, FORCE_COLOR="1", TERM="xterm", COLUMNS="200").stdout
    assert "[bold]0[/bold]" in shown
    assert r"\x1b[31m7\x1b[0m" in shown


def test_colours_are_left_out_on_request(finished: Path) -> None:
    arguments = ("show", "run", "-q", "mine/questions/q1")
    colours = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
    assert "\x1b[1;32m" in regenesis(*arguments, cwd=finished, **colours).stdout
    assert "\x1b[1;32m" not in regenesis(*arguments, cwd=finished, **colours, NO_COLOR="1").stdout


def test_a_reader_that_goes_away_ends_the_command_without_a_word(finished: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    outcome = subprocess.run(
        [*REGENESIS, "show", "run", "-q", "mine/questions/q1"],
        cwd=finished,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    os.close(writing)
    assert outcome.stderr == ""


def test_presets_are_listed_with_what_they_set(tmp_path: Path) -> None:
    shown = regenesis("presets", cwd=tmp_path).stdout
    listed = json.loads(regenesis("presets", "--json", cwd=tmp_path).stdout)
    assert list(listed) == list(PRESETS)
    assert [line for line in shown.splitlines() if line in PRESETS] == list(PRESETS)
    assert listed["paper"]["method"]["sampling"]["temperature"] == 1.2
    assert "temperature: 1.2" in shown


def test_doctor_takes_overrides_with_a_config_only(folder: Path) -> None:
    shown = regenesis("doctor", "config.yaml", "--set", "engine.base_url=http://127.0.0.1:9/v1", cwd=folder)
    assert "127.0.0.1:9" in shown.stdout
    outcome = regenesis("doctor", "--set", "method.keep=3", cwd=folder)
    assert outcome.returncode == 1
    assert "needs a config" in outcome.stderr


def test_plan_warns_where_guessing_alone_fills_the_data(tmp_path: Path) -> None:
    rows = [{"question": f"Is {number} even?", "answer": "yes" if number % 2 == 0 else "no"} for number in range(6)]
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "config.yaml").write_text("tasks: [{name: mine, file: questions.jsonl}]\nmethod: {name: star}\n")
    shown = " ".join(regenesis("plan", "config.yaml", cwd=tmp_path).stdout.split())
    assert "Guessing alone answers 100% of these questions rightly at least once in 8 samples" in shown
