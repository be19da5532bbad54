"""General guidelines that the model writes itself, once per run.

    guidelines = await generate_guidelines(sampler, config, prompts)

They are recorded like any completion, so that a run resumed reads them back and asks nothing.
"""

from __future__ import annotations

import re

from regenesis.errors import ConfigError
from regenesis.methods.regenesis.config import ReGenesisConfig
from regenesis.methods.regenesis.guidelines import Guideline
from regenesis.methods.regenesis.prompts import PromptSet
from regenesis.scheduling import Sampler
from regenesis.types import Question

TRIES = 3
"""Samples asked for, one after another, until enough guidelines can be read."""
_ENTRY = re.compile(r"^\s*(?:\d{1,3}[.):]|[-*•])\s*(.+?)\s*$", re.MULTILINE)
_EMPHASIS = re.compile(r"[*_`#]+")
_LONGEST = 400
_RUN = Question(id="guidelines", task="", text="", gold=None, kind="text")
"""What the requests belong to: the run, and none of its questions."""


async def generate_guidelines(sampler: Sampler, config: ReGenesisConfig, prompts: PromptSet) -> tuple[Guideline, ...]:
    """Asks the model for `config.generated_guidelines` general guidelines.

    Raises:
        ConfigError: Fewer than two could be read in what it wrote.
        BudgetSpent, RequestFailed, EngineError: As for any request.
    """
    texts: dict[str, str] = {}
    messages = prompts.messages("generate", _RUN, count=config.generated_guidelines)
    for sample in range(TRIES):
        async with sampler.chain(_RUN, 0, "guidelines") as chain:
            reply = await chain.ask("guidelines", messages, config.sampling.draw(), sample)
        for text in read_guidelines(reply.completion.text):
            texts.setdefault(text.casefold(), text)
        if len(texts) >= config.generated_guidelines:
            break
    found = list(texts.values())[: config.generated_guidelines]
    if len(found) < 2:
        raise ConfigError(
            "method.guidelines: the model was asked to write general guidelines, and no list of them could be read in "
            f"{TRIES} replies. Use those that come with the package (`guidelines: null`) or a `guidelines_file`."
        )
    return tuple(Guideline(f"generated-{number}", text) for number, text in enumerate(found, 1))


def read_guidelines(reply: str) -> list[str]:
    """The entries of a numbered or bulleted list, without markup; over-long ones are passed over."""
    entries = (" ".join(_EMPHASIS.sub("", entry).split()) for entry in _ENTRY.findall(reply))
    return [entry for entry in entries if 10 <= len(entry) <= _LONGEST]
