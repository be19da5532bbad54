"""Loading the questions of tasks, in the order in which a config names them.

    loaded = load_questions(config.tasks, seed=config.seed, data_root=config.data_root)
    loaded.questions, loaded.bad_rows, loaded.counts

Rows are read one at a time, and no further than `limit` needs; `shuffle` reads all of them, since any may come first.
`offset` and `limit` count questions: rows that are bad or not of the wanted kind are passed over.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from regenesis.answers.gold import Gold, NoGold
from regenesis.errors import TaskError
from regenesis.tasks.account import TaskCount, examples_of, kinds_of, why_without
from regenesis.tasks.config import TaskConfig
from regenesis.tasks.duplicates import Made, Once, SetAside
from regenesis.tasks.files import open_file, stem_of
from regenesis.tasks.hub import find_data_root, read_bundled, read_data_set
from regenesis.tasks.identity import Identities, check_unique
from regenesis.tasks.library import find_entry
from regenesis.tasks.own import read_own
from regenesis.tasks.reasoning_gym import DEFAULT_SIZE, EVALUATION, PREFIX, evaluation_seed, generate
from regenesis.tasks.recipes import Recipe
from regenesis.tasks.rows import Row, RowError, RowSource
from regenesis.types import Question, SourceRow

# bad rows named in an error; the rest is counted
_NAMED = 3
# rows looked at for what the gold column as a whole tells
_LOOKED_AT = 1000


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not become a question: where it lies (`line` from 1) and why."""

    task: str
    source: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class LoadedQuestions:
    """The questions of a run, in the order of the config, with an account of every row read.

    Attributes:
        questions: Tasks in the config's order, each one's questions in its own.
        bad_rows: Rows left out because they could not become questions.
        counts: One an entry of `tasks`, in the same order.
        notes: What else to tell the user, such as parts of a dataset that are not there.
        set_aside: Questions left out because their rows have contradicting gold answers.
        rows: The row of each question that was made of one, by id; only where `load_questions` was asked to keep them.
    """

    questions: list[Question]
    bad_rows: list[BadRow] = field(default_factory=list)
    counts: list[TaskCount] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    rows: dict[str, SourceRow] = field(default_factory=dict)

    def __repr__(self) -> str:
        of_tasks = ", ".join(f"{task} {count:,}" for task, count in Counter(one.task for one in self.questions).items())
        return f"LoadedQuestions({of_tasks or 'none'})"


def load_questions(
    tasks: Sequence[TaskConfig],
    *,
    seed: int = 0,
    data_root: str | Path | None = None,
    once: bool = True,
    older: bool = False,
    keep_rows: bool = False,
) -> LoadedQuestions:
    """Loads the questions of tasks.

    Args:
        tasks: Where they come from.
        seed: What shuffling and generated questions derive from.
        data_root: Folder of `<hub id>/<config>/<split>.jsonl`, looked into before the hub; `REGENESIS_DATA_ROOT` if
            left out.
        once: Whether a question that occurs several times is taken once, and left out where its gold answers
            contradict each other. What is measured on is taken as published.
        older: Reads as runs were begun before repeated questions were looked for.
        keep_rows: Whether to give back the rows too.

    Raises:
        TaskError: A task, split, file or column is not there, a row is bad and the config does not say to skip it, an
            id occurs twice, or a task yields no question.
    """
    loaded = LoadedQuestions([])
    place = _Place(seed, Path(data_root) if data_root is not None else None, keep_rows)
    found: list[tuple[_Source, list[Made]]] = []
    seen = Once() if once and not older else None
    for task in tasks:
        found.append(_load_task(task, place, loaded, seen, older))
    origins: list[str] = []
    for position, (task, (source, made)) in enumerate(zip(tasks, found, strict=True)):
        # only now it is known which questions a later task contradicts
        kept = [one for one in made if seen is None or one.question.id not in seen.contradicted]
        loaded.counts.append(source.count(kept, len(made) - len(kept)))
        if not kept and (len(made) or not source.repeated):
            raise TaskError(_nothing_left(task, source, len(made)))
        loaded.questions.extend(one.question for one in kept)
        loaded.rows.update({one.question.id: one.row for one in kept if one.row is not None})
        origins.extend([f"tasks.{position} ({_describe(task)})"] * len(kept))
    if seen is not None:
        loaded.set_aside.extend(seen.set_aside())
    check_unique(loaded.questions, origins)
    return loaded


def measuring(task: TaskConfig) -> TaskConfig:
    """The task as it is measured on: with the split for that, where none is stated.

    A catalogued task is measured on its test split (validation where test has no answers), a reasoning-gym task on
    questions of another seed than those trained on, a hub dataset of the user's own on its split `test`; a file is
    what it is.

    Raises:
        TaskError: The catalogue has no such task.
    """
    if task.split is not None or task.file is not None:
        return task
    if task.hub is not None:
        return task.model_copy(update={"split": "test"})
    if task.name.startswith(PREFIX):
        return task.model_copy(update={"split": EVALUATION})
    entry, _ = find_entry(task.name)
    return task.model_copy(update={"split": entry.measuring_split})


