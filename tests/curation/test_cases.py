"""Each filter against its table of cases in `cases/`: what must be caught, and look-alikes that must pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from regenesis.config import CurationConfig
from regenesis.curation import Curator
from regenesis.curation.boxes import has_broken_box, unwrap
from regenesis.curation.equations import false_equation
from regenesis.curation.garbage import is_garbage
from regenesis.curation.leaks import find_leak
from regenesis.curation.numbered import OPENING, list_start, opened_with_list
from regenesis.curation.openings import without_opening
from regenesis.curation.opposed import has_opposed_answers
from regenesis.curation.rejected import chooses_what_it_rejects
from regenesis.curation.repetition import loops
from regenesis.curation.steps import too_few_steps
from regenesis.curation.turns import has_invented_turn
from regenesis.types import Choice, Question, ReasoningPath

EGGS = "Janet's ducks lay 16 eggs per day. How much does she make a day?"


def table(name: str) -> Any:
    cases = yaml.safe_load((Path(__file__).parent / "cases" / f"{name}.yaml").read_text(encoding="utf-8"))
    return pytest.mark.parametrize("case", [pytest.param(case, id=case["text"][:60]) for case in cases])


def asked(case: dict[str, Any]) -> str:
    return str(case.get("question", EGGS))


@table("leak")
def test_a_leak_is_found_and_its_look_alike_is_not(case: dict[str, Any], path_of: Callable[..., ReasoningPath]) -> None:
    question = Question("q", "t", asked(case), None, "text")
    curator = Curator(CurationConfig(min_steps=0))
    path = path_of(case["text"])
    defect = curator.defect(path, case["text"], question)
    assert defect == ("leak" if case["fate"] == "leak" else None), find_leak(case["text"], question.text)


@table("opening")
def test_an_opening_is_cut_only_where_nothing_is_lost(case: dict[str, Any]) -> None:
    assert without_opening(case["text"], EGGS) == case.get("cleaned", case["text"])


@table("steps")
def test_a_path_without_steps_is_told_from_one_that_works_something_out(case: dict[str, Any]) -> None:
    few = too_few_steps(case["text"], asked(case), 2, led_by=case.get("led_by", ()))
    assert few == (case["fate"] == "few")


@table("equations")
def test_a_false_equation_is_told_from_one_that_holds_or_is_not_stated(case: dict[str, Any]) -> None:
    found = false_equation(case["text"], asked(case))
    assert (found is not None) == (case["fate"] is False), found


@table("opposed")
def test_two_opposed_answers_are_told_from_one(case: dict[str, Any]) -> None:
    question = Question("q", "t", case.get("question", "Is it so?"), None, case["kind"])
    assert has_opposed_answers(case["text"], question) == (case["fate"] == "opposed")


@table("rejected")
def test_an_option_that_is_called_wrong_and_chosen_is_told_from_one_that_is_not(case: dict[str, Any]) -> None:
    choices = (Choice("A", "It melts."), Choice("B", "It freezes."))
    question = Question("q", "t", case.get("question", "What becomes of water?"), None, "choice", choices)
    assert chooses_what_it_rejects(case["text"], question) == (case["fate"] == "rejected")


@table("repetition")
def test_a_loop_is_told_from_honest_repetition(case: dict[str, Any]) -> None:
    text = case["text"] + case.get("again", "") * case.get("times", 0) + case.get("then", "")
    assert loops(text, 0.5) == (case["fate"] == "loop")


@table("garbage")
def test_garbage_is_told_from_odd_but_honest_text(case: dict[str, Any]) -> None:
    assert is_garbage(case["text"], asked(case)) == (case["fate"] == "garbage")


@table("outputs")
def test_an_output_that_no_program_gave_is_told_from_honest_code(
    case: dict[str, Any], path_of: Callable[..., ReasoningPath]
) -> None:
    question = Question("q", "t", asked(case), None, case.get("kind", "number"))
    curator = Curator(CurationConfig(min_steps=0, require_box=False))
    defect = curator.defect(path_of(case["text"]), case["text"], question)
    assert defect == ("invented_output" if case["fate"] == "invented" else None)


@table("turns")
def test_what_follows_the_final_answer_is_cut_where_a_new_turn_starts(
    case: dict[str, Any], path_of: Callable[..., ReasoningPath]
) -> None:
    question = Question("q", "t", asked(case), None, "text")
    cleaned = Curator(CurationConfig()).clean(path_of(case["text"]), question)
    assert cleaned == case.get("cleaned", case["text"])
    assert has_invented_turn(cleaned, question.text) == case.get("dropped", False)


@table("boxes")
def test_a_box_is_taken_off_whole_or_called_broken(case: dict[str, Any]) -> None:
    assert unwrap(case["text"]) == case["unwrapped"]
    assert has_broken_box(case["text"]) == case.get("broken", False)


@table("numbered")
def test_a_numbered_list_is_found_where_it_starts(case: dict[str, Any]) -> None:
    start = list_start(case["text"])
    if "from" not in case:
        assert start is None
        assert opened_with_list(case["text"]) == case["text"]
    else:
        assert start is not None
        assert case["text"][start:].startswith(case["from"])
        assert opened_with_list(case["text"]).startswith(f"{OPENING}\n\n{case['from'].strip()}")
