"""Checks of the machine itself: Python, packages, memory, disks, the cache, the hub."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path

from regenesis.doctor.subject import Subject, requirements
from regenesis.engines.threads import cores
from regenesis.errors import ModelError
from regenesis.filesystems import filesystem_type, free_bytes, nearest_existing, network_filesystem
from regenesis.findings import Finding, version
from regenesis.models import cache_folder, cached, known_models
from regenesis.reachability import hub_fault

_ROOM_FOR_A_RUN = 2 * 10**9


def check_python(subject: Subject) -> Iterator[Finding]:
    """Which Python this is."""
    yield Finding("python", "ok", f"Python {platform.python_version()} on {platform.system()} {platform.machine()}.")


def check_packages(subject: Subject) -> Iterator[Finding]:
    """Whether what regenesis depends on is installed; the list is the package's own."""
    versions = {name: version(name) for name in requirements(optional=False)}
    missing = [name for name, version in versions.items() if version is None]
    if missing:
        summary = f"Not installed: {', '.join(missing)}."
        yield Finding("packages", "fail", summary, "Reinstall regenesis: `pip install --force-reinstall regenesis`.")
    else:
        yield Finding("packages", "ok", ", ".join(f"{name} {version}" for name, version in versions.items()) + ".")


def check_extras(subject: Subject) -> Iterator[Finding]:
    """Which optional packages are installed, and whether the config needs one that is not."""
    versions = {name: version(name) for name in requirements(optional=True)}
    stated = ", ".join(f"{name} {version or 'not installed'}" for name, version in versions.items())
    needed = subject.config is not None and any(task.name.startswith("rg:") for task in subject.config.tasks)
    if needed and not versions.get("reasoning-gym"):
        advice = "Install it: `pip install 'regenesis[reasoning-gym]'`."
        yield Finding("extras", "fail", "The config's `rg:` tasks need reasoning-gym, which is not installed.", advice)
    elif stated:
        yield Finding("extras", "ok", f"Optional: {stated}.")


def check_machine(subject: Subject) -> Iterator[Finding]:
    """Cores and memory."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):  # not every system tells
        yield Finding("machine", "ok", f"{cores()} cores.")
        return
    summary = f"{cores()} cores, {memory / 2**30:.1f} GiB of memory."
    if subject.engine.loads is not None and memory < 4 * 2**30:
        yield Finding(
            "machine", "warn", summary, "Little memory for an in-process model: lower engine.max_in_flight or context."
        )
    else:
        yield Finding("machine", "ok", summary)


def check_run_folder(subject: Subject) -> Iterator[Finding]:
    """Whether a run can be written where it is to be: permission, room, and a file system that keeps a ledger safe."""
    folder = subject.run_dir.resolve()
    existing = nearest_existing(folder)
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        yield Finding("run folder", "fail", f"{existing} cannot be written to.", "Choose another run folder.")
        return
    network = network_filesystem(folder)
    if network:
        advice = "The ledger is not safe there: use a local disk and copy the run when it is done."
        yield Finding("run folder", "fail", f"{folder} lies on a network file system ({network}).", advice)
        return
    free = free_bytes(folder)
    summary = f"{folder} is on {filesystem_type(folder) or 'a disk'} with {free / 1e9:.1f} GB free."
    if free < _ROOM_FOR_A_RUN:
        yield Finding("run folder", "warn", summary, "Free some space: a large run writes some gigabytes.")
    else:
        yield Finding("run folder", "ok", summary)


def check_cache(subject: Subject) -> Iterator[Finding]:
    """What the cache of models holds and how much room it has."""
    folder = cache_folder()
    try:
        there = [model.name for model in known_models() if cached(model)]
    except ModelError as error:
        yield Finding("cache", "fail", str(error), "Point REGENESIS_CACHE at a folder of your own.")
        return
    held = f"holds {', '.join(there)}" if there else "holds no models yet"
    yield Finding("cache", "ok", f"{folder} {held}; {free_bytes(folder) / 1e9:.1f} GB free.")


def check_data_root(subject: Subject) -> Iterator[Finding]:
    """Whether the data root, if there is one, is a folder."""
    from regenesis.tasks.hub import DATA_ROOT_VARIABLE

    stated = (subject.config.data_root if subject.config else None) or os.environ.get(DATA_ROOT_VARIABLE)
    if not stated:
        return
    root = Path(stated).expanduser()
    if root.is_dir():
        yield Finding("data root", "ok", f"{root} is searched before the Hub.")
    else:
        advice = f"Correct `data_root` in the config or the environment's {DATA_ROOT_VARIABLE}."
        yield Finding("data root", "fail", f"{root} is not a folder.", advice)


def check_hub(subject: Subject) -> Iterator[Finding]:
    """Whether the hub of models and datasets answers; never a failure, since much works without."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        yield Finding("hub", "ok", "HF_HUB_OFFLINE is set: only local files are used.")
        return
    fault = hub_fault(constants.ENDPOINT)
    if fault is not None:
        advice = "Hub tasks then need a data root or the Hub cache, `hf:` models the Hub cache."
        yield Finding("hub", "warn", f"The Hub cannot be reached ({fault.strerror or fault}).", advice)
    else:
        yield Finding("hub", "ok", "The Hugging Face Hub is reachable.")
