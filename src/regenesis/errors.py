"""The errors a user can meet. Each message says what went wrong, where, and what to do about it."""

from __future__ import annotations


class RegenesisError(Exception):
    """Base of every error that regenesis raises on purpose; the command line prints its text alone."""


class ConfigError(RegenesisError):
    """The config file or an override is not valid."""


class TaskError(RegenesisError):
    """Questions could not be loaded."""


class ModelError(RegenesisError):
    """A model could not be found, fetched or verified."""


class RunError(RegenesisError):
    """A run directory cannot be used as asked."""


class RunInUse(RunError):
    """Another process works on the run."""


class LedgerError(RunError):
    """The ledger is torn, foreign or in use."""


class LedgerLost(LedgerError):
    """The ledger was removed or replaced while it was open: what was recorded in it may be gone."""


class EngineError(RegenesisError):
    """The engine cannot go on: wrong key, wrong model, or a server that stays down."""


class NothingButThoughts(EngineError):
    """The model thinks and never comes to a reply, as it would again with the same config."""


class RequestFailed(EngineError):
    """One request failed every time it was tried, while the engine as a whole may be well.

    Nothing is recorded: the question is set aside and asked again by the next start of the run.
    """


class TrainingError(RegenesisError):
    """Training cannot start or go on: nothing to learn from, a loss that is no number, no memory, no room on disk."""


class TrainingEnded(TrainingError):
    """The training process was told to end, or refused its command line.

    Attributes:
        code: Its exit code; 128 and the signal's number after a signal.
    """

    def __init__(self, code: int) -> None:
        super().__init__(
            f"The training ended before its end (exit code {code}). The next start goes on from the last checkpoint, "
            "or anew if there is none."
        )
        self.code = code


def yaml_fault(error: Exception) -> str:
    """What PyYAML says is wrong with a text and where, in one line; without the excerpt that it draws."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
    return problem if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: {problem}"
