"""Which of a run's questions overlap a question that its model will be measured on, and what is done about it.

    decontaminated = decontaminate(loaded.questions, config.evaluation.tasks, config.decontamination, seed=config.seed)
    decontaminated.left_out      # reasons by question id; these are neither asked nor trained on
    decontaminated.write(directory.decontamination)

Derived from the config and the questions at every start, so that evaluation tasks may be added to a run later: what was
asked by then stays in the ledger and leaves the dataset.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from regenesis.config import DecontaminationConfig, TaskConfig
from regenesis.curation import Overlap, find_overlaps
from regenesis.errors import TaskError
from regenesis.store.directory import write_whole
from regenesis.tasks import load_questions, measuring
from regenesis.types import Question

_SHOWN = 120
"""Characters of the shared words in an error."""


@dataclass(frozen=True)
class Decontamination:
    """What was found, and what follows from it.

    Attributes:
        action: What the config says is done; `off` too where there is nothing to compare with.
        ngram: Words in a row that make an overlap.
        compared: Questions of the evaluation, by task and split.
        overlaps: Pairs of questions that overlap; up to a few for each training question.
    """

    action: Literal["drop", "report", "off"] = "off"
    ngram: int = 0
    compared: Mapping[str, int] = field(default_factory=dict)
    overlaps: tuple[Overlap, ...] = ()

    @cached_property
    def overlapping(self) -> dict[str, Overlap]:
        """The training questions concerned, by id, each with its largest overlap."""
        first: dict[str, Overlap] = {}
        for overlap in self.overlaps:
            first.setdefault(overlap.training, overlap)
        return first

    @cached_property
    def left_out(self) -> dict[str, str]:
        """Why each question that is left out is so, by id."""
        if self.action != "drop":
            return {}
        return {
            question_id: f"{'is' if overlap.same else 'overlaps'} the evaluation's {overlap.evaluation}"
            for question_id, overlap in self.overlapping.items()
        }

    def asked(self, questions: Sequence[Question]) -> list[Question]:
        """The questions that are not left out, in their order."""
        return [question for question in questions if question.id not in self.left_out]

    def counts(self) -> dict[str, Any]:
        """The figures as plain JSON types."""
        return {
            "action": self.action,
            "evaluation_questions": sum(self.compared.values()),
            "overlapping": len(self.overlapping),
            "left_out": len(self.left_out),
        }

    def in_words(self) -> str | None:
        """What was done, for the data card; `None` where nothing was compared."""
        if self.action == "off":
            return None
        share = f"{self.ngram} words in a row with one of the {sum(self.compared.values()):,} evaluation questions"
        done = "left out" if self.action == "drop" else "reported and kept"
        return f"{len(self.overlapping):,} questions share {share} ({', '.join(self.compared)}); they are {done}"

    def write(self, path: Path) -> None:
        """Writes the pairs down for a person to check; removes them where nothing was compared.

        Raises:
            RunError: The file cannot be written.
        """
        if self.action == "off":
            path.unlink(missing_ok=True)
            return
        found = self.counts() | {
            "ngram": self.ngram,
            "compared_with": dict(self.compared),
            "pairs": [asdict(overlap) for overlap in self.overlaps],
        }
        write_whole(path, json.dumps(found, indent=1, ensure_ascii=False) + "\n")

    def require_some_left(self, questions: Sequence[Question]) -> None:
        """Makes sure that there is a question to ask.

        Raises:
            TaskError: All are left out; the message shows a pair and says how to go on.
        """
        if len(self.left_out) < len(questions) or not questions:
            return
        overlap = self.overlaps[0]
        shared = overlap.shared if len(overlap.shared) <= _SHOWN else overlap.shared[:_SHOWN] + "…"
        raise TaskError(
            f"All {len(questions):,} training questions overlap a question of the evaluation, so none are left: "
            f"{overlap.training} {'is' if overlap.same else 'shares words with'} {overlap.evaluation} ({shared!r}). "
            "Train on a different split than you evaluate on (`split: train` under tasks), or on other rows of it "
            "(`offset`, `limit`), or accept contaminated results with `--set decontamination.action=report`."
        )


def decontaminate(
    questions: Sequence[Question],
    tasks: Sequence[TaskConfig],
    settings: DecontaminationConfig,
    *,
    seed: int = 0,
    data_root: Path | None = None,
) -> Decontamination:
    """Looks for questions that are trained on among those that are measured on.

    Args:
        questions: The questions trained on.
        tasks: The tasks measured on.
        settings: What makes an overlap, and what is done about it.
        seed: The evaluation's seed, which its questions may be drawn by.
        data_root: Folder looked into before the hub.

    Raises:
        TaskError: An evaluation task cannot be loaded.
    """
    if settings.action == "off" or not tasks:
        return Decontamination()
    measured = _measured(tasks, seed, data_root)
    compared = Counter(question.id.rpartition("/")[0] for question in measured)
    overlaps = find_overlaps(questions, measured, settings.ngram)
    return Decontamination(settings.action, settings.ngram, dict(compared), tuple(overlaps))


def _measured(tasks: Sequence[TaskConfig], seed: int, data_root: Path | None) -> list[Question]:
    measured: dict[str, Question] = {}
    for task in tasks:
        # one by one: two tasks may share questions here, `bbh` and a part of it, say
        try:
            loaded = load_questions([measuring(task)], seed=seed, data_root=data_root, once=False)
        except TaskError as error:
            raise TaskError(
                f"{error}\nIt is a task of the evaluation, whose questions must not be trained on, so they are needed "
                "now. To go on without looking for them: `--set decontamination.action=off`."
            ) from error
        measured.update({question.id: question for question in loaded.questions})
    return list(measured.values())
