"""One run of all shards: their segments become its ledger, and the dataset is derived from that.

report = merge("runs/x")            # an ordinary run from then on

Nothing is asked. The result is that of a run on one machine, byte for byte, if the same completions are recorded.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from regenesis.config import RunConfig
from regenesis.config.comparing import differences, extensions
from regenesis.engines import Engine
from regenesis.errors import RunError
from regenesis.ledger import Ledger
from regenesis.ledger.segments import absorb, rows_in
from regenesis.runs.waiting import run_to_its_end
from regenesis.scheduling.no_engine import RecordedOnly
from regenesis.storage import Folder
from regenesis.store import trust
from regenesis.store.directory import RunDirectory, read_json
from regenesis.synthesis.progress import Progress
from regenesis.synthesis.report import SynthesisReport
from regenesis.synthesis.sharding import Shard, segments_folder
from regenesis.synthesis.stage import synthesize

MERGING_USES = ("tasks", "evaluation", "method", "answering", "data_root")
"""Sections of a config that merging uses."""


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A shard as it was sealed: its segments, and a copy of the files beside them."""

    folder: Folder
    copy: RunDirectory


def merge(
    run_dir: str | Path,
    *,
    segments: str | None = None,
    started_with: RunConfig | None = None,
    progress: Progress | None = None,
) -> SynthesisReport:
    """Makes one run of its shards; may be repeated when they have recorded more.

    Args:
        run_dir: The run's folder.
        segments: Where its shards have sealed, if not in the run's folder: a path or an address such as
            `s3://bucket/x`.
        started_with: The config that the caller has started the shards with, which needs no further trust.
        progress: Counters to keep up to date, for a display.

    Raises:
        RunError: A shard is missing or is one of another run, or a process works on the run.
        LedgerError: A segment is missing or damaged.
        ConfigError: The address of the segments cannot be used.
    """
    directory = RunDirectory(run_dir)
    with _shards(directory, segments) as shards:
        first = shards[0].copy
        if not directory.config_file.is_file():
            directory.path.mkdir(parents=True, exist_ok=True)
            for file in ("config_file", "inputs_file"):
                shutil.copyfile(getattr(first, file), getattr(directory, file))
        if started_with is not None and directory.require_started() == started_with:
            trust.remember(directory.config_file)
        config = directory.require_own(MERGING_USES)
        if differences(directory.require_started(), first.require_started()):
            raise RunError(
                f"{directory.path}: was started with another config than its shards. Merge into a new folder."
            )
        model = first.frozen_model() or ""

        def recorded_only(*_: object) -> Engine:
            return RecordedOnly(model, refuses=False)

        async def merged() -> SynthesisReport:
            with directory.locked(), Ledger.open(directory.ledger) as ledger:
                await absorb(ledger, chain.from_iterable(rows_in(shard.folder) for shard in shards))
            return await synthesize(
                config,
                directory.path,
                progress=progress,
                make_engine=recorded_only,
                judged=[str(shard.folder) for shard in shards],
                just_written=True,
            )

        return run_to_its_end(merged())


@contextmanager
def _shards(directory: RunDirectory, segments: str | None) -> Iterator[list[_Sealed]]:
    """All shards of a run, which are shards of the same one.

    Raises:
        RunError: There are none, one is missing, or one was started with another config.
    """
    folder = segments_folder(directory.path, segments)
    names = _names(directory, folder, segments)
    with tempfile.TemporaryDirectory(prefix="regenesis-merge-") as copies:
        shards = [_Sealed(folder.inside(name), RunDirectory(Path(copies) / name)) for name in names]
        missing = [name for name, shard in zip(names, shards, strict=True) if not _is_copied(shard)]
        if missing:
            more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
            raise RunError(
                f"{folder}: {', '.join(missing[:3])}{more} of {len(names)} shards have sealed nothing yet. Start them "
                "with `regenesis synthesize … --shard`, then merge again."
            )
        _require_same_run(shards)
        yield shards


def _names(directory: RunDirectory, folder: Folder, segments: str | None) -> list[str]:
    """The names that all shards of a run have, whether they are there yet or not."""
    try:
        matches = [re.fullmatch(r"\d+-of-(\d+)", name, re.ASCII) for name in folder.names()]
    except OSError as error:
        raise RunError(f"{folder}: cannot be read ({error.strerror or error}).") from error
    counts = sorted({int(match[1]) for match in matches if match})
    if not counts:
        where = f"--run-dir {directory.path}" if segments is None else f"--segments {segments}"
        raise RunError(
            f"{directory.path if segments is None else folder}: has no shards (no folder "
            f"{'segments/' if segments is None else ''}1-of-n). Start them with "
            f"`regenesis synthesize CONFIG {where} --shard 1/n`, 2/n and so on."
        )
    if len(counts) > 1:
        found = " and of ".join(str(count) for count in counts)
        raise RunError(f"{folder}: holds shards of {found}. Remove those that do not belong to the run.")
    return [Shard(number, counts[0]).name for number in range(1, counts[0] + 1)]


def _is_copied(shard: _Sealed) -> bool:
    """Copies the files beside a shard's segments; says whether they were there."""
    shard.copy.path.mkdir()
    for file in (shard.copy.config_file, shard.copy.inputs_file):
        try:
            file.write_bytes(shard.folder.read(file.name))
        except FileNotFoundError:
            return False
        except OSError as error:
            raise RunError(f"{shard.folder}/{file.name}: cannot be read ({error.strerror or error}).") from error
    return True


def _require_same_run(shards: list[_Sealed]) -> None:
    first = shards[0].copy
    config, inputs = first.require_started(), _inputs(first)
    for shard in shards[1:]:
        other = shard.copy.require_started()
        changed = [*differences(config, other), *extensions(config, other)]
        its = _inputs(shard.copy)
        changed += [f"{name} differ" for name in inputs if name in its and its[name] != inputs[name]]
        if changed:
            raise RunError(
                f"{shard.folder}: is not a shard of the same run as {first.path.name}. What differs: {changed[0]}. "
                "Run it anew with the config of the others."
            )


def _inputs(shard: RunDirectory) -> dict[str, object]:
    return {name: value for name, value in (read_json(shard.inputs_file) or {}).items() if name != "own_engine"}
