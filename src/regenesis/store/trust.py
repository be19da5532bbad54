"""Whose config it is that lies in a run's folder.

    remember(folder / "config.yaml")                       # written by this user, on this machine
    require_trust(folder / "config.yaml", config)          # raises where it is not, and would reach out

A run's folder may come from somebody else. Its config can then name a program, a server, a variable that holds a key,
or files of this user; none of them is used before the user has said so. What a config reaches for is trusted by the
contents of its file: those that this user's runs were started with are noted in the user's state folder, so that one's
own runs work wherever they are moved, and a config that was changed since is asked about again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from regenesis.config import EngineConfig, OpenAIEngineConfig, RunConfig, TaskConfig
from regenesis.errors import RunError
from regenesis.methods.catalogue import comes_along
from regenesis.section import paths_of


@dataclass(frozen=True, slots=True)
class Reach:
    """Something outside of its folder that a config names.

    Attributes:
        field: Where in the config.
        does: What it leads to, as the end of a sentence.
    """

    field: str
    does: str


def remember(file: Path) -> None:
    """Notes that a config is this user's own; where that cannot be noted, it is asked about later.

    Args:
        file: The `config.yaml` of a run.
    """
    with suppress(OSError):
        mark = _mark(file)
        if not mark.exists():
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.write_text(f"{file.absolute()}\n", encoding="utf-8", errors="replace")


def is_trusted(file: Path) -> bool:
    """Whether a config is noted as this user's own, exactly as it now is."""
    try:
        return _mark(file).is_file()
    except OSError:
        return False


def require_trust(
    file: Path, config: RunConfig, overrides: Sequence[str] = (), only: Sequence[str] | None = None
) -> None:
    """Makes sure that nothing a config in a run's folder reaches for is used without the user's word.

    Args:
        file: The `config.yaml` of the run.
        config: What it says, with the overrides.
        overrides: What the user said in its place, as `name.of.field=value`; it needs no trust.
        only: The sections that are going to be used; all if left out.

    Raises:
        RunError: The file is not known as this user's own, and reaches for something; it is named.
    """
    found = [] if is_trusted(file) else reaches(config, overrides, only)
    if found:
        listed = "\n".join(f"  {reach.field}: {reach.does}" for reach in found)
        raise RunError(
            f"{file}: was not written by a run that you started on this machine, and it says:\n{listed}\n"
            f"If that is right: regenesis trust {file.parent}\nOr say your own with --set {found[0].field}=…"
        )


def require_own_config(file: Path, config: RunConfig, overrides: Sequence[str] = ()) -> None:
    """The same for any config file: one that lies in a run's folder may have come with it.

    Raises:
        RunError: See `require_trust`.
    """
    if file.name == "config.yaml" and any((file.parent / name).exists() for name in ("inputs.json", "ledger.sqlite")):
        require_trust(file, config, overrides)


def reaches(config: RunConfig, overrides: Sequence[str] = (), only: Sequence[str] | None = None) -> list[Reach]:
    """What a config names outside of its folder: programs, servers, keys, files of this user."""
    said = tuple(override.partition("=")[0] for override in overrides)
    return [
        reach
        for reach in _reaches(config)
        if not any(_within(reach.field, name) for name in said)
        and (only is None or any(_within(reach.field, section) for section in only))
    ]


def _within(field: str, section: str) -> bool:
    return field == section or field.startswith(section + ".")


def _reaches(config: RunConfig) -> Iterator[Reach]:
    training, evaluation = config.training, config.evaluation
    if training.python is not None:
        yield Reach("training.python", f"starts the program {training.python}")
    if training.launcher is not None and os.sep in training.launcher:
        yield Reach("training.launcher", f"starts training as {training.launcher} says")
    if evaluation.run_programs:
        yield Reach("evaluation.run_programs", "runs programs that a model wrote")
    for field, engine in (
        ("engine", config.engine),
        ("evaluation.engine", evaluation.engine),
        ("evaluation.tuned_engine", evaluation.tuned_engine),
    ):
        if engine is not None:
            yield from _of_engine(field, engine)
    if not comes_along(config.method.name):
        yield Reach("method.name", f"runs the code of {config.method.name}")
    for section, values in (("method", config.method), ("answering", config.answering), ("evaluation", evaluation)):
        for name, path in paths_of(values).items():
            yield Reach(f"{section}.{name}", f"reads {path}")
    if config.data_root is not None:
        yield Reach("data_root", f"reads data sets in {config.data_root}")
    yield from _of_tasks("tasks", config.tasks)
    yield from _of_tasks("evaluation.tasks", evaluation.tasks)


def _of_engine(field: str, engine: EngineConfig) -> Iterator[Reach]:
    if not isinstance(engine, OpenAIEngineConfig):
        if engine.adapter is not None:
            yield Reach(f"{field}.adapter", f"loads {engine.adapter}")
        return
    urls = [engine.base_url] if isinstance(engine.base_url, str) else engine.base_url
    yield Reach(f"{field}.base_url", f"sends questions to {', '.join(map(str, urls))}")
    if engine.api_key_env is not None:
        yield Reach(f"{field}.api_key_env", f"sends the value of ${engine.api_key_env} there, where it is set")
    headers = getattr(engine, "headers", None)
    if headers:
        said = ", ".join(f"{name}: {value}" for name, value in dict(headers).items())
        yield Reach(f"{field}.headers", f"sends the headers {said} there")


def _of_tasks(field: str, tasks: Sequence[TaskConfig]) -> Iterator[Reach]:
    for place, task in enumerate(tasks):
        if task.file is not None:
            yield Reach(f"{field}.{place}.file", f"reads {task.file}")


def _mark(file: Path) -> Path:
    import platformdirs

    digest = hashlib.blake2b(file.read_bytes(), digest_size=20).hexdigest()
    return Path(platformdirs.user_state_dir("regenesis")) / "trusted" / digest
