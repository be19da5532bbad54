"""Rows of the catalogue's datasets: from the data root if they lie there, else from the hub through `datasets`.

The few rows that come with the package are read from there, without either.

A data root holds `<hub id>/<config>/<split>.jsonl`, one row a line in the hub's own columns. Where there are several
parts (configs, or splits joined to one) their rows are read in turn, one of each, so that a limit cuts all of them
alike.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from regenesis.errors import TaskError
from regenesis.reachability import hub_fault, offline_if_unreachable
from regenesis.tasks.json_files import read_jsonl
from regenesis.tasks.rows import Row

DATA_ROOT_VARIABLE = "REGENESIS_DATA_ROOT"
_DEFAULT_CONFIG = "default"
_BUNDLED = Path(__file__).parent / "catalogue"


def find_data_root(configured: Path | None) -> Path | None:
    """The folder used before the hub: the config's `data_root`, else the one that the environment names, if any.

    Raises:
        TaskError: One is named that is not a folder.
    """
    stated = os.environ.get(DATA_ROOT_VARIABLE)
    root = configured or (Path(stated) if stated else None)
    if root is not None and not root.is_dir():
        origin = "data_root" if configured else DATA_ROOT_VARIABLE
        raise TaskError(
            f"{origin} names {root}, which is not a folder; it must contain <hub id>/<config>/<split>.jsonl."
        )
    return root


def read_data_set(
    name: str, hub: str, parts: Sequence[tuple[str, str]], data_root: Path | None
) -> tuple[Iterator[Row], list[str]]:
    """Rows of a dataset, and what a user should know about them.

    A data root that holds some of several parts is taken at its word: those are read, and a note names the others.

    Args:
        name: What the config calls the task.
        hub: Id of the dataset on the hub.
        parts: Config and split of each part; an empty config is the dataset's only or default one.
        data_root: Folder that is searched before the Hub.

    Raises:
        TaskError: The rows are neither in the data root nor to be had from the hub.
    """
    paths = (
        {part: data_root / hub / (part[0] or _DEFAULT_CONFIG) / f"{part[1]}.jsonl" for part in parts}
        if data_root
        else {}
    )
    present = {part: path for part, path in paths.items() if path.is_file()}
    if present:
        one_split = len({split for _, split in parts}) == 1
        absent = [part[0] if one_split else part[1] for part in parts if part not in present]
        notes = [f"{name}: {len(absent)} of {len(parts)} parts are not in {data_root}: {', '.join(absent)}"]
        return _in_turn([read_jsonl(path, part[0]) for part, path in present.items()]), notes if absent else []
    looked_at = str(next(iter(paths.values()))) if paths else None
    return _in_turn([_from_hub(hub, config, split, looked_at) for config, split in parts]), []


def read_bundled(name: str, parts: Sequence[tuple[str, str]]) -> Iterator[Row]:
    """Rows of a task that come with the package; `parts` are config and split of each."""
    return _in_turn([read_jsonl(_BUNDLED / name / config / f"{split}.jsonl", config) for config, split in parts])


def _in_turn(sources: list[Iterator[Row]]) -> Iterator[Row]:
    while sources:
        still_going = []
        for source in sources:
            row = next(source, None)
            if row is not None:
                yield row
                still_going.append(source)
        sources = still_going


def out_of_reach(hub: str) -> bool:
    """Whether a dataset of the hub can be had neither from its libraries' caches nor from the hub itself."""
    from huggingface_hub import constants

    if not constants.HF_HUB_OFFLINE and hub_fault(constants.ENDPOINT) is None:
        return False
    prepared = os.environ.get("HF_DATASETS_CACHE") or os.path.join(constants.HF_HOME, "datasets")
    names = {hub.replace("/", "___").casefold(), f"datasets--{hub.replace('/', '--')}".casefold()}
    for folder in (prepared, constants.HF_HUB_CACHE):
        with suppress(OSError):
            if names & {name.casefold() for name in os.listdir(folder)}:
                return False
    return True


def _from_hub(hub: str, config: str, split: str, looked_at: str | None) -> Iterator[Row]:
    import datasets
    from datasets.exceptions import DatasetsError

    offline_if_unreachable()
    folder = f"{hub}/{config or _DEFAULT_CONFIG}/{split}.jsonl"
    name = f"{hub} ({config}, {split})" if config else f"{hub} ({split})"
    before = f"{looked_at} does not exist, and " if looked_at else ""
    try:
        rows = datasets.load_dataset(hub, config or None, split=split, streaming=False)
    except ConnectionError as error:
        raise TaskError(
            f"{name}: {before}the Hub cannot be reached; set data_root or {DATA_ROOT_VARIABLE} to a folder that "
            f"contains {folder}."
        ) from error
    except (DatasetsError, OSError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise TaskError(
            f"{name}: {before}the Hub does not provide it ({reason}); check access to {hub} there, or put its rows "
            f"into {folder} under data_root or {DATA_ROOT_VARIABLE}."
        ) from error
    for number, values in enumerate(rows, start=1):
        yield Row(name, number, values, subset=config)
