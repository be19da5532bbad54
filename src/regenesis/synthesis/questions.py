"""The questions of a run, as it was begun: a later start must ask the same.

loaded = load_for(config, directory)              # those of a begun run may have gained others, see `goes_on`
write_set_aside(directory, loaded)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from regenesis.config import RunConfig
from regenesis.errors import RunError
from regenesis.store.directory import RunDirectory, write_whole
from regenesis.store.tables import read_questions
from regenesis.store.trust import code_named
from regenesis.tasks import LoadedQuestions, load_questions
from regenesis.types import Question

_NAMED = 3
_SHOWN = 60


def load_for(config: RunConfig, directory: RunDirectory) -> LoadedQuestions:
    """Loads a run's questions, for a run that was begun as it was begun.

    Raises:
        TaskError: They cannot be loaded.
        RunError: The run was begun, and some of its questions are others now; what differs is named.
    """
    loaded = load_questions(config.tasks, seed=config.seed, data_root=config.data_root)
    if not directory.begun():
        return loaded
    frozen = directory.frozen_questions()
    if frozen is None or digest_of(loaded.questions) == frozen:
        return loaded
    older = load_questions(config.tasks, seed=config.seed, data_root=config.data_root, older=True)
    if digest_of(older.questions) == frozen:
        return older
    fewer = differ_in_tasks(config, directory)
    for read in (loaded, older):
        if _goes_on(directory, read.questions, fewer=fewer):
            return read
    raise RunError(_what_differs(directory, loaded.questions))


def differ_in_tasks(config: RunConfig, directory: RunDirectory) -> bool:
    """Whether a config names other tasks, or takes other rows of them, than the run was started with."""
    known = code_named(config.model_dump(mode="json")).values()
    frozen = directory.frozen_config(known=known)
    return frozen is not None and frozen.tasks != config.tasks


def _goes_on(directory: RunDirectory, questions: Sequence[Question], *, fewer: bool) -> bool:
    """Whether a run's questions are still what they were, with others beside them.

    Args:
        directory: The run.
        questions: The questions now.
        fewer: Whether some may be gone, since the config asks for others.
    """
    try:
        before = {question.id: question for question in read_questions(directory.questions)}
    except RunError:
        return False
    now = {question.id: question for question in questions}
    common = before.keys() & now.keys()
    same = all(digest_of([before[name]]) == digest_of([now[name]]) for name in common)
    return bool(common) and same and (fewer or len(common) == len(before))


def digest_of(questions: Sequence[Question]) -> str:
    """What the questions of a run are known by."""
    return digest([question.to_json() for question in questions])


def digest(values: Sequence[Any]) -> str:
    """A hash of plain JSON values."""
    made = hashlib.blake2b(digest_size=12)
    for value in values:
        made.update(json.dumps(value, sort_keys=True, default=str).encode())
    return made.hexdigest()


def write_set_aside(directory: RunDirectory, loaded: LoadedQuestions) -> None:
    """Lists the questions that are not asked because their gold answers contradict each other.

    Raises:
        RunError: The file cannot be written.
    """
    if not loaded.set_aside:
        directory.set_aside.unlink(missing_ok=True)
        return
    found = [asdict(one) for one in loaded.set_aside]
    write_whole(directory.set_aside, json.dumps(found, indent=1, ensure_ascii=False, default=str) + "\n")


def _what_differs(directory: RunDirectory, questions: Sequence[Question]) -> str:
    """Which of the questions changed since a run was begun, as far as its table of questions tells."""
    said = f"{directory.path}: the questions changed since the run was started. "
    go_on = "Restore them to resume, or give another --run-dir."
    try:
        before = {question.id: question for question in read_questions(directory.questions)}
    except RunError:
        return said + go_on
    now = {question.id: question for question in questions}
    golds = [(old, now[old.id]) for old in before.values() if old.id in now and _read_otherwise(old, now[old.id])]
    if not golds or any(old.text != now[old.id].text for old in before.values() if old.id in now):
        gone, new = len(before.keys() - now.keys()), len(now.keys() - before.keys())
        return f"{said}{gone:,} are gone and {new:,} are new. {go_on}" if gone or new else said + go_on
    shown = "\n".join(f"  {old.id}: {_gold(old)} → {_gold(new)}" for old, new in golds[:_NAMED])
    more = f"\n  and {len(golds) - _NAMED:,} more" if len(golds) > _NAMED else ""
    return (
        f"{said}Gold answers that were changed, or are read differently now ({len(golds):,}):\n{shown}{more}\n"
        "Paths graded by one reading cannot be mixed with those of another. If you corrected the answers, or want them "
        "read as they are now, start anew with another --run-dir; to go on with this run, put the answers back, or map "
        "a column that holds nothing but the answer (`fields: {gold: …}`)."
    )


def _read_otherwise(old: Question, new: Question) -> bool:
    return (old.gold, old.kind, old.accepted) != (new.gold, new.kind, new.accepted)


def _gold(question: Question) -> str:
    if question.gold is None:
        return "none"
    line = " ".join(question.gold.split())
    shown = line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
    return f"{shown!r} ({question.kind})"
