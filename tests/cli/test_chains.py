from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console

from regenesis.cli.chains import print_chains, print_question
from regenesis.methods import Outcome
from regenesis.methods.regenesis import ReGenesis
from regenesis.types import GradedPath, Message, Question, ReasoningPath, Verdict

QUESTION = Question("mine/0", "mine", "What is 3 + 4?", "7", "number")
PATH = ReasoningPath(
    question_id="mine/0",
    method="regenesis",
    guideline="break-down+simplify",
    hinted=False,
    steps=(("adapt", "a" * 32, "Adapted."), ("structure", "b" * 32, "Planned."), ("solve", "c" * 32, "Solved.")),
    text="Solved.",
    tokens=5,
)
RIGHT = GradedPath(PATH, Verdict("correct", "7", "'7' is '7'", "box"), None, "Solved.")
GUIDELINES = {"break-down": "Break it into parts.", "simplify": "Make it simpler."}


def printed(
    *judged: GradedPath,
    kept: tuple[GradedPath, ...] = (),
    only_kept: bool = False,
    prompts: dict[str, Sequence[Message]] | None = None,
) -> str:
    console = Console(file=io.StringIO(), width=100, highlight=False, markup=False, emoji=False)
    print_question(console, QUESTION)
    outcome = Outcome(QUESTION, judged, kept)
    print_chains(console, outcome, kept if only_kept else judged, ReGenesis.stages, GUIDELINES, prompts or {})
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_all_guidelines_of_a_selection_are_spelled_out() -> None:
    shown = printed(RIGHT)
    assert "Break it into parts." in shown
    assert "Make it simpler." in shown


def test_keys_are_short() -> None:
    assert f"adapted guideline  {'a' * 12}\n" in printed(RIGHT)


def test_what_the_model_wrote_is_shown_and_not_obeyed() -> None:
    hostile = "\x1b[2J\x1b]0;owned\x07[bold]Solved[/bold] :smile:\u202e"
    path = replace(PATH, steps=(("solve", "c" * 32, hostile),), text=hostile, guideline="\x1b[31m")
    verdict = Verdict("correct", "\x1b[5m7", "\x1b[5mblink", "box")
    shown = printed(GradedPath(path, verdict, None, "cleaned \x1b[2J"))
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert r"\x1b[2J\x1b]0;owned\x07[bold]Solved[/bold] :smile:\u202e" in shown


def test_kept_hinted_and_unfit_chains_say_so() -> None:
    hinted = replace(RIGHT, path=replace(PATH, hinted=True))
    unfit = replace(RIGHT, path=replace(PATH, guideline="simplify"), defect="no_steps")
    shown = printed(hinted, unfit, kept=(hinted,))
    first, second = shown.split("chain 2")
    assert "hinted  kept" in first
    assert "unfit    no steps" in second
    assert "kept" not in second


def test_a_right_and_fit_path_that_was_not_kept_says_why() -> None:
    assert "not kept: enough others were, or it is a near-duplicate" in printed(RIGHT)


def test_a_broken_chain_shows_how_far_it_came() -> None:
    broken = GradedPath(
        replace(PATH, steps=PATH.steps[:1], text="", defect="broken_structure"),
        Verdict("unparsed", None, "the chain broke off", "broken"),
        "broken_structure",
        "",
    )
    shown = printed(broken)
    assert "Adapted." in shown
    assert "Planned." not in shown
    assert "unfit    broken structure" in shown


def test_cleaned_text_is_shown_where_it_differs() -> None:
    assert "as training text" not in printed(RIGHT)
    assert "as training text\n  Cleaned." in printed(replace(RIGHT, training_text="Cleaned."))


def test_only_kept_keeps_the_numbers_of_the_chains() -> None:
    other = replace(RIGHT, path=replace(PATH, guideline="simplify"))
    shown = printed(RIGHT, other, kept=(other,), only_kept=True)
    assert "chain 1" not in shown
    assert "chain 2" in shown
