"""Whether OpenVINO writes what llama.cpp writes: found out at the first use of every copy, and noted beside it.

OpenVINO has been seen to read a family of models wrongly and to write fluent nonsense with it.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from regenesis.engines.agreement import CHATS, TOKENS, Agreement
from regenesis.engines.chat_tokens import ChatTokens
from regenesis.engines.llamacpp.config import LlamaCppEngineConfig
from regenesis.engines.llamacpp.server import continued, load_server
from regenesis.engines.openvino.checking import Unsuitable
from regenesis.models import Weights

if TYPE_CHECKING:
    from openvino_genai import ContinuousBatchingPipeline

Continued = tuple[list[int], list[int]]
"""A prompt, and how llama.cpp goes on."""


def is_noted(copy: Path, model: str) -> bool:
    """Whether a copy was compared before, and well.

    Args:
        copy: Its folder.
        model: What the model is called in an error.

    Raises:
        Unsuitable: It was compared, and OpenVINO wrote something else.
    """
    found = Agreement.noted(copy)
    if found is not None:
        _require(model, found)
    return found is not None


def continued_by_llamacpp(weights: Weights, adapter: Path | None, chat: ChatTokens) -> list[Continued]:
    """A few prompts as tokens, each with how llama.cpp goes on.

    Raises:
        EngineError: llama.cpp cannot load the model or its adapter.
    """
    prompts = [
        chat.tokenizer(chat.form.prompt([{"role": "user", "content": text}]), add_special_tokens=False)["input_ids"]
        for text in CHATS
    ]
    context = 64 + max(map(len, prompts)) + TOKENS
    config = LlamaCppEngineConfig(
        kind="llamacpp",
        model=str(weights.path),
        adapter=adapter,
        max_in_flight=1,
        context=max(256, context),
        threads=1,  # several would wait for each other wherever other work keeps a core busy
    )
    server = load_server(weights.path, config, secrets.token_hex(16))
    return [(prompt, continued(server, prompt, TOKENS)) for prompt in prompts]


def compare(copy: Path, model: str, pipeline: ContinuousBatchingPipeline, expected: list[Continued]) -> None:
    """Has OpenVINO name every next token, and notes how often it was the same.

    Args:
        copy: The folder of the model's copy.
        model: What the model is called in an error.
        pipeline: OpenVINO with that copy.
        expected: How llama.cpp goes on.

    Raises:
        Unsuitable: It mostly was another one.
    """
    import numpy as np
    from openvino import Tensor
    from openvino_genai import GenerationConfig

    config = GenerationConfig()
    config.max_new_tokens = 1
    config.set_eos_token_id(0)  # which one is no matter for a single token, but there must be one
    config.do_sample = False
    asked = [(prompt + tokens[:place], tokens[place]) for prompt, tokens in expected for place in range(len(tokens))]
    handles = [
        pipeline.add_request(number, Tensor(np.array([tokens], dtype=np.int64)), config)
        for number, (tokens, _) in enumerate(asked)
    ]
    while pipeline.has_non_finished_requests():
        pipeline.step()
    named = [[token for one in handle.read_all() for token in one.generated_ids] for handle in handles]
    same = sum(tokens == [right] for tokens, (_, right) in zip(named, asked, strict=True))
    found = Agreement(same, len(asked))
    found.note(copy)
    _require(model, found)


def _require(model: str, found: Agreement) -> None:
    if not found.enough:
        raise Unsuitable(
            f"OpenVINO computes {model} wrongly: asked for {found.of} next tokens, it names llama.cpp's "
            f"{found.same} times."
        )
