from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from regenesis.curation import Overlap
from regenesis.curation.funnel import Funnel, Tally
from regenesis.report.terminal import print_view
from regenesis.report.views.synthesis import synthesis_view
from regenesis.runs import SynthesisReport
from regenesis.scheduling import Refusals
from regenesis.synthesis.decontaminating import Decontamination
from regenesis.tasks import BadRow

COMMAND = "regenesis synthesize config.yaml --run-dir runs/x"


def report(**values: Any) -> SynthesisReport:
    defaults: dict[str, Any] = {
        "directory": Path("runs/x"),
        "questions": 10,
        "finished": 10,
        "kept": 0,
        "funnel": Funnel(),
        "stopped": None,
        "owed": {},
        "bad_rows": [],
        "requests_sent": 0,
        "requests_recalled": 0,
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "seconds": 1.0,
        "model": "m",
    }
    return SynthesisReport(**{**defaults, **values})


def printed(ended: SynthesisReport) -> str:
    console = Console(file=io.StringIO(), width=200, highlight=False, markup=False, emoji=False)
    print_view(console, synthesis_view(ended, COMMAND))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def lossy() -> Funnel:
    funnel = Funnel(total=Tally(questions=10, chains=100, parsed=70, correct=30, fit=0))
    funnel.defects.update(broken_solve=12, leak=20, no_steps=10)
    funnel.lost.update(leak=20, no_steps=10)
    return funnel


def test_right_chains_that_the_judge_refused_are_not_called_wrong() -> None:
    funnel = Funnel(total=Tally(questions=10, chains=100, parsed=80, correct=10))
    funnel.overruled.update({"judge-said-no": 40, "judge-unclear": 5})
    shown = printed(report(funnel=funnel))
    assert "− 25 wrong answer; − 45 correct, but rejected by the self-judge" in " ".join(shown.split())
    assert "self_judge: off" in shown.split("Where 100 chains were lost:\n")[1].splitlines()[0]


def test_where_chains_were_lost_the_largest_loss_comes_first() -> None:
    shown = printed(report(funnel=lossy())).split("Where 100 chains were lost:\n")[1].splitlines()
    assert [line.split("(")[0].strip() for line in shown[:5]] == ["40", "20", "18", "12", "10"]
    assert "had a wrong answer" in shown[0]
    assert "filtered out: leak" in shown[1]
    assert "ended early: broken solve" in shown[3]


def test_losses_are_counted_once() -> None:
    shown = printed(report(funnel=lossy())).split("Where 100 chains were lost:\n")[1].splitlines()
    assert sum(int(line.split("(")[0]) for line in shown[:5]) == 100


def test_an_unfit_path_has_not_ended_early_whatever_its_defect_is_called() -> None:
    funnel = Funnel(total=Tally(questions=10, chains=100, parsed=90, correct=30))
    funnel.defects.update(broken_box=30, broken_solve=4)
    funnel.lost.update(broken_box=30)
    shown = " ".join(printed(report(funnel=funnel)).split())
    assert "− 6 no answer found − 4 broken solve" in shown
    assert "ended early: broken solve: the model returned an empty reply" in shown
    assert "ended early: broken box" not in shown
    assert "30 (30 %) were correct but filtered out: broken box" in shown


@pytest.mark.parametrize(
    ("defect", "advice"),
    [
        ("no_solution", "no worked solution"),
        ("no_solution_part", "lacks the heading of its last part"),
        ("thought_only_final_draft", "without its reasoning parser"),
        ("debate_lost", "`regenesis show` lists these chains under debate_lost"),
    ],
)
def test_each_way_of_ending_early_has_its_advice(defect: str, advice: str) -> None:
    funnel = Funnel(total=Tally(questions=10, chains=100))
    funnel.defects[defect] = 60
    shown = printed(report(funnel=funnel))
    assert "− 40 no answer found − 60" in " ".join(shown.split())
    assert f"ended early: {defect.replace('_', ' ')}: " in shown
    assert advice in shown


