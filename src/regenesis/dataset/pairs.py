"""Preference pairs: a kept path against a wrong one of the same question, in TRL's conversational preference format.

    written = write_pairs(run / "preferences", outcomes, method)
    DPOTrainer(train_dataset=load_dataset("runs/x/preferences", split="train"), ...)

A rejected path answers wrongly, and its form is sound: long enough, boxed and without a loop. Else the pairs would
teach the form of an answer rather than its reasoning.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from regenesis.dataset.card import JSONL, PARQUET
from regenesis.errors import RunError
from regenesis.filesystems import replacing, sync
from regenesis.methods import Method, Outcome
from regenesis.types import GradedPath, storable

_COLUMNS = ("question_id", "task", "gold", "chosen_guideline", "rejected_guideline", "chosen_answer", "rejected_answer")
_OF_REASONING = (None, "false_equation")
"""Defects of a rejected path that are no matter of form: an equation that does not hold is often how it went wrong."""


@dataclass(frozen=True, slots=True)
class PairsSummary:
    """What was written.

    Attributes:
        folder: The folder.
        rows: Pairs.
        questions: Questions that they come from.
        one_sided: Questions with kept paths and no sound wrong one, or the other way round.
    """

    folder: Path
    rows: int
    questions: int
    one_sided: int


def write_pairs(folder: Path, outcomes: Iterable[Outcome], method: Method[Any]) -> PairsSummary:
    """Writes `train.parquet` and `train.jsonl`, replacing what an earlier call wrote; none of them without pairs.

    Raises:
        RunError: The folder cannot be written.
    """
    import pyarrow
    import pyarrow.parquet

    rows: list[dict[str, Any]] = []
    questions = one_sided = 0
    for outcome in outcomes:
        pairs = list(_pairs(outcome, method))
        questions += bool(pairs)
        one_sided += not pairs and bool(outcome.kept or _wrong(outcome))
        rows += pairs
    text = pyarrow.string()
    messages = pyarrow.list_(pyarrow.struct([("role", text), ("content", text)]))
    schema = pyarrow.schema(
        [
            *((name, messages) for name in ("prompt", "chosen", "rejected")),
            *((name, text) for name in _COLUMNS),
            ("chosen_hinted", pyarrow.bool_()),
        ]
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not rows:
            for name in (PARQUET, JSONL):
                (folder / name).unlink(missing_ok=True)
        else:
            with replacing(folder / PARQUET) as partial:
                pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), partial, compression="zstd")
            with replacing(folder / JSONL) as partial:
                partial.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
        sync(folder)
    except OSError as error:
        raise RunError(
            f"{folder}: the pairs cannot be written ({error}). Free space or choose another disk."
        ) from error
    return PairsSummary(folder, len(rows), questions, one_sided)


def _pairs(outcome: Outcome, method: Method[Any]) -> Iterator[dict[str, Any]]:
    """Kept and wrong paths of a question side by side, each once, the wrong ones in an order by hash."""
    rejected = sorted(_wrong(outcome), key=lambda one: _order(outcome, one))
    chosen = [next(rows) for _, rows in groupby(method.rows(outcome), key=lambda row: id(row.judged))]
    for row, wrong in zip(chosen, rejected, strict=False):
        question, right = outcome.question, row.judged
        yield {
            "prompt": [{"role": turn.role, "content": storable(turn.content)} for turn in row.prompt],
            "chosen": [{"role": "assistant", "content": storable(row.completion)}],
            "rejected": [{"role": "assistant", "content": storable(wrong.training_text)}],
            "question_id": storable(question.id),
            "task": question.task,
            "gold": None if question.gold is None else storable(question.gold),
            "chosen_guideline": right.path.guideline,
            "rejected_guideline": wrong.path.guideline,
            "chosen_answer": _storable(right.verdict.extracted),
            "rejected_answer": _storable(wrong.verdict.extracted),
            "chosen_hinted": right.path.hinted,
        }


def _wrong(outcome: Outcome) -> list[GradedPath]:
    """The paths whose answer is wrong and which are sound otherwise, each text once."""
    found = {
        one.training_text: one
        for one in outcome.judged
        if one.verdict.status == "incorrect" and one.defect in _OF_REASONING and not one.path.hinted
    }
    return list(found.values())


def _order(outcome: Outcome, one: GradedPath) -> str:
    return hashlib.blake2b(f"{outcome.question.id}\n{one.training_text}".encode("utf-8", "replace")).hexdigest()


def _storable(text: str | None) -> str | None:
    return None if text is None else storable(text)
