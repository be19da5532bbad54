"""Who is told how an experiment goes: the command line, a notebook, nobody."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Literal

from regenesis.evaluation.progress import EvaluationProgress
from regenesis.evaluation.record import EvaluationReport
from regenesis.experiments.cells import Cell
from regenesis.experiments.sharing import SharedTraffic
from regenesis.experiments.terms import Terms
from regenesis.synthesis.progress import Progress
from regenesis.synthesis.report import SynthesisReport

Phase = Literal["train", "evaluate"]


@dataclass(slots=True)
class GroupProgress:
    """Counters of the syntheses of one training set and seed, which run side by side.

    Attributes:
        cells: The cells with their counters.
        traffic: What was asked of the shared engine.
    """

    cells: Sequence[tuple[Cell, Progress]]
    traffic: SharedTraffic = field(default_factory=SharedTraffic)
    _started: float = field(default_factory=time.monotonic)

    @property
    def phase(self) -> str:
        """What most of them are doing, in a word or two."""
        phases = Counter(progress.phase for _, progress in self.cells)
        return "asking" if phases["asking"] else phases.most_common(1)[0][0]

    @property
    def elapsed(self) -> float:
        """Seconds since they began."""
        return time.monotonic() - self._started

    @property
    def in_flight(self) -> int:
        """Requests at the engine."""
        return self.traffic.in_flight

    def tokens_per_second(self) -> float:
        """New tokens a second that the cells were given, over the last minute."""
        return sum(progress.tokens_per_second() for _, progress in self.cells)


class ExperimentObserver:
    """Is told how an experiment goes and decides nothing. Override what you want to hear of."""

    def note(self, text: str) -> None:
        """Something that the user should know."""

    def group(self, progress: GroupProgress) -> AbstractContextManager[object]:
        """A context around the syntheses of one training set and seed."""
        return nullcontext()

    def agreed(self, cells: Sequence[Cell], terms: Terms) -> None:
        """On what terms the methods of one training set and seed are compared."""

    def working(self, cell: Cell, phase: Phase, progress: EvaluationProgress | None) -> AbstractContextManager[object]:
        """A context around a cell's training, or its evaluation, of which the counters are given."""
        return nullcontext()

    def synthesized(self, cell: Cell, report: SynthesisReport) -> None:
        """What the synthesis of a cell came to."""

    def evaluated(self, cell: Cell, report: EvaluationReport) -> None:
        """What the evaluation of a cell came to."""
