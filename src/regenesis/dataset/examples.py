"""From a kept path to the form that is trained on (TRL's conversational prompt-completion).

    example(judged, question, prompt).completion[0].content

Where it comes from goes with it, as flat columns.
"""

from __future__ import annotations

from collections.abc import Sequence

from regenesis.types import Example, GradedPath, Message, Question, storable


def example(
    judged: GradedPath,
    question: Question,
    prompt: Sequence[Message],
    *,
    completion: str | None = None,
    form: str = "",
    thought: str | None = None,
) -> Example:
    """The training example of a kept path: the cleaned path as the reply to a prompt.

    Args:
        judged: The path.
        question: The question it answers.
        prompt: The chat it is trained as the reply to; ends with a user's message.
        completion: The reply, where it is not the cleaned path itself.
        form: Which of several forms of one path this is.
        thought: What the model thought before, `None` where thoughts are not trained on.

    Raises:
        ValueError: The path is not fit and right, or answers another question.
    """
    path = judged.path
    if path.question_id != question.id:
        raise ValueError(f"the path answers {path.question_id!r}, not {question.id!r}")
    if not judged.keepable:
        raise ValueError(f"a path of {question.id!r} is not fit to train on: {judged.defect or judged.verdict.status}")
    return Example(
        prompt=tuple(Message(message.role, storable(message.content)) for message in prompt),
        completion=(Message("assistant", storable(judged.training_text if completion is None else completion)),),
        provenance={
            "question_id": question.id,
            "task": question.task,
            "guideline": path.guideline,
            "method": path.method,
            "hinted": path.hinted,
            "gold": question.gold,
            "answer": judged.verdict.extracted,
            "rule": judged.verdict.rule,
            "confidence": judged.verdict.confidence,
            "form": form,
            "tokens": path.tokens,
            "ledger_keys": [key for _, key, _ in path.steps],
        },
        thought=None if thought is None else storable(thought),
    )
