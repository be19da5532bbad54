"""Grades answers to questions whose task brings its own scorer (`Question.kind == "scorer"`).

    grade_with_scorer(response, question).status

`Question.scoring` is what the tasks room made it: the reasoning-gym task, its parameters, seed, size, and the entry.
"""

from __future__ import annotations

import re

from regenesis.answers.endings import endings
from regenesis.answers.guard import guarded
from regenesis.answers.pool import WorkerPool, score_with_reasoning_gym
from regenesis.answers.reading import shown
from regenesis.answers.rules import DEFAULT_RULES, Rules
from regenesis.answers.statements import Statement, statements
from regenesis.answers.turns import before_invented_questions, final_part
from regenesis.types import Question, Verdict

_RIGHT = 0.999
_WRAPPED = re.compile(r"^\\(?:text|mathrm|textbf)\s*\{([^{}]*)\}$")
_EMPHASIS = re.compile(r"^(\*\*|`|\$|__)(.+)\1$", re.DOTALL)


def grade_with_scorer(
    response: str,
    question: Question,
    *,
    rules: Rules = DEFAULT_RULES,
    seconds: float = 10.0,
    pool: WorkerPool | None = None,
) -> Verdict:
    """Reads the final answer of a response and has the question's own scorer judge it, in a worker process.

    Args:
        response: What the model wrote.
        question: A question of kind `scorer`.
        rules: How much of the response is read.
        seconds: How long the scorer may take.
        pool: Where it runs; the shared pool by default.

    Returns:
        `correct` for a full score, `incorrect` for less, `unparsed` where no answer is stated or the scorer failed.
    """
    answer = final_answer(response, rules)
    if answer is None:
        return Verdict("unparsed", None, "no final answer found", "no-answer")
    task = question.scoring.get("task")
    if not isinstance(task, str):
        return Verdict("unparsed", answer.text, "the question has no scorer data", "bad-gold")
    score = score_with_reasoning_gym(answer.text, question.scoring, seconds, pool)
    if score is None:
        return Verdict("unparsed", answer.text, f"the scorer of {task} failed or timed out", "scorer")
    return Verdict(
        "correct" if score >= _RIGHT else "incorrect",
        answer.text,
        f"{task} scores {shown(answer.text)} {score:g}",
        f"scorer-{answer.place}",
    )


@guarded(lambda _: None)
def final_answer(response: str, rules: Rules = DEFAULT_RULES) -> Statement | None:
    """The last final answer stated in a response, as written but for its wrapping; `None` if none is stated."""
    part = final_part(response, rules.window)
    if part is None:
        return None
    part = next((before for before in before_invented_questions(part) if any(statements(before))), part)
    for statement in [*statements(part), *endings(part)]:
        text = _unwrapped(statement.text)
        if text:
            return Statement(text, statement.place)
    return None


def _unwrapped(text: str) -> str:
    text = text.strip()
    if text.count("**") == 1:
        text = text.removesuffix("**").strip()  # the other half stood before the phrase that introduced the answer
    for pattern, group in ((_EMPHASIS, 2), (_WRAPPED, 1), (_EMPHASIS, 2)):
        match = pattern.match(text)
        if match is not None:
            text = match[group].strip()
    return text
