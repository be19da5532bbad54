from __future__ import annotations

from pathlib import Path
from typing import Any

from regenesis.report.blocks import Facts, Note
from regenesis.report.views.training import training_view
from regenesis.training import TrainingReport

REPORT: dict[str, Any] = {
    "fingerprint": "f",
    "settings": {},
    "base": "hf:org/base",
    "base_identity": "base@sha256:0",
    "tuning": "lora",
    "dtype": "bfloat16",
    "device": "cpu",
    "processes": 1,
    "trainable": 5,
    "parameters": 10,
    "rows": 12,
    "sequences": 12,
    "left_out": 0,
    "truncated": 0,
    "unfit": 0,
    "max_length": 99,
    "row_tokens": 200,
    "supervised_tokens": 100,
    "batch_size": 4,
    "steps": 3,
    "epochs": 1.0,
    "tokens": 200,
    "first_loss": 1.5,
    "final_loss": 1.25,
    "mean_loss": 1.25,
    "seconds": 0.0,
    "versions": {},
}


def blocks(**values: Any) -> list[Any]:
    report = TrainingReport(folder=Path("run/model"), **{**REPORT, **values})
    return [block for group in training_view(report, Path("a run")) for block in group]


def test_what_was_dropped_is_said_before_what_was_trained() -> None:
    first, second, *_ = blocks(notes=["1 row was left out"])
    assert (first.text, first.tone) == ("1 row was left out", "warning")
    assert second == Note("Trained: an adapter for hf:org/base.", "good")


def test_a_training_that_was_done_says_that_nothing_was_to_do() -> None:
    assert blocks(already_done=True)[0].text.startswith("Nothing to do")


def test_packing_is_told_and_a_clock_that_did_not_move_is_no_error() -> None:
    facts = dict(next(block for block in blocks(sequences=5) if isinstance(block, Facts)).rows)
    assert facts["rows"] == "12, packed into 5 sequences, at most 99 tokens each"
    assert facts["time"].endswith(" 0 tokens/s")


def test_commands_to_copy_quote_the_folder() -> None:
    assert ("Evaluate", "regenesis evaluate 'a run'") in blocks()[-1].rows
