"""The tasks that models are measured on, with their questions, names that are theirs alone, and their domain.

tasks = load_tasks(config.evaluation.tasks, config.evaluation, config.tasks)
tasks[0].name, tasks[0].domain, len(tasks[0].questions)      # "gsm8k", "in-domain", 1319
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from regenesis.errors import TaskError
from regenesis.evaluation.config import EvaluationConfig
from regenesis.prompts.harness import is_harness_prompt
from regenesis.tasks import LoadedQuestions, load_questions, measuring
from regenesis.tasks.config import TaskConfig
from regenesis.types import Question, SourceRow

Domain = Literal["in-domain", "out-of-domain"]


@dataclass(frozen=True, slots=True)
class MeasuredTask:
    """One task of an evaluation.

    Attributes:
        name: As the config calls it, with its split where the same task is measured on several.
        file: Name of its table, without ending.
        domain: Whether it is one of those trained on, `None` where nothing is trained.
        origin: Where its questions come from, as the config has it.
        split: The split, as it stands in the questions' ids.
        questions: In order.
        bad_rows: Rows left out because they could not become questions.
        unknown: Questions left out because their right answer is not known.
        notes: What else to tell the user about the data.
        rows: The rows that questions were made of, by id, where the prompt is made from them.
    """

    name: str
    file: str
    domain: Domain | None
    origin: dict[str, Any]
    split: str
    questions: tuple[Question, ...]
    bad_rows: int
    unknown: int
    notes: tuple[str, ...]
    rows: Mapping[str, SourceRow] = field(default_factory=dict)

    @property
    def clustered(self) -> bool:
        """Whether some of its questions share a premise, passage, template or story."""
        groups = [question.group for question in self.questions if question.group is not None]
        return len(set(groups)) < len(groups)

    @property
    def digest(self) -> str:
        """A hash of the questions: two evaluations with the same one asked the same."""
        body = json.dumps([question.to_json() for question in self.questions], sort_keys=True, default=str)
        return hashlib.blake2b(body.encode("utf-8", "replace"), digest_size=12).hexdigest()


def load_tasks(
    tasks: Sequence[TaskConfig],
    evaluation: EvaluationConfig,
    trained: Sequence[TaskConfig] | None = None,
    *,
    seed: int = 0,
    data_root: Path | None = None,
) -> list[MeasuredTask]:
    """Loads the questions of every task.

    Args:
        tasks: What to measure on; a split left out is the one for measuring.
        evaluation: Which tasks count as in-domain, and whether programs may be run.
        trained: The tasks that are trained on; tasks are not told apart by domain if left out.
        seed: The evaluation's seed, which questions may be drawn by.
        data_root: Folder looked into before the hub.

    Raises:
        TaskError: There is no task, one cannot be loaded, or it holds no question that could be marked.
    """
    if not tasks:
        raise TaskError("No tasks to evaluate on: list some under evaluation.tasks, or give --tasks gsm8k,svamp.")
    measured = [measuring(task) for task in tasks]
    names = _names(measured)
    files = _files(names)
    loaded = []
    for task, name, file in zip(measured, names, files, strict=True):
        domain = _domain(task, evaluation.in_domain, trained) if trained is not None else None
        found = load_questions(
            [task], seed=seed, data_root=data_root, once=False, keep_rows=is_harness_prompt(evaluation.prompts)
        )
        loaded.append(_measured(task, found, name, file, domain))
    if not evaluation.run_programs:
        _require_no_programs(loaded)
    _require_told_apart(loaded)
    return loaded


def _measured(task: TaskConfig, found: LoadedQuestions, name: str, file: str, domain: Domain | None) -> MeasuredTask:
    # a task's own scorer has what it needs elsewhere
    markable = tuple(one for one in found.questions if one.gold is not None or one.kind == "scorer")
    if not markable:
        raise TaskError(
            f"{name}: no question of split {found.counts[0].split} has a known answer, so it cannot be evaluated "
            "on. Name a split with answers, or map the column that holds them."
        )
    return MeasuredTask(
        name=name,
        file=file,
        domain=domain,
        origin=task.model_dump(mode="json", exclude_defaults=True),
        split=found.counts[0].split,
        questions=markable,
        bad_rows=len(found.bad_rows),
        unknown=len(found.questions) - len(markable),
        notes=tuple(found.notes),
        rows=found.rows,
    )


def _names(tasks: Sequence[TaskConfig]) -> list[str]:
    """The tasks' own names, with split and number added where one name would stand for two."""
    counts = Counter(task.name for task in tasks)
    names: list[str] = []
    for task in tasks:
        name = f"{task.name}:{task.split}" if counts[task.name] > 1 and task.split else task.name
        names.append(_unused(name, names, " "))
    return names


def _files(names: Sequence[str]) -> list[str]:
    """File names for tasks: a name is the user's own text, and must not lead out of the folder."""
    files: list[str] = []
    for name in names:
        stem = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip(".-")[:100] or "task"
        files.append(_unused(stem, files, "-"))
    return files


def _unused(name: str, taken: Sequence[str], joint: str) -> str:
    number, candidate = 1, name
    while candidate.casefold() in {one.casefold() for one in taken}:
        number += 1
        candidate = f"{name}{joint}{number}"
    return candidate


def _domain(task: TaskConfig, named: Sequence[str] | None, trained: Sequence[TaskConfig]) -> Domain:
    """In-domain if it is named so, or else if the run trains on it, on a part of it or on what it is a part of."""
    if named is not None:
        return "in-domain" if _whole(task.name) in {_whole(name) for name in named} else "out-of-domain"
    names = {_whole(one.name) for one in trained}
    sources = {source for one in trained for source in (one.file, one.hub) if source is not None}
    known = _whole(task.name) in names or task.file in sources or task.hub in sources
    return "in-domain" if known else "out-of-domain"


def _whole(name: str) -> str:
    return name.partition("/")[0]


def _require_told_apart(tasks: Sequence[MeasuredTask]) -> None:
    homes: dict[str, str] = {}
    for task in tasks:
        for question in task.questions:
            home = homes.setdefault(question.id, task.name)
            if home != task.name:
                raise TaskError(f"{home} and {task.name} both hold the question {question.id}: list each task once.")


def _require_no_programs(tasks: Sequence[MeasuredTask]) -> None:
    code = [task.name for task in tasks if any(question.kind == "code" for question in task.questions)]
    if code:
        raise TaskError(
            f"{', '.join(code)}: answers are programs, and grading them means running code that the model wrote. Allow "
            "it with evaluation.run_programs: true (`--set evaluation.run_programs=true`), best in a container without "
            "network, or leave the task out."
        )
