from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from tests.helpers.measured import evaluation

from regenesis.evaluation.record import EvaluationReport
from regenesis.report.terminal import print_view
from regenesis.report.views.evaluation import evaluation_view


def printed(found: Any, width: int = 80, **fields: Any) -> str:
    out = io.StringIO()
    plain = {"stopped": None, "owed": {}} | dict.fromkeys(
        ("requests_sent", "requests_recalled", "prompt_tokens", "completion_tokens", "seconds"), 0
    )
    report = EvaluationReport(directory=Path("runs/x"), evaluation=found, **(plain | fields))
    console = Console(file=out, width=width, highlight=False, markup=False, emoji=False, color_system=None)
    print_view(console, evaluation_view(report, "regenesis evaluate runs/x"))
    return out.getvalue()


def tables_of(shown: str) -> str:
    """What was printed, without the commands at its end, which are never shortened."""
    return shown[: shown.index("\nAnswers ")]


WORSE = {"base": {"first": "r" * 20, "second": "rw" * 10}, "tuned": {"first": "w" * 15 + "r" * 5, "second": "wr" * 10}}


def test_what_got_worse_is_called_worse_and_a_difference_within_its_interval_none() -> None:
    lines = printed(evaluation(WORSE)).splitlines()
    assert any(line.startswith("first") and line.rstrip().endswith("worse, p <0.001") for line in lines)
    assert any(line.startswith("second") and line.rstrip().endswith("inconclusive") for line in lines)


def test_several_tasks_are_said_to_be_several_and_p_is_adjusted_for_that() -> None:
    shown = " ".join(printed(evaluation(WORSE)).split())
    assert "2 tasks, Holm-corrected at 5 %: significant on first." in shown


def test_an_interval_that_the_exact_test_does_not_confirm_is_a_hint() -> None:
    # Newcombe's interval leaves out 0 here, and McNemar's exact p is 0.0703
    base, tuned = "r" + "w" * 7 + "r" + "w" * 12, "r" + "r" * 7 + "w" + "w" * 12
    shown = " ".join(printed(evaluation({"base": {"a": base}, "tuned": {"a": tuned}})).split())
    assert "better, p 0.071" in shown
    assert "Treat it as weak evidence." in shown


def test_in_domain_and_out_of_domain_means_are_apart() -> None:
    outcomes = {model: {"a": "rw", "b": "rr", "c": "ww", "d": "wr"} for model in ("base", "tuned")}
    domains = {"a": "in-domain", "b": "in-domain", "c": "out-of-domain", "d": "out-of-domain"}
    shown = printed(evaluation(outcomes, domains=domains))
    assert shown.count("in-domain (2)") == shown.count("OOD (2)") == 3


@pytest.mark.parametrize(
    "names", [("gsm8k", "arc_challenge"), ("bbh/logical_deduction_seven_objects", "commonsense_qa")]
)
def test_the_tables_fit_80_columns(names: tuple[str, str]) -> None:
    size = 1300
    base = dict.fromkeys(names, "r" * (size // 2) + "w" * (size // 2))
    tuned = dict.fromkeys(names, "w" * (size // 2) + "u" * (size // 2))
    domains = dict(zip(names, ("in-domain", "out-of-domain"), strict=True))
    shown = printed(evaluation({"base": base, "round-2": tuned}, domains=domains))
    assert max(len(line.rstrip()) for line in tables_of(shown).splitlines()) <= 80
    assert shown.count("worse, p <0.001") == 2


def test_questions_that_were_trained_on_are_said_before_the_figures() -> None:
    found = evaluation({"base": {"a": "rw"}})
    found.trained_on = {"a": 1}
    assert printed(found).lstrip().startswith("a: 1 question also in the training data")


def test_what_else_speaks_against_the_figures_is_said_before_them() -> None:
    found = evaluation({"base": {"a": "rw"}})
    found.notes = ["The model is an older one."]
    assert printed(found).lstrip().startswith("The model is an older one.")


def test_what_a_name_or_a_model_brings_is_not_obeyed_by_the_terminal() -> None:
    assert "\x1b" not in printed(evaluation({"m\x1b[31m": {"t\x1b]0;x\x07": "rw"}}))


def test_a_wide_terminal_shows_names_whole_and_a_narrow_one_their_beginning() -> None:
    name = "bbh/logical_deduction_seven_objects"
    found = evaluation({"base": {name: "rw"}, "tuned": {name: "ww"}})
    wide, narrow = (tables_of(printed(found, width=width)) for width in (120, 80))
    assert wide.count(name) == 3
    assert name not in narrow
    assert narrow.count("bbh/logical_deduc…") == 3


FOUR_EACH = {
    "base": {"first": "rrrw" * 20, "second": "rwww" * 20},
    "tuned": {"first": "rrrr" * 20, "second": "wwww" * 20},
}


def test_several_answers_per_question_are_shown_as_pass_at_k_and_majority_too() -> None:
    lines = [" ".join(line.split()) for line in printed(evaluation(FOUR_EACH, samples=4)).splitlines()]
    assert any(line.startswith("first 20 75.0 ") for line in lines)
    assert lines.count("task pass@4 maj@4") == 3
    assert any(line.startswith("second 100.0 (83.8–100.0) 0.0 (0.0–16.2)") for line in lines)
    assert any(line.startswith("mean (2) ") and "+" in line for line in lines)
    assert any(line.startswith("correct %: mean over 4 answers per question (pass@1).") for line in lines)


def test_tasks_whose_questions_come_in_groups_are_named() -> None:
    shown = " ".join(printed(evaluation({"base": {"a": "rw" * 10}}, in_groups_of=4)).split())
    assert "a: questions that share a premise, passage, template or story are one cluster." in shown
    assert "clustered by group" in shown
    assert "cluster" not in printed(evaluation({"base": {"a": "rw" * 10}}))


def test_tables_of_several_answers_fit_80_columns() -> None:
    name = "bbh/logical_deduction_seven_objects"
    outcomes = {
        model: {name: letters * 600, "gsm8k": letters * 600} for model, letters in (("base", "rrww"), ("tuned", "rwww"))
    }
    shown = printed(evaluation(outcomes, samples=4, domains={name: "out-of-domain", "gsm8k": "in-domain"}))
    assert max(len(line.rstrip()) for line in tables_of(shown).splitlines()) <= 80


def test_the_answers_to_read_next_are_named() -> None:
    assert "regenesis show runs/x --evaluation first --flips lost" in printed(evaluation(WORSE), width=120)
    alone = printed(evaluation({"base": {"a": "rw" * 10}}), width=120)
    assert "regenesis show runs/x --evaluation a\n" in alone.replace(" \n", "\n")
    assert "regenesis show" not in printed(evaluation(WORSE), exploratory="20 questions")
