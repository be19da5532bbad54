from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.played import SOLUTION, question
from tests.helpers.runs import toy_config

from regenesis.answers import check
from regenesis.methods import Opinion
from regenesis.synthesis.judging import PathJudge
from regenesis.types import GradedPath, Question, ReasoningPath


def judge_of(file: Path, **parts: Any) -> PathJudge:
    config = toy_config(file, **parts)
    return PathJudge(config.curation)


def path(text: str = SOLUTION, *, defect: str | None = None) -> ReasoningPath:
    return ReasoningPath("toy/train/0", "regenesis", "one", False, (), text, 60, defect=defect)


async def judged(judge: PathJudge, one: ReasoningPath, of: Question | None = None, **more: Any) -> GradedPath:
    return await judge.judge(one, of or question(), **more)


async def test_a_right_path_is_right_and_fit(file: Path) -> None:
    found = await judged(judge_of(file), path())
    assert (found.verdict.status, found.defect, found.training_text) == ("correct", None, SOLUTION)


async def test_a_broken_chain_has_no_answer(file: Path) -> None:
    found = await judged(judge_of(file), path("", defect="broken_adapt"))
    assert (found.verdict.status, found.defect, found.training_text) == ("unparsed", "broken_adapt", "")


async def test_the_verdict_is_on_what_would_be_trained_on(file: Path) -> None:
    # a turn of the user's that the model made up, with a question and an answer of its own, is cut off first
    text = SOLUTION + "\n\nUser: And how many are 20 and 21?\nAssistant: The answer is \\boxed{41}."
    found = await judged(judge_of(file), path(text))
    assert found.verdict.status == ("correct" if "\\boxed{41}" not in found.training_text else "incorrect")
    assert found.verdict == await check(found.training_text, question())


@pytest.mark.parametrize(
    ("reply", "status"), [("Yes.", "correct"), ("No.", "incorrect"), ("Hm.", "incorrect"), ("", "incorrect")]
)
async def test_the_models_own_judgement_must_agree_where_it_is_asked(file: Path, reply: str, status: str) -> None:
    asked = await judged(judge_of(file), path(), opinion=Opinion(reply, "and"))
    not_asked = await judged(judge_of(file), path())
    assert (asked.verdict.status, not_asked.verdict.status) == (status, "correct")


async def test_the_models_own_judgement_makes_no_wrong_path_right(file: Path) -> None:
    wrong = SOLUTION.replace("42", "41")
    found = await judged(judge_of(file), path(wrong), opinion=Opinion("Yes.", "and"))
    assert found.verdict.status == "incorrect"


@pytest.mark.parametrize(
    ("said", "status"), [("\\boxed{42}", "correct"), ("\\boxed{41}", "incorrect"), ("", "unparsed")]
)
async def test_a_summary_is_looked_at_where_the_path_gives_no_answer(file: Path, said: str, status: str) -> None:
    vague = "1. Count the books on both shelves.\n2. Put them together.\nThat settles it."
    judge = judge_of(file)
    found = await judged(judge, path(vague), stand_ins=[said])
    assert found.verdict.status == status
    found = await judged(judge, path(SOLUTION), stand_ins=["\\boxed{41}"])
    assert found.verdict.status == "correct"


async def test_other_work_goes_on_while_a_vote_waits_for_computer_algebra(file: Path) -> None:
    sums = [rf"The answer is \boxed{{\sum_{{i=1}}^{{10^9}} \sin(i+{number})}}." for number in range(3)]
    judge, asked = judge_of(file), question(gold=None, kind="math")
    found = [await judged(judge, path(f"1. We add it all up.\n2. So we do.\n\n{text}"), asked) for text in sums]
    voting = asyncio.create_task(judge.vote(found, asked, 2))
    turns = 0
    while not voting.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 100
    assert {one.verdict.rule for one in voting.result()} == {"vote"}


def test_the_choice_of_paths_is_the_curators(file: Path) -> None:
    assert judge_of(file).select([], 5) == []


async def test_a_tie_break_decides_what_the_checker_cannot_read(file: Path) -> None:
    vague = "1. Count the books on both shelves.\n2. Put them together.\nThat settles it."
    found = await judged(judge_of(file), path(vague), opinion=Opinion("Yes.", "tie-break"))
    assert (found.verdict.status, found.verdict.rule) == ("correct", "judge")


async def test_a_tie_break_leaves_alone_what_the_checker_can_read(file: Path) -> None:
    wrong = path("1. Two and two.\n2. Makes \\boxed{9}")
    found = await judged(judge_of(file), wrong, opinion=Opinion("Yes.", "tie-break"))
    assert found.verdict.status == "incorrect"


async def test_paths_found_right_and_fit_are_told_of_once(file: Path) -> None:
    told: list[GradedPath] = []
    judge = PathJudge(toy_config(file).curation, on_fit=lambda _, one: told.append(one))
    right = await judged(judge, path())
    await judged(judge, path(SOLUTION.replace("42", "41")))
    assert told == [right]


async def test_a_vote_finds_paths_right_that_had_no_gold_answer(file: Path) -> None:
    told: list[GradedPath] = []
    judge, asked = PathJudge(toy_config(file).curation, on_fit=lambda _, one: told.append(one)), question(gold=None)
    found = [await judged(judge, path(text), asked) for text in (SOLUTION, SOLUTION, SOLUTION.replace("42", "41"))]
    assert told == []
    voted = await judge.vote(found, asked, 2)
    assert told == voted[:2]
