"""What earlier runs on this machine tell of one that is planned: which there are, and the yield of their chains.

measured_yield(config, {"gsm8k": 60}, earlier_work())     # MeasuredYield(0.17, 58, ("runs/first",))
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from regenesis.config import RunConfig, differences
from regenesis.curation import Funnel
from regenesis.curation.funnel import Tally
from regenesis.errors import RegenesisError
from regenesis.store.directory import RunDirectory, read_json
from regenesis.store.trust import code_named

CONFIG_FILES = ("experiment.yaml", "config.yaml")
"""By one of these a folder is known as that of an experiment or a run."""
MOST_FOLDERS = 200
"""Folders that are looked into."""
_FEWEST_CHAINS = 20
"""Chains of a task that a yield takes."""


@dataclass(frozen=True, slots=True)
class MeasuredYield:
    """How many chains gave a path worth keeping, as earlier runs tell.

    Attributes:
        share: Right and fit paths per chain.
        chains: Chains it was counted on.
        folders: The runs.
    """

    share: float
    chains: int
    folders: tuple[str, ...]


def earlier_work(folder: Path | None = None) -> list[Path]:
    """The folders of runs and experiments under `experiments` and `runs`, the newest first.

    Args:
        folder: An experiment's own: it comes first, then those beside it.
    """
    own = [] if folder is None else [folder]
    parents = [*(one.parent for one in own), Path("experiments"), Path("runs")]
    found = [path for parent in parents for path in _newest(parent)]
    return list(dict.fromkeys([*own, *found]))


def _newest(parent: Path) -> list[Path]:
    with suppress(OSError):
        found = [path for path in parent.iterdir() if any((path / name).is_file() for name in CONFIG_FILES)]
        return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)
    return []


def measured_yield(config: RunConfig, questions: Mapping[str, int], folders: Iterable[Path]) -> MeasuredYield | None:
    """The yield of runs that asked the same model in the same way; `None` where they do not tell it of every task.

    Args:
        config: The config of the run that is planned.
        questions: Its questions by task; each task counts by how many it has.
        folders: Folders of runs and experiments, in the order of preference.
    """
    known = code_named(config.model_dump(mode="json")).values()
    told: dict[str, tuple[Tally, str]] = {}
    for run in _runs(folders):
        if told.keys() >= questions.keys():
            break
        told = {name: (tally, str(run)) for name, tally in _tallies(run, config, known).items()} | told
    if not questions or not told.keys() >= questions.keys():
        return None
    used = [(count, *told[name]) for name, count in questions.items()]
    return MeasuredYield(
        share=sum(count * tally.fit / tally.chains for count, tally, _ in used) / sum(questions.values()),
        chains=sum(tally.chains for _, tally, _ in used),
        folders=tuple(dict.fromkeys(run for _, _, run in used)),
    )


def _runs(folders: Iterable[Path]) -> Iterator[Path]:
    """The runs among folders, and those that are cells of an experiment."""
    for folder in islice(folders, MOST_FOLDERS):
        if (folder / "config.yaml").is_file():
            yield folder
        yield from sorted(folder.glob("cells/*/*/*"))


def _tallies(run: Path, config: RunConfig, known: Collection[str]) -> dict[str, Tally]:
    """What became of the chains of each task that a run shares with a config; nothing where it asked otherwise."""
    with suppress(RegenesisError):
        directory = RunDirectory(run)
        summary = read_json(directory.summary) or {}
        if "funnel" not in summary:
            return {}
        names = {one.name for one in config.tasks}
        counted = Funnel.from_json(summary["funnel"]).tasks
        telling = {name: tally for name, tally in counted.items() if name in names and _tells(tally)}
        frozen = directory.frozen_config(known) if telling else None
        if frozen is not None and _asks_alike(frozen, config):
            before = {(one.name, one.file, one.hub) for one in frozen.tasks}
            same = {one.name for one in config.tasks if (one.name, one.file, one.hub) in before}
            return {name: tally for name, tally in telling.items() if name in same}
    return {}


def _asks_alike(frozen: RunConfig, config: RunConfig) -> bool:
    """Whether a run asked the model of a config as the config does; the seed and the kind of engine may be others."""
    before, now = frozen.engine, config.engine
    if (before.model, before.loaded_adapter) != (now.model, now.loaded_adapter):
        return False
    passed = ("seed:",) if before.kind == now.kind else ("seed:", "engine.")
    return all(line.startswith(passed) for line in differences(frozen, config))


def _tells(tally: Tally) -> bool:
    # the file may be anybody's
    chains, fit = tally.chains, tally.fit
    return isinstance(chains, int) and isinstance(fit, int) and 0 <= fit <= chains and chains >= _FEWEST_CHAINS
