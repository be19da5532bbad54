"""What several views say alike."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from regenesis.report.blocks import Note
from regenesis.report.figures import counted, duration

NAMED = 3
"""Examples that are named; the rest is counted."""


def with_examples(text: str, examples: Iterable[str], count: int, file: str) -> Note:
    """A warning with the first of its examples; `file` holds them all."""
    details = list(islice(examples, NAMED))
    if count > NAMED:
        details.append(f"… and {count - NAMED:,} more; see {file}.")
    return Note(text, "warning", details=details)


def budget_note(stopped: str) -> Note:
    """What a budget ran out of."""
    return Note(f"Stopped: the budget of this session is exhausted ({stopped}).", "warning")


def damage_note(completions: int) -> Note:
    """How many recorded completions no longer match their checksums."""
    said = f"Corrupted in the ledger and requested again: {counted(completions, 'completion')}. Check the disk."
    return Note(said, "warning")


def traffic_note(*, sent: int, recalled: int, seconds: float, new_tokens: int, prompt_tokens: int) -> Note:
    """What was sent in this session."""
    said = f"{counted(sent, 'request')} in {duration(seconds)}"
    from_ledger = f", {recalled:,} answered from the ledger" if recalled else ""
    tokens = f"{new_tokens:,} new tokens, {prompt_tokens:,} prompt tokens"
    return Note(f"This session: {said}{from_ledger}; {tokens}.")


def reused_nothing_note() -> Note:
    """That no completion of another run could be taken over."""
    equal = "Requests are equal if model, prompt, sampling and seed are; `regenesis status` shows a run's model."
    return Note(f"Nothing was taken over by --reuse. {equal}", "caution")
