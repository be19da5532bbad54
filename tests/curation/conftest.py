"""Short ways to make the nouns that curation works on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from regenesis.types import GradedPath, Question, ReasoningPath, Verdict

STATUSES = {"18": "correct", None: "unparsed"}


@pytest.fixture(scope="session")
def question() -> Question:
    return Question(
        "gsm8k/train/0", "gsm8k", "Janet has 16 eggs, eats 3 and bakes 4. What do the rest sell for?", "18", "number"
    )


@pytest.fixture(scope="session")
def path_of() -> Callable[..., ReasoningPath]:
    def make(
        text: str = "", *, key: str = "k", tokens: int = 100, guideline: str = "simplify", **rest: Any
    ) -> ReasoningPath:
        steps = (("adapt", f"{key}-adapt", "adapted"), ("solve", f"{key}-solve", text))
        return ReasoningPath(
            **{"question_id": "gsm8k/train/0", "method": "regenesis", "hinted": False, "steps": steps}
            | {"guideline": guideline, "text": text, "tokens": tokens}
            | rest
        )

    return make


@pytest.fixture(scope="session")
def judged_of(path_of: Callable[..., ReasoningPath]) -> Callable[..., GradedPath]:
    """A judged path whose answer is right if it is 18, unparsed if it is `None`, else wrong."""

    def make(text: str, *, answer: str | None = "18", defect: str | None = None, **path: Any) -> GradedPath:
        verdict = Verdict(STATUSES.get(answer, "incorrect"), answer, "as the test says", "exact")  # type: ignore[arg-type]
        return GradedPath(path_of(text, **path), verdict, defect, text)

    return make
