from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.helpers.compared import run

from regenesis.experiments.caveats import caveats
from regenesis.experiments.results import FinishedRun

BASE, TUNED = {"toy": "rw"}, {"toy": "rr"}
LIKE = {"evaluation: max_tokens": 512, "training tasks": [{"name": "sums", "limit": 3}]}


def alike(label: str, **options: object) -> FinishedRun:
    return run(label, BASE, TUNED, **{"conditions": LIKE, **options})  # type: ignore[arg-type]


CASES = [
    ([alike("a"), alike("b")], []),
    (
        [alike("a"), alike("b", conditions=LIKE | {"evaluation: max_tokens": 1024})],
        ["Not alike: evaluation: max_tokens (512 for a; 1,024 for b). The difference may be due to that."],
    ),
    (
        [alike("a"), alike("b", conditions=LIKE | {"training tasks": [{"name": "puns"}, {"name": "sums"}]})],
        ["Not alike: training tasks (sums for a; puns, sums for b). The difference may be due to that."],
    ),
    (
        [alike("a"), alike("b", complete=False)],
        ["runs/b: not all questions are answered yet; figures cover those that all runs answered."],
    ),
    (
        [replace(alike("a"), notes=["The prompts have changed."]), replace(alike("b"), up_to_date=False)],
        [
            "runs/a: The prompts have changed.",
            "runs/b: its model was trained on another dataset than it holds now, so its numbers of rows may be wrong. "
            "Bring it up to date with: regenesis train runs/b",
        ],
    ),
    (
        [alike("a"), run("b", {"toy": "rw", "puns": "r"}, {"toy": "rr", "puns": "r"}, conditions=LIKE)],
        ["puns: left out, since a was not evaluated on it."],
    ),
    (
        [alike("a"), run("b", BASE, {"toy": "r "}, conditions=LIKE)],
        ["toy: 1 question left out that not every run answered."],
    ),
    ([alike("a"), alike("b", conditions={})], []),
]


@pytest.mark.parametrize(("runs", "told"), CASES)
def test_what_is_not_alike_is_told(runs: Sequence[FinishedRun], told: list[str]) -> None:
    assert caveats(runs) == told


def test_few_runs_are_named_and_the_others_counted() -> None:
    runs = [alike(f"m{number}") for number in range(5)] + [alike("z", conditions={**LIKE, "evaluation: max_tokens": 1})]
    assert caveats(runs) == [
        "Not alike: evaluation: max_tokens (512 for m0, m1, m2 and 2 more; 1 for z). The difference may be due to that."
    ]


def test_what_differs_on_purpose_is_not_told() -> None:
    runs = [alike("a"), alike("b", conditions=LIKE | {"training tasks": []})]
    assert caveats(runs, but={"training tasks"}) == []
