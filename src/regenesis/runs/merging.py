"""One run of all shards: their segments become its ledger, and the dataset is derived from that.

report = merge("runs/x")            # an ordinary run from then on

Nothing is asked. The result is that of a run on one machine, byte for byte, if the same completions are recorded.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from regenesis.config.comparing import differences, extensions
from regenesis.engines import Engine
from regenesis.errors import RunError
from regenesis.ledger import Ledger
from regenesis.ledger.segments import rows_in
from regenesis.runs.waiting import run_to_its_end
from regenesis.scheduling.no_engine import RecordedOnly
from regenesis.store.directory import RunDirectory, read_json
from regenesis.synthesis.progress import Progress
from regenesis.synthesis.sharding import Shard, segments_folder
from regenesis.synthesis.stage import SynthesisReport, synthesize

MERGING_USES = ("tasks", "evaluation", "method", "answering", "data_root")
"""Sections of a config that merging uses."""


def merge(run_dir: str | Path, *, progress: Progress | None = None) -> SynthesisReport:
    """Makes one run of its shards; may be repeated when they have recorded more.

    Raises:
        RunError: A shard is missing or is one of another run, or a process works on the run.
        LedgerError: A segment is missing or damaged.
    """
    directory = RunDirectory(run_dir)
    shards = _shards(directory)
    first = shards[0]
    if not directory.config_file.is_file():
        for file in ("config_file", "inputs_file"):
            shutil.copyfile(getattr(first, file), getattr(directory, file))
    config = directory.require_own(MERGING_USES)
    if differences(directory.require_started(), first.require_started()):
        raise RunError(f"{directory.path}: was started with another config than its shards. Merge into a new folder.")
    model = first.frozen_model() or ""

    async def merged() -> SynthesisReport:
        with directory.locked(), Ledger.open(directory.ledger) as ledger:
            for shard in shards:
                for rows in rows_in(shard.path):
                    await ledger.absorb(rows)

        def recorded_only(*_: object) -> Engine:
            return RecordedOnly(model, refuses=False)

        return await synthesize(config, directory.path, progress=progress, make_engine=recorded_only)

    return run_to_its_end(merged())


def _shards(directory: RunDirectory) -> list[RunDirectory]:
    """The sealed folders of all shards of a run, which are shards of the same one.

    Raises:
        RunError: There are none, one is missing, or one was started with another config.
    """
    folder = segments_folder(directory.path)
    found: dict[int, set[int]] = {}
    for path in folder.glob("*-of-*"):
        if name := re.fullmatch(r"(\d+)-of-(\d+)", path.name, re.ASCII):
            found.setdefault(int(name[2]), set()).add(int(name[1]))
    if not found:
        raise RunError(
            f"{directory.path}: has no shards (no folder {folder.name}/1-of-n). Start them with "
            f"`regenesis synthesize CONFIG --run-dir {directory.path} --shard 1/n`, 2/n and so on."
        )
    if len(found) > 1:
        counts = " and of ".join(str(count) for count in sorted(found))
        raise RunError(f"{folder}: holds shards of {counts}. Remove those that do not belong to the run.")
    count, numbers = next(iter(found.items()))
    shards = [RunDirectory(folder / Shard(number, count).name) for number in range(1, count + 1)]
    missing = [shard.path.name for number, shard in enumerate(shards, start=1) if number not in numbers]
    missing += [shard.path.name for shard in shards if shard.path.is_dir() and not shard.config_file.is_file()]
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise RunError(
            f"{folder}: {', '.join(missing[:3])}{more} of {count} shards have sealed nothing yet. Start them with "
            "`regenesis synthesize … --shard`, then merge again."
        )
    config, inputs = shards[0].require_started(), _inputs(shards[0])
    for shard in shards[1:]:
        other = shard.require_started()
        changed = [*differences(config, other), *extensions(config, other)]
        changed += [
            f"{name} differ" for name in inputs if name in (its := _inputs(shard)) and its[name] != inputs[name]
        ]
        if changed:
            raise RunError(
                f"{shard.path}: is not a shard of the same run as {shards[0].path.name}. What differs: {changed[0]}. "
                "Run it anew with the config of the others."
            )
    return shards


def _inputs(shard: RunDirectory) -> dict[str, object]:
    return {name: value for name, value in (read_json(shard.inputs_file) or {}).items() if name != "own_engine"}