@dataclass(frozen=True, slots=True)
class _Place:
    """What tasks are loaded by besides what they say themselves."""

    seed: int
    stated_root: Path | None
    keep_rows: bool

    @property
    def data_root(self) -> Path | None:
        """The folder looked into before the hub; asked for only where a task may come from there."""
        return find_data_root(self.stated_root)


def _load_task(
    task: TaskConfig, place: _Place, loaded: LoadedQuestions, seen: Once | None, older: bool
) -> tuple[_Source, list[Made]]:
    source = _source(task, place, loaded.notes)
    source.older = older
    source.keeps_rows = place.keep_rows
    repeated = 0 if seen is None else seen.repeated
    made = _chosen(source, task, place.seed, seen)
    source.repeated = 0 if seen is None else seen.repeated - repeated
    loaded.bad_rows.extend(source.bad_rows)
    if source.bad_rows and task.on_bad_row == "error":
        raise TaskError(_bad_rows_message(task, source))
    return source, made


def _nothing_left(task: TaskConfig, source: _Source, contradicted: int) -> str:
    if contradicted:
        return (
            f"{_describe(task)}: yields no questions, since all {contradicted:,} of them occur with different gold "
            "answers. Correct its gold answers."
        )
    return (
        f"{_describe(task)}: yields no questions. Of {source.read} rows read, {source.other_kind} are of another "
        f"kind and {len(source.bad_rows)} are bad; look at offset and split."
    )


def _chosen(source: _Source, task: TaskConfig, seed: int, seen: Once | None) -> list[Made]:
    """The questions that offset and limit ask for, among them those already known to be contradicted."""
    end = None if task.limit is None else task.offset + task.limit
    ordered = source.made
    if task.shuffle:
        key = partial(_rank, seed, task.name)
        ordered = iter(sorted(ordered, key=key) if seen or end is None else heapq.nsmallest(end, ordered, key=key))
    if seen is None:
        return list(itertools.islice(ordered, task.offset, end))
    taken: list[Made] = []
    for one in seen.passing(ordered):
        taken.append(one)
        # a contradicted question makes room for another one
        if end is not None and len(taken) - len(seen.contradicted) >= end:
            break
    contradicted = [one for one in taken if one.question.id in seen.contradicted]
    sound = [one for one in taken if one.question.id not in seen.contradicted]
    # what is not asked here may be asked by another task
    seen.forget(sound[: task.offset] + (sound[end:] if end is not None else []))
    return contradicted + sound[task.offset : end]


def _rank(seed: int, task: str, made: Made) -> bytes:
    # an order by hash is the same in every process, and a row added to the file leaves the others in theirs
    return hashlib.blake2b(f"{seed}\x00{task}\x00{made.question.id}".encode(), digest_size=16).digest()


class _Source:
    """The questions of one task, made as they are asked for, and the tally of what was read on the way."""

    def __init__(self, task: str, split: str) -> None:
        self.task = task
        self.split = split
        self.read = 0
        self.other_kind = 0
        self.repeated = 0
        self.older = False
        self.keeps_rows = False
        self.dataset = ""
        self.bad_rows: list[BadRow] = []
        self.unused: tuple[str, ...] = ()
        self.notes: tuple[str, ...] = ()
        self.made: Iterator[Made] = iter(())

    def count(self, made: Sequence[Made], set_aside: int) -> TaskCount:
        """The account of what was read; `made` are the questions that are left."""
        return TaskCount(
            task=self.task,
            split=self.split,
            read=self.read,
            other_kind=self.other_kind,
            bad=len(self.bad_rows),
            questions=len(made),
            without_gold=sum(one.question.gold is None for one in made),
            kinds=kinds_of(made),
            examples=examples_of(made),
            unused=self.unused,
            repeated=self.repeated,
            set_aside=set_aside,
            why_without=why_without(made),
            notes=self.notes,
        )

    def from_rows(self, rows: Iterator[Row], recipes: Mapping[str, Recipe], own_ids: bool) -> None:
        """Makes questions of rows, each by the recipe of its subset."""
        head = list(itertools.islice(rows, _LOOKED_AT))
        settled = {
            subset: recipe.settled_by(row.values for row in head if row.fault is None and row.subset == subset)
            for subset, recipe in recipes.items()
        }
        self.notes = tuple(note for recipe in settled.values() for note in recipe.column.notes)
        self.made = self._from_rows(itertools.chain(head, rows), settled, Identities(own_ids))

    def _from_rows(self, rows: Iterator[Row], recipes: Mapping[str, Recipe], identities: Identities) -> Iterator[Made]:
        prefixed = len(recipes) > 1
        for row in rows:
            self.read += 1
            try:
                made = self._made(row, recipes[row.subset], identities, prefixed)
            except RowError as error:
                self.bad_rows.append(BadRow(self.task, row.source, row.line, str(error)))
                continue
            if made is None:
                self.other_kind += 1
            else:
                yield made

    def _made(self, row: Row, recipe: Recipe, identities: Identities, prefixed: bool) -> Made | None:
        if row.fault is not None:
            raise RowError(row.fault)
        draft = recipe.draft(row.values)
        if draft is None:
            return None
        row_id = identities.assign(draft, row)
        if prefixed:
            row_id = f"{row.subset}/{row_id}"
        gold, kind = draft.gold, draft.gold.kind
        if self.older and isinstance(gold, NoGold) and recipe.kind == "auto" and not draft.choices:
            kind = "text"
        question = Question(
            f"{self.task}/{self.split}/{row_id}",
            self.task,
            draft.text,
            gold.text if isinstance(gold, Gold) else None,
            kind,
            draft.choices,
            accepted=gold.accepted if isinstance(gold, Gold) else (),
            solution=draft.solution,
            group=draft.group,
        )
        kept = SourceRow(self.dataset, row.subset, row.values) if self.keeps_rows else None
        return Made(question, row.source, row.line, draft.cell, gold.why if isinstance(gold, NoGold) else None, kept)

    def from_generator(self, questions: list[Question]) -> None:
        def made() -> Iterator[Made]:
            for question in questions:
                self.read += 1
                yield Made(question, self.task, self.read)

        self.made = made()


