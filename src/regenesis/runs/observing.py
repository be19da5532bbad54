"""Who is told how a run goes: the command line, a notebook, nobody.

class Printing(Observer):
def ended(self, stage, report):
print(stage.kind, stage.round, report)

regenesis.run(config, "runs/x", observer=Printing())
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeAlias

from regenesis.evaluation.progress import EvaluationProgress
from regenesis.evaluation.record import EvaluationReport
from regenesis.runs.loop import Stage
from regenesis.synthesis.progress import Progress
from regenesis.synthesis.report import SynthesisReport
from regenesis.tasks import LoadedQuestions

StageProgress: TypeAlias = Progress | EvaluationProgress
"""Counters of a stage that asks, to be looked at whenever one likes."""

StageReport: TypeAlias = SynthesisReport | EvaluationReport | Mapping[str, Any]
"""What a stage came to; of a training, what stands beside its model (`training.json`)."""


class Observer:
    """Is told how a run goes and decides nothing. Override what you want to hear of; by default nothing happens."""

    def note(self, text: str) -> None:
        """Something that the user should know before anything is asked."""

    def watching(self, stage: Stage, progress: StageProgress | None) -> AbstractContextManager[object]:
        """A context around the work of a stage: entered when it begins, left when it ends, with the error if it fails.

        Args:
            stage: The stage.
            progress: Its counters; `None` for a training, which runs in a process of its own and shows itself.
        """
        return nullcontext()

    def loaded(self, stage: Stage, questions: LoadedQuestions) -> None:
        """What was read for each task of a synthesis, before anything is asked."""

    def ended(self, stage: Stage, report: StageReport) -> None:
        """What a stage came to, also where it stopped before its end (a spent budget, say)."""
