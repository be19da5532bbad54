"""Why a completion cannot be used, as the beginning of a defect's name; the stage's name goes behind it."""

from __future__ import annotations

from regenesis.types import Completion

BROKEN = "broken"


def is_usable(completion: Completion) -> bool:
    """Whether there is a reply to go on with."""
    return bool(completion.text.strip()) and not completion.refused


def fault_of(completion: Completion) -> str:
    """What is wrong with a completion that cannot be used.

    A model that was cut inside its thought, or that thought and then replied nothing, needs other advice than one that
    wrote nothing at all.
    """
    if completion.refused:
        return completion.finish_reason
    if completion.only_thought:
        return "thought_truncated" if completion.finish_reason == "length" else "thought_only"
    return BROKEN