def _source(task: TaskConfig, place: _Place, notes: list[str]) -> _Source:
    if task.file is not None:
        table = read_own(task, open_file(task.file))
        notes.extend(table.notes)
        source = _Source(task.name, task.split or stem_of(task.file))
        source.unused = table.unused
        source.from_rows(table.rows, {"": table.recipe}, own_ids=table.recipe.id is not None)
        return source
    if task.hub is not None:
        return _from_own_hub(task, task.hub, place, notes)
    if task.kind != "auto":
        raise TaskError(f"{task.name}: `kind` goes with `file` or `hub`; a catalogued task knows its own.")
    if task.name.startswith(PREFIX):
        return _generated(task, place.seed)
    return _catalogued(task, place, notes)


def _from_own_hub(task: TaskConfig, hub: str, place: _Place, notes: list[str]) -> _Source:
    split = task.split or "train"
    data_root = place.data_root

    def read() -> Iterator[Row]:
        return read_data_set(task.name, hub, [(task.config or "", split)], data_root)[0]

    table = read_own(task, RowSource(f"{hub}, split {split}", read))
    notes.extend(table.notes)
    source = _Source(task.name, split)
    source.dataset = hub
    # ids of published datasets are taken as they come
    source.unused = table.unused
    source.from_rows(table.rows, {task.config or "": table.recipe}, own_ids=False)
    return source


def _generated(task: TaskConfig, seed: int) -> _Source:
    if task.split not in (None, EVALUATION):
        raise TaskError(
            f"{task.name}: reasoning-gym tasks only have the split {EVALUATION!r}, whose questions have another seed "
            "than those trained on; leave `split` out."
        )
    size = task.offset + (task.limit or DEFAULT_SIZE)
    if task.split == EVALUATION:
        seed = evaluation_seed(seed)
    source = _Source(task.name, f"seed-{seed}")
    source.from_generator(generate(task.name.removeprefix(PREFIX), task.parameters, seed, size))
    return source


def _catalogued(task: TaskConfig, place: _Place, notes: list[str]) -> _Source:
    entry, configs = find_entry(task.name)
    split = task.split or entry.splits[0]
    if split not in entry.splits:
        raise TaskError(f"{task.name}: has no split {split!r}; there are {', '.join(entry.splits)}.")
    parts = [(part, hub_split) for part in configs for hub_split in entry.hub_splits(split)]
    source = _Source(task.name, split)
    if entry.hub is None:
        rows = read_bundled(entry.name, parts)
    else:
        rows, heard = read_data_set(task.name, entry.hub, parts, place.data_root)
        notes.extend(heard)
        source.dataset = entry.hub
    source.from_rows(rows, {name: entry.recipe(name) for name in configs}, own_ids=False)
    return source


def _describe(task: TaskConfig) -> str:
    parts = [task.name]
    if task.file is not None:
        parts.append(f"file {task.file}")
    if task.hub is not None:
        parts.append(f"hub {task.hub}")
    if task.split is not None:
        parts.append(f"split {task.split}")
    if task.offset:
        parts.append(f"offset {task.offset}")
    if task.limit is not None:
        parts.append(f"limit {task.limit}")
    return ", ".join(parts)


def _bad_rows_message(task: TaskConfig, source: _Source) -> str:
    rows = source.bad_rows
    named = "; ".join(f"line {row.line}: {row.reason}" for row in rows[:_NAMED])
    more = f"; and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    return (
        f"{task.name}: {len(rows)} of {source.read} rows of {rows[0].source} cannot be read as questions: "
        f"{named}{more}. Fix them, or set `on_bad_row: skip` to skip them."
    )
