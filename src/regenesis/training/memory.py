"""What to do where there is not enough memory.

with explaining_memory(job): ...
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from regenesis.errors import TrainingError
from regenesis.training.job import TrainingJob

_SIGNS = ("out of memory", "can't allocate memory", "bad_alloc", "not enough memory", "status_alloc_failed")
"""How torch words it where it raises a plain RuntimeError."""


@contextmanager
def explaining_memory(job: TrainingJob) -> Iterator[None]:
    """Turns errors for want of memory into one that says what to set.

    Raises:
        TrainingError: There is not enough memory, on the GPU or in the machine.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not _about_memory(error):
            raise
        raise TrainingError(f"Not enough memory for this training. {_less_memory(job)}") from error


def _about_memory(error: Exception) -> bool:
    text = str(error).lower()
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or any(sign in text for sign in _SIGNS)
    )


def _less_memory(job: TrainingJob) -> str:
    config = job.config
    ways = [
        f"training.per_device_train_batch_size to 1 (now {config.per_device_train_batch_size})"
        if config.per_device_train_batch_size > 1
        else "",
        "" if config.gradient_checkpointing else "training.gradient_checkpointing to true",
        "" if config.tuning == "lora" else "training.tuning to lora",
        "training.max_length to less",
    ]
    return f"Set {', '.join(way for way in ways if way)}; then rerun the command to resume from the last checkpoint."
