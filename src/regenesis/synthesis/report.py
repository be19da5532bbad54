"""How a start of a synthesis ended, as a value that others show and write down."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path as FilePath
from typing import Any

from regenesis.curation import Funnel
from regenesis.scheduling import Refusals
from regenesis.store.directory import RunDirectory
from regenesis.store.tables import chains_frame
from regenesis.synthesis.decontaminating import Decontamination
from regenesis.tasks import BadRow


@dataclass(frozen=True, slots=True, repr=False)
class SynthesisReport:
    """How a start of a synthesis ended.

    Attributes:
        directory: The run's folder.
        questions: Questions of the run, without those left out.
        finished: Of those, finished so far.
        kept: Rows of the dataset.
        available: Rows that there were to draw them from.
        reused_nothing: Whether requests were sent although other runs were named to take their completions over from:
            none of them was recorded there.
        funnel: Counts over all finished questions.
        stopped: What the budget ran out of, `None` if it did not.
        owed: Ids of questions set aside because the engine kept failing on them, with the reason.
        bad_rows: Rows of the tasks that could not become questions.
        requests_sent: Requests sent in this start.
        requests_recalled: Requests answered from the ledger in this start.
        damaged: Recorded completions that were damaged on disk, and so were asked again.
        prompt_tokens: Tokens of the prompts sent in this start.
        completion_tokens: New tokens in this start.
        seconds: Wall-clock time of this start.
        refusals: Requests that the engine refused in this start, by stage; the next start asks them again.
        stalled: Prompts that the engine counted no more tokens in than in the shorter chats that they go on with.
        model: Identity of the model, as the engine gives it.
        decontamination: Which questions overlap the evaluation, and whether they are left out.
    """

    directory: FilePath
    questions: int
    finished: int
    kept: int
    funnel: Funnel
    stopped: str | None
    owed: dict[str, str]
    bad_rows: list[BadRow]
    requests_sent: int
    requests_recalled: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    model: str
    decontamination: Decontamination = field(default_factory=Decontamination)
    damaged: int = 0
    refusals: dict[str, Refusals] = field(default_factory=dict)
    stalled: int = 0
    available: int = 0
    reused_nothing: bool = False

    @property
    def complete(self) -> bool:
        """Whether every question is finished."""
        return self.finished == self.questions

    def __repr__(self) -> str:
        done = f"{self.finished:,} of {self.questions:,} questions"
        return f"SynthesisReport({self.directory}: {done}, {self.funnel.total.chains:,} chains, {self.kept:,} rows)"

    def to_pandas(self) -> Any:
        """All chains as a data frame: a row a chain, with its path, its verdict and whether it was kept."""
        return chains_frame(RunDirectory(self.directory))

    def to_json(self) -> dict[str, Any]:
        """The report as plain JSON types."""
        plain = {one.name: getattr(self, one.name) for one in fields(self)}
        return plain | {
            "directory": str(self.directory),
            "refusals": {stage: {"count": one.count, "words": one.words} for stage, one in self.refusals.items()},
            "bad_rows": [asdict(row) for row in self.bad_rows],
            "decontamination": self.decontamination.counts(),
            "seconds": round(self.seconds, 1),
            "funnel": self.funnel.to_json(),
        }

    def summary(self, error: str | None = None) -> dict[str, Any]:
        """What the run's folder keeps of it, for `status`.

        Args:
            error: What ended the start, where an error did.
        """
        return {
            "questions": self.questions,
            "finished": self.finished,
            "kept": self.kept,
            "stopped": self.stopped,
            "error": error,
            "owed": self.owed,
            "bad_rows": len(self.bad_rows),
            "refusals": {stage: {"count": one.count, "words": one.words} for stage, one in self.refusals.items()},
            "decontamination": self.decontamination.counts(),
            "seconds": round(self.seconds, 1),
            "funnel": self.funnel.to_json(),
        }
