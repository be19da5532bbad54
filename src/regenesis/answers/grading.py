r"""Compares a response's final answer with gold.

grade("... so she makes \boxed{18} dollars.", "18").status  # "correct"
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from regenesis.answers.formulas import same_formula_answer
from regenesis.answers.gold import Gold, GoldError, NoGold, read_gold
from regenesis.answers.guard import guarded
from regenesis.answers.numbers import Number, same_number
from regenesis.answers.options import ChoicesLike, choices_from
from regenesis.answers.pool import Budget, shared_pool
from regenesis.answers.programs import grade_program
from regenesis.answers.reading import Answer, Unread, read, read_alone, shown
from regenesis.answers.rules import DEFAULT_RULES, Rules
from regenesis.answers.words import same_words
from regenesis.types import AnswerKind, Verdict

GradingKind = AnswerKind | Literal["auto"]

FAILED = "checker-failed"
"""The rule of a verdict where grading itself failed; always `unparsed`."""
_IN_WORDS = {"empty": "empty", "placeholder": "a placeholder", "unread": "a solution without a final answer"}
_MOST_SHOWN = 3

_PROGRAMS_OFF = Verdict(
    "unparsed", None, "not run: use grade_program or Rules(run_programs=True) to run model-written programs", "code"
)


def _ungraded(error: Exception) -> Verdict:
    return Verdict("unparsed", None, f"the checker failed on this text ({type(error).__name__})", FAILED)


@guarded(_ungraded)
def grade(
    response: str,
    gold: str | float | Sequence[str | float],
    *,
    kind: GradingKind = "auto",
    choices: ChoicesLike = (),
    rules: Rules = DEFAULT_RULES,
) -> Verdict:
    """Reads the final answer of a response and compares it with the right one.

    Args:
        response: What the model wrote; any text at all.
        gold: The right answer: a number, an option's label or text, yes or no, words, or a formula; the worked
            solution that ends in it; or several, any of which is right. For `code` the tests, as a program.
        kind: How answers compare; `auto` reads it off `gold` and `choices`.
        choices: The options of a multiple-choice question.
        rules: What a user may decide about grading.

    Returns:
        `correct`, `incorrect`, or `unparsed` where no answer could be read, with what was read and why. Never raises
        on any text.
    """
    if kind == "scorer":
        return Verdict("unparsed", None, "answers of kind scorer are not graded against gold text", "scorer")
    try:
        choices = choices_from(choices) if choices else ()
        found = read_gold(gold, kind, choices)
    except GoldError as error:
        return Verdict("unparsed", None, f"the gold answer {shown(str(gold))} {error}", "bad-gold")
    if isinstance(found, NoGold):
        return Verdict(
            "unparsed", None, f"no gold answer is known: {shown(str(gold))} is {_IN_WORDS[found.why]}", "no-gold"
        )
    if found.kind == "code":
        return grade_program(response, found.text) if rules.run_programs else _PROGRAMS_OFF
    return _compared(response, found, choices, rules)


def _compared(response: str, gold: Gold, choices: ChoicesLike, rules: Rules) -> Verdict:
    read_golds = (read_alone(text, gold.kind, choices) for text in (gold.text, *gold.accepted))
    wanted = [one for one in read_golds if one is not None]
    if not wanted:
        return Verdict("unparsed", None, f"the gold answer {shown(gold.text)} is not of kind {gold.kind}", "bad-gold")
    answer = read(response, gold.kind, choices, rules)
    if isinstance(answer, Unread):
        return Verdict("unparsed", None, answer.reason, answer.rule)
    found = _same_as_any(answer, wanted, rules)
    if found is None:
        return Verdict(
            "unparsed",
            answer.text,
            f"{shown(answer.text)} could not be compared with {shown(wanted[0].text)}",
            "symbolic",
        )
    if found:
        return Verdict("correct", answer.text, f"{shown(answer.text)} is the right answer", answer.place)
    right = " or ".join(shown(one.text) for one in wanted[:_MOST_SHOWN])
    return Verdict("incorrect", answer.text, f"{shown(answer.text)} is not {right}", answer.place)


def _same_as_any(answer: Answer, wanted: Sequence[Answer], rules: Rules) -> bool | None:
    unsure = False
    for one in wanted:
        same = _same(answer, one, rules)
        if same:
            return True
        unsure = unsure or same is None
    return None if unsure else False


@guarded(lambda _: None)
def equivalent(left: Answer, right: Answer, rules: Rules = DEFAULT_RULES, budget: Budget | None = None) -> bool | None:
    """Whether two answers of one kind are the same answer; `None` where that is left open.

    Args:
        left: An answer.
        right: Another one.
        rules: What a user may decide about grading.
        budget: What workers may spend on it and on what else shares the budget; by default what `rules` give an answer.
    """
    same = _same(left, right, rules, budget)
    return same or _same(right, left, rules, budget) if left.kind == "text" else same


def _same(answer: Answer, wanted: Answer, rules: Rules, budget: Budget | None = None) -> bool | None:
    same = _same_here(answer, wanted, rules)
    if same is None and answer.kind == "math" and rules.symbolic:
        return shared_pool().same_formula(wanted.text, answer.text, budget or rules.symbolic_seconds)
    return same


def _same_here(left: Answer, right: Answer, rules: Rules) -> bool | None:
    if isinstance(left.value, Number) and isinstance(right.value, Number):
        return same_number(left.value, right.value, rules)
    if left.kind in ("number", "math"):
        return same_formula_answer(left.text, right.text, rules)
    if left.kind == "text":
        return same_words(left.text, right.text)
    return left.value == right.value


@guarded(lambda _: None)
def extract(response: str, kind: AnswerKind, choices: ChoicesLike = (), rules: Rules = DEFAULT_RULES) -> str | None:
    """What would be read as the final answer: a number, an option's label, yes or no, words; `None` if nothing."""
    answer = read(response, kind, choices, rules)
    return answer.text if isinstance(answer, Answer) else None