def test_an_unfinished_run_is_not_called_a_failure() -> None:
    shown = printed(report(finished=0, stopped="5 requests"))
    assert "No paths kept yet." in shown
    assert "No paths were kept" not in shown
    assert COMMAND in shown


def test_the_hinted_share_is_told() -> None:
    funnel = Funnel(total=Tally(questions=10, served=6, chains=40, parsed=40, correct=20, fit=20, kept=12))
    funnel.passes["hinted"].kept = 3
    assert "From the hint pass: 3 of 12 kept paths (25 %)." in printed(report(kept=12, funnel=funnel))


def test_several_tasks_are_counted_apart() -> None:
    funnel = Funnel(total=Tally(questions=10, served=6, chains=40, parsed=40, correct=20, fit=20, kept=12))
    funnel.tasks["one"] += Tally(questions=4, chains=16, kept=5)
    funnel.tasks["two"] += Tally(questions=6, chains=24, kept=7)
    rows = [line.split() for line in printed(report(kept=12, funnel=funnel)).splitlines()]
    assert ["one", "4", "0", "16", "0", "0", "5", "0.0", "%"] in rows
    assert ["two", "6", "0", "24", "0", "0", "7", "0.0", "%"] in rows


def test_a_few_bad_rows_and_owed_questions_are_named_and_all_are_counted() -> None:
    bad_rows = [BadRow("mine", "q.jsonl", line, "no answer") for line in range(1, 6)]
    owed = {f"q{number}": "\x1b[31mHTTP 500" for number in range(5)}
    shown = printed(report(bad_rows=bad_rows, owed=owed, finished=5))
    assert shown.count("no answer") == shown.count(r"\x1b[31mHTTP 500") == 3
    assert "Skipped: 5 bad rows." in shown
    assert "Set aside: 5 questions" in shown
    assert shown.count("… and 2 more") == 2
    assert "\x1b" not in shown


def test_questions_that_overlap_the_evaluation_are_counted_and_some_are_shown() -> None:
    overlaps = tuple(
        Overlap(f"toy/train/{number}", "measured/test/0", "so many words", same=False) for number in range(5)
    )
    left_out = printed(report(decontamination=Decontamination("drop", 8, {"measured/test": 9}, overlaps)))
    assert "Dropped for overlapping the evaluation: 5 questions." in left_out
    assert "  toy/train/0 and measured/test/0: so many words" in left_out
    assert "  … and 2 more; see decontamination.json in the run folder." in left_out
    kept = printed(report(decontamination=Decontamination("report", 8, {"measured/test": 9}, overlaps)))
    assert "Overlapping the evaluation, paths kept anyway: 5 questions." in kept
    assert "overlap" not in printed(report())


def test_refusals_are_told_by_stage_in_the_words_of_the_engine() -> None:
    refusals = {
        "solve": Refusals(24, "the context is 1024 tokens"),
        "structure": Refusals(2, "\x1b[31mno"),
    }
    shown = printed(report(refusals=refusals))
    assert "Refused by the engine: 26 requests." in shown
    assert "  solve, 24: the context is 1024 tokens" in shown
    assert r"  structure, 2: \x1b[31mno" in shown


def test_chains_that_were_refused_are_no_unread_answers() -> None:
    funnel = Funnel(total=Tally(questions=10, chains=44, parsed=16, correct=10, fit=10, kept=10))
    funnel.defects["refused_solve"] = 26
    shown = printed(report(kept=10, funnel=funnel))
    assert "− 2 no answer found − 26 refused solve" in shown


def test_prompts_that_stop_growing_are_told() -> None:
    assert "no more prompt tokens for 3 chats" in printed(report(stalled=3))


def test_the_report_as_json_holds_every_field() -> None:
    ended = report(bad_rows=[BadRow("mine", "q.jsonl", 1, "no answer")], funnel=lossy())
    assert set(ended.to_json()) == set(SynthesisReport.__dataclass_fields__)
    assert ended.to_json()["bad_rows"][0]["line"] == 1


def test_completions_that_were_looked_for_in_vain_are_told_of() -> None:
    assert "Nothing was taken over by --reuse." in printed(report(reused_nothing=True))
    assert "--reuse" not in printed(report())
