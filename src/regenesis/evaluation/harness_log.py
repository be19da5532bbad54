"""The answers that lm-evaluation-harness logs (`--log_samples`), as rows that can be graded.

    number, row = logged_answers(rows, faults, recipe_for("bbh/navigate"))[0]
    row["response"], row["gold"], row["harness"]    # "… So the answer is no.", ["no"], {"exact_match,strict": 0.0}

The log repeats an answer for every filter that the harness scored it by; here it is one row with all scores.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from regenesis.answers.gold import Gold
from regenesis.errors import TaskError
from regenesis.tasks.library import find_entry
from regenesis.tasks.recipes import Recipe
from regenesis.tasks.rows import RowError

Row = dict[str, Any]
_RIGHT = 0.5


@dataclass(slots=True)
class Agreement:
    """How far one score of the harness and our verdicts agree, answer by answer.

    Attributes:
        answers: Answers that have the score.
        correct: Those that the harness counts as right.
        agreed: Those on which both say the same.
    """

    answers: int = 0
    correct: int = 0
    agreed: int = 0

    def add(self, score: float, correct: bool) -> None:
        """Takes an answer's score, and whether our checker finds it correct."""
        right = score >= _RIGHT
        self.answers += 1
        self.correct += right
        self.agreed += right == correct


def is_logged(row: Mapping[str, Any]) -> bool:
    """Whether a row is one of a log of the harness."""
    return "resps" in row and "doc" in row


def recipe_for(task: str) -> Recipe:
    """How rows of a catalogued task become questions, for a log of the harness' own task over the same dataset.

    Raises:
        TaskError: There is no such task, or it has several parts, whose rows are read differently.
    """
    entry, parts = find_entry(task)
    if len(parts) > 1:
        raise TaskError(f"{task}: has {len(parts)} parts; name the one that was logged, such as {task}/{parts[0]}.")
    return entry.recipe(parts[0])


def logged_answers(
    rows: Iterable[tuple[int, Row]], faults: list[str], recipe: Recipe | None = None
) -> list[tuple[int, Row]]:
    """The answers of a log, each with its line, gold answer and the harness' scores.

    Args:
        rows: The lines of the log, each with its number.
        faults: Where lines that cannot be used are named.
        recipe: How a row of the dataset becomes a question. Left out, a question is what our own task file says, or
            else the harness' target is the gold answer.
    """
    found: dict[tuple[str, int], tuple[int, Row]] = {}
    for number, row in rows:
        try:
            answers = _responses(row)
            asked = _question(row, recipe)
        except RowError as error:
            faults.append(f"line {number}: {error}.")
            continue
        identity = json.dumps([row.get(name) for name in ("doc_id", "doc_hash", "prompt_hash")], default=str)
        for sample, response in enumerate(answers):
            known = found.setdefault(
                (identity, sample), (number, {**asked, "sample": sample, "response": response, "harness": {}})
            )
            known[1]["harness"] |= _scores(row)
    return list(found.values())


def _responses(row: Row) -> list[str]:
    """The texts that a model replied, one for each repeat."""
    requests = row["resps"]
    if not isinstance(requests, list) or not requests:
        raise RowError("holds no response")
    if len(requests) > 1 or not isinstance(requests[0], list) or not all(isinstance(one, str) for one in requests[0]):
        raise RowError(
            "holds log-likelihoods of given options, not text that a model wrote, so there is nothing to grade; log a "
            "task with output_type generate_until"
        )
    return requests[0]


def _question(row: Row, recipe: Recipe | None) -> Row:
    """What was asked, as far as grading goes."""
    doc = row["doc"] if isinstance(row["doc"], dict) else {}
    if recipe is not None:
        draft = recipe.draft(doc)
        if draft is None or not isinstance(draft.gold, Gold):
            raise RowError("is no question that the task takes, or has no gold answer")
        choices = [{"label": choice.label, "text": choice.text} for choice in draft.choices]
        asked = {"gold": [draft.gold.text, *draft.gold.accepted], "kind": draft.gold.kind, "choices": choices}
        return {"id": draft.row_id or row.get("doc_id"), **asked}
    if {"id", "gold", "kind", "scoring"} <= doc.keys():
        gold = [doc["gold"], *(doc.get("accepted") or [])]
        return {name: doc.get(name) for name in ("id", "kind", "choices")} | {
            "gold": gold,
            "scoring": _scoring(doc["scoring"]),
        }
    return {"id": row.get("doc_id"), "gold": row.get("target")}


def _scoring(text: Any) -> Any:
    try:
        return json.loads(text) if text else {}
    except (TypeError, ValueError, RecursionError) as error:
        raise RowError("its `scoring` is not JSON") from error


def _scores(row: Row) -> dict[str, float]:
    """The harness' scores of an answer by metric and filter, named as its own results name them."""
    metrics = row.get("metrics")
    found = {name: row.get(name) for name in metrics if isinstance(name, str)} if isinstance(metrics, list) else {}
    return {
        f"{name},{row.get('filter')}": float(score)
        for name, score in found.items()
        if isinstance(score, int | float) and 0 <= score <= 1
    }
