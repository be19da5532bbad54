"""Checks of engines: can each one that the config names start, and has it its model and adapter?"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib import util
from pathlib import Path

from regenesis.config import EngineConfig, LlamaCppEngineConfig, OpenAIEngineConfig, TransformersEngineConfig
from regenesis.doctor.findings import Finding, Subject, version
from regenesis.errors import EngineError, ModelError
from regenesis.filesystems import free_bytes
from regenesis.models import KNOWN, cache_folder, cached
from regenesis.models.cache import has_gguf_magic
from regenesis.models.names import HubName, LocalName, PackageName, parse_name

_SERVER_PATIENCE = 5.0


def check_engines(subject: Subject) -> Iterator[Finding]:
    """Whether the run's engine can start, and those that an evaluation has of its own."""
    yield from _check_engine(subject.engine)
    if subject.config is None:
        return
    evaluation = subject.config.evaluation
    own = {"evaluation engine": evaluation.engine, "tuned engine": evaluation.tuned_engine}
    for name, engine in own.items():
        if engine is not None and engine != subject.engine:
            for finding in _check_engine(engine):
                yield replace(finding, check=name)
    measuring = evaluation.engine or subject.engine
    if evaluation.tasks and isinstance(measuring, OpenAIEngineConfig) and evaluation.tuned_engine is None:
        yield Finding(
            "tuned engine",
            "warn",
            "A server cannot load the tuned model by itself, and no evaluation.tuned_engine says where it is served.",
            "After training serve it beside the base and set evaluation.tuned_engine, or evaluate on another engine.",
        )


def _check_engine(engine: EngineConfig) -> Iterator[Finding]:
    match engine:
        case OpenAIEngineConfig():
            yield from asyncio.run(_check_servers(engine))
        case LlamaCppEngineConfig():
            yield from _check_llamacpp()
            yield _check_model(engine.model)
        case TransformersEngineConfig():
            yield _check_transformers(engine)
            yield _check_weights(engine.model)
    if not isinstance(engine, OpenAIEngineConfig) and engine.adapter is not None:
        yield _check_adapter(engine.adapter, engine.kind)


def _check_transformers(engine: TransformersEngineConfig) -> Finding:
    needed = ["torch", "transformers", *(["peft"] if engine.adapter else [])]
    if not Path(engine.model).expanduser().is_dir():
        needed.append("gguf")
    missing = [name for name in needed if util.find_spec(name) is None]
    if missing:
        advice = "Install them: `pip install 'regenesis[transformers]'`."
        return Finding("engine", "fail", f"The transformers engine needs {', '.join(missing)}.", advice)
    return Finding("engine", "ok", f"transformers {version('transformers')} and torch {version('torch')} are there.")


def _check_weights(spec: str) -> Finding:
    folder = Path(spec).expanduser()
    if not folder.is_dir():
        return _check_model(spec)
    if (folder / "config.json").is_file() and any(folder.glob("*.safetensors")):
        return Finding("model", "ok", f"{folder} is there.")
    return Finding("model", "fail", f"{folder} is no checkpoint: it lacks config.json or .safetensors files.")


def _check_adapter(adapter: Path, kind: str) -> Finding:
    if kind == "llamacpp":
        try:
            has_gguf_magic(adapter)
        except ModelError as error:
            advice = "`regenesis export RUN --to gguf` writes an adapter for llama.cpp."
            return Finding("adapter", "fail", str(error), advice)
    elif not (adapter / "adapter_config.json").is_file():
        advice = "Give the folder of an adapter, such as the `model` folder of a run trained with `method: lora`."
        return Finding("adapter", "fail", f"{adapter} holds no adapter_config.json.", advice)
    return Finding("adapter", "ok", f"The adapter {adapter} is there.")


def _check_llamacpp() -> Iterator[Finding]:
    try:
        import xllamacpp
    except ImportError as error:
        advice = "Install the wheel `xllamacpp`, or use an `openai` engine."
        yield Finding("engine", "fail", f"llama.cpp cannot be loaded: {error}.", advice)
        return
    features = re.findall(r"(\w+) = 1", xllamacpp.get_system_info())
    summary = (
        f"llama.cpp is there: xllamacpp {version('xllamacpp')}, built for {', '.join(features) or 'any processor'}."
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

    from regenesis.engines.openai.credentials import Credential
    from regenesis.engines.openai.discovery import Sight, look

    try:
        credential = Credential(engine.api_key_env, engine.headers)
    except EngineError as error:
        return [Finding("engine", "fail", str(error))]
    timeout = aiohttp.ClientTimeout(total=_SERVER_PATIENCE, sock_connect=_SERVER_PATIENCE)

    async def ask(url: str) -> Finding:
        try:
            async with asyncio.timeout(_SERVER_PATIENCE):
                sight = await look(session, url, engine.model, credential)
        except EngineError as error:
            return Finding("engine", "fail", credential.redact(str(error)))
        except TimeoutError:
            sight = Sight(f"{url}: no answer within {_SERVER_PATIENCE:.0f} seconds")
        if sight.trouble:
            advice = "Start the server or correct its URL."
            return Finding("engine", "fail", credential.redact(sight.trouble) + ".", advice)
        if sight.doubt:
            return Finding("engine", "warn", credential.redact(sight.doubt), "The first request decides.")
        return Finding("engine", "ok", f"{url} answers and serves {engine.model}.")

    async with aiohttp.ClientSession(headers=credential.headers(), timeout=timeout) as session:
        return list(await asyncio.gather(*(ask(url) for url in engine.urls)))
