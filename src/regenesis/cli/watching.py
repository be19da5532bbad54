"""A stage under its display, for the verbs that ask a model.

    with WatchingSynthesis(console, progress, title="runs/x", command="regenesis run …") as watching:
        report = run_until_interrupted(work, watching.last_words)

Left with an error, or ended by an interrupt, it says how to go on with what is recorded.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from regenesis.cli.display import display_for
from regenesis.cli.evaluation_display import display_for_evaluation
from regenesis.errors import LedgerLost, NothingButThoughts, RegenesisError

if TYPE_CHECKING:
    from rich.console import Console

    from regenesis.evaluation.progress import EvaluationProgress
    from regenesis.experiments.observing import GroupProgress
    from regenesis.synthesis.progress import Progress


class Watching:
    """The display of a stage, and what is said where the stage does not come to its end."""

    def __init__(self, console: Console, display: AbstractContextManager[object], command: str) -> None:
        self._console = console
        self._display = display
        self._command = command

    def __enter__(self) -> Self:
        self._display.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._display.__exit__(kind, error, trace)
        worth_going_on = isinstance(error, RegenesisError) and not isinstance(error, LedgerLost | NothingButThoughts)
        if error is not None and worth_going_on and self._has_asked():
            error.add_note(f"All completions so far are recorded. Resume with:\n  {self._command}")

    def last_words(self) -> None:
        """Tells of an interrupt; may be called from any thread."""
        self._display.__exit__(None, None, None)
        done = self._done_so_far()
        self._console.print(f"Interrupted. Nothing is lost: every completion received is recorded{done}. Resume with:")
        self._console.print(f"  {self._command}", soft_wrap=True)

    def _has_asked(self) -> bool:
        raise NotImplementedError

    def _done_so_far(self) -> str:
        raise NotImplementedError


class WatchingSynthesis(Watching):
    """A synthesis under its display."""

    def __init__(self, console: Console, progress: Progress, title: str, command: str) -> None:
        super().__init__(console, display_for(console, progress, title), command)
        self._progress = progress

    def _has_asked(self) -> bool:
        return self._progress.sampler is not None

    def _done_so_far(self) -> str:
        progress = self._progress
        if not progress.questions:
            return ""
        return f" ({progress.finished:,} of {progress.questions:,} questions finished)"


class WatchingEvaluation(Watching):
    """An evaluation under its display."""

    def __init__(self, console: Console, progress: EvaluationProgress, title: str, command: str) -> None:
        super().__init__(console, display_for_evaluation(console, progress, title), command)
        self._progress = progress

    def _has_asked(self) -> bool:
        return bool(self._progress.sent or self._progress.recalled)

    def _done_so_far(self) -> str:
        progress = self._progress
        return f" ({progress.answered:,} of {progress.questions:,} by {progress.model})" if progress.model else ""


class WatchingGroup(Watching):
    """Syntheses of an experiment, side by side under one display."""

    def __init__(
        self, console: Console, display: AbstractContextManager[object], progress: GroupProgress, command: str
    ) -> None:
        super().__init__(console, display, command)
        self._progress = progress

    def _has_asked(self) -> bool:
        return bool(self._progress.traffic.sent or self._progress.traffic.recalled)

    def _done_so_far(self) -> str:
        finished = sum(one.finished for _, one in self._progress.cells)
        questions = sum(one.questions for _, one in self._progress.cells)
        return f" ({finished:,} of {questions:,} questions finished)" if questions else ""
