"""A check that asks: one chain of one question, with the real prompts and limits, one request a stage.

What a server makes of a real request shows in no list of its models: a context that is too small, a field that it does
not know, a limit that cuts each reply off, a thought that leaves no room for one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from regenesis.doctor.one_chain import one_chain
from regenesis.doctor.stages import questions_at_hand
from regenesis.doctor.subject import Subject
from regenesis.doctor.template import QUESTION
from regenesis.engines import Engine, EngineConfig
from regenesis.errors import ModelError, RegenesisError
from regenesis.findings import Finding
from regenesis.models import KNOWN, cached
from regenesis.models.names import HubName, PackageName, parse_name
from regenesis.types import Completion, Question, Request, Thinking

if TYPE_CHECKING:
    from regenesis.config import RunConfig

_PATIENCE = 300.0


def check_requests(subject: Subject) -> Iterator[Finding]:
    """What the engine makes of one chain: whether each stage is answered, and within its limit."""
    config = subject.config
    if config is None or not _is_at_hand(config.engine):
        return
    question = (questions_at_hand(config.tasks, config.seed, config.data_root) or [QUESTION])[0]
    asked = _Asked(config.engine.make(config.thinking))
    trouble = ""
    try:
        asyncio.run(_ask_a_chain(config, question, asked))
    except RegenesisError as error:
        trouble = str(error)
    except TimeoutError:
        trouble = f"One chain was not completed within {_PATIENCE:.0f} seconds."
    yield from _findings(asked, trouble, config.thinking)


def _findings(asked: _Asked, trouble: str, thinking: Thinking) -> Iterator[Finding]:
    looked_at = [_look_at(stage, limit, reply, thinking) for stage, (limit, reply) in asked.stages.items()]
    wrong = [finding for finding in looked_at if finding is not None]
    if trouble and not any(finding.status == "fail" for finding in wrong):
        wrong.append(Finding("requests", "fail", trouble))
    if not wrong and thinking == "off" and any(reply.thought for _, reply in asked.stages.values()):
        summary = "The model thinks despite `thinking: off`."
        wrong.append(
            Finding("requests", "warn", summary, "Set `thinking: on`, which gives thinking its own token limit.")
        )
    yield from wrong
    if not wrong:
        told = ", ".join(f"{stage} {reply.completion_tokens:,}" for stage, (_, reply) in asked.stages.items())
        seconds = sum(reply.seconds for _, reply in asked.stages.values())
        yield Finding("requests", "ok", f"One chain was run; new tokens: {told}; in {seconds:.1f} seconds.")


def _look_at(stage: str, limit: int, reply: Completion, thinking: Thinking) -> Finding | None:
    """What is wrong with the reply to a stage."""
    if reply.error is not None:
        return Finding("requests", "fail", f"The engine fails at the stage {stage}: {reply.error.rstrip('.')}.")
    if reply.text.strip():
        if reply.finish_reason != "length":
            return None
        summary = f"The reply to the stage {stage} was truncated at its limit of {limit:,} tokens."
        return Finding("requests", "warn", summary, f"If many are, raise {_SETTINGS.get(stage, _SETTINGS['solve'])}.")
    if not reply.thought:
        return Finding("requests", "fail", f"The reply to the stage {stage} is empty.", "Look at the server's log.")
    summary = f"At the stage {stage} the model thought for {reply.completion_tokens:,} tokens and did not reply."
    if thinking == "off":
        return Finding("requests", "fail", summary, "It thinks despite `thinking: off`: set `thinking: on`.")
    return Finding("requests", "fail", summary, "Allow longer thinking: raise thinking_tokens.")


_SETTINGS = {
    "adapt": "method.adapt_tokens",
    "structure": "method.structure_tokens",
    "solve": "method.sampling.max_tokens",
}


def _is_at_hand(engine: EngineConfig) -> bool:
    """Whether an engine can be had without fetching anything."""
    if engine.loads is None or engine.identity() is not None:
        return True
    if Path(engine.model).expanduser().is_dir():
        return True
    try:
        name = parse_name(engine.model, KNOWN)
        return cached(name.model) is not None if isinstance(name, PackageName) else not isinstance(name, HubName)
    except ModelError:
        return False


async def _ask_a_chain(config: RunConfig, question: Question, engine: _Asked) -> None:
    try:
        await engine.open()
        async with asyncio.timeout(_PATIENCE):
            await one_chain(config, question, engine)
    finally:
        await engine.close()


class _Asked:
    """An engine that remembers the last reply to each stage, with the limit that it was asked with."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.kind, self.model, self.capacity = engine.kind, "", engine.capacity
        self.stages: dict[str, tuple[int, Completion]] = {}

    async def open(self) -> None:
        await self._engine.open()
        self.model = self._engine.model

    async def complete(self, request: Request) -> Completion:
        reply = await self._engine.complete(request)
        self.stages[request.stage] = (request.sampling.max_tokens, reply)
        return reply

    async def close(self) -> None:
        await self._engine.close()
