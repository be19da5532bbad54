"""Results, tasks and models of an evaluation, made for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.helpers.played import question

from regenesis.evaluation import Evaluation, MeasuredModel, MeasuredTask
from regenesis.types import Result, Verdict

ANSWERS = {"r": "7", "w": "8", "u": None}
STATUSES = {"r": "correct", "w": "incorrect", "u": "unparsed"}


def results(
    outcomes: str, *, model: str = "base", task: str = "toy", finish_reason: Any = "stop", samples: int = 1
) -> list[Result]:
    """One result a letter: right, wrong or unparsed; a space is an answer that is not there.

    With several samples, so many letters in a row are the answers to one question.
    """
    return [
        Result(
            model=model,
            task=task,
            question_id=f"{task}/test/{place // samples}",
            key=f"{place:032x}",
            response="text",
            finish_reason=finish_reason,
            prompt_tokens=10,
            completion_tokens=20,
            verdict=Verdict(STATUSES[letter], ANSWERS[letter], "because", "box"),  # type: ignore[arg-type]
            sample=place % samples,
        )
        for place, letter in enumerate(outcomes)
        if letter != " "
    ]


def task(name: str = "toy", size: int = 10, domain: Any = None, in_groups_of: int | None = None) -> MeasuredTask:
    questions = tuple(
        question(
            place,
            id=f"{name}/test/{place}",
            task=name,
            group=str(place // in_groups_of) if in_groups_of is not None else None,
        )
        for place in range(size)
    )
    return MeasuredTask(name, name, domain, {"name": name}, "test", questions, 0, 0, ())


def model(name: str, **conditions: Any) -> MeasuredModel:
    known = {"engine": "llamacpp", "precision": "Q4_1"} | conditions
    return MeasuredModel(name, f"{name}@sha256:0", {"engine": known["engine"], "model": name, "adapter": None}, known)


def evaluation(
    outcomes: dict[str, dict[str, str]],
    *,
    domains: dict[str, str] | None = None,
    models: Sequence[MeasuredModel] | None = None,
    samples: int = 1,
    in_groups_of: int | None = None,
) -> Evaluation:
    """By model and task, a letter an answer; every later model is compared with the first."""
    names = list(outcomes)
    sizes = {name: len(letters) for name, letters in outcomes[names[0]].items()}
    return Evaluation(
        conditions={"seed": 0, "samples": samples},
        tasks=[task(name, size // samples, (domains or {}).get(name), in_groups_of) for name, size in sizes.items()],
        models=models or [model(name) for name in names],
        results={
            name: {one: results(letters, model=name, task=one, samples=samples) for one, letters in tasks.items()}
            for name, tasks in outcomes.items()
        },
        pairs=[(names[0], name) for name in names[1:]],
        samples=samples,
    )
