"""What the checker says of a text as the answer to a question, without holding up the event loop.

    verdict = await check(completion.text, question)

Synthesis and evaluation ask here, so that both mean the same by a right answer.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from regenesis.answers.grading import extract, grade
from regenesis.answers.rules import DEFAULT_RULES, Rules
from regenesis.types import Question, Verdict

_POOLED_KINDS = ("math", "scorer")
"""Kinds whose check may wait for a worker process, and so must not hold up the event loop."""


def is_quick(question: Question) -> bool:
    """Whether answers to a question are checked at once, and wait for no worker or program."""
    return question.kind not in (*_POOLED_KINDS, "code")


async def check(text: str, question: Question, rules: Rules = DEFAULT_RULES) -> Verdict:
    """The checker's verdict on a text; without a gold answer it can only say what it read.

    Args:
        text: What the model wrote; any text at all.
        question: The question it answers.
        rules: What a user may decide about grading; programs are run only if it says so.

    Raises:
        OSError: A program was to be run and no process could be started.
    """
    if question.kind == "code" and rules.run_programs:
        return await asyncio.get_running_loop().run_in_executor(_program_threads(), _check, text, question, rules)
    if question.kind in _POOLED_KINDS:
        return await asyncio.to_thread(_check, text, question, rules)
    return _check(text, question, rules)


@cache
def _program_threads() -> ThreadPoolExecutor:
    """No more programs at once than cores: their time is limited, and waiting for a core must not count."""
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="programs")


def _check(text: str, question: Question, rules: Rules) -> Verdict:
    if question.kind == "scorer":
        from regenesis.answers.scorer import grade_with_scorer

        return grade_with_scorer(text, question)
    if question.gold is None:
        extracted = extract(text, question.kind, question.choices, rules)
        if extracted is None:
            return Verdict("unparsed", None, "no final answer found", "no_gold")
        return Verdict("incorrect", extracted, "there is no gold answer to compare with", "no_gold")
    gold = [question.gold, *question.accepted] if question.accepted else question.gold
    return grade(text, gold, kind=question.kind, choices=question.choices, rules=rules)
