"""Whether OpenVINO writes what llama.cpp writes: found out at the first use of every copy, and noted beside it.

OpenVINO has been seen to read a family of models wrongly and to write fluent nonsense with it, and nothing but the text
shows that. llama.cpp continues a few chats greedily; OpenVINO is asked for each next token of that, given the tokens
before it. Where both compute the same model they name the same token nearly always, whatever their rounding.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from regenesis.engines.chat_tokens import ChatTokens
from regenesis.engines.llamacpp.config import LlamaCppEngineConfig
from regenesis.engines.llamacpp.server import load_server
from regenesis.engines.openvino.checking import Unsuitable
from regenesis.filesystems import replacing
from regenesis.models import Weights

if TYPE_CHECKING:
    from openvino_genai import ContinuousBatchingPipeline

_CHATS = (
    "A baker makes 24 rolls and sells 17 of them. How many are left? Explain.",
    "Name three animals that live in the sea, and say why each can breathe there.",
    "Is every square a rectangle? Answer yes or no, then give the reason.",
)
_TOKENS = 12
"""Tokens of each continuation that are compared."""

_SHARE = 0.75
"""Least share of equal tokens. Right families have 0.9 and more, wrong ones less than a quarter."""

_NOTE = "agreement.json"

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
    try:
        note = json.loads((copy / _NOTE).read_text("utf-8"))
        same, of = int(note["same"]), int(note["of"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    _require(model, same, of)
    return True


def continued_by_llamacpp(weights: Weights, adapter: Path | None, chat: ChatTokens) -> list[Continued]:
    """A few prompts as tokens, each with how llama.cpp goes on.

    Raises:
        EngineError: llama.cpp cannot load the model or its adapter.
    """
    prompts = [
        chat.tokenizer(chat.form.prompt([{"role": "user", "content": text}]), add_special_tokens=False)["input_ids"]
        for text in _CHATS
    ]
    context = 64 + max(map(len, prompts)) + _TOKENS
    config = LlamaCppEngineConfig(
        kind="llamacpp",
        model=str(weights.path),
        adapter=adapter,
        max_in_flight=1,
        context=max(256, context),
        threads=1,  # several would wait for each other wherever other work keeps a core busy
    )
    server = load_server(weights.path, config, secrets.token_hex(16))
    pairs = []
    for prompt in prompts:
        body = {"prompt": prompt, "max_tokens": _TOKENS, "temperature": 0.0, "return_tokens": True, "verbose": True}
        reply = server.handle_completions(body)
        pairs.append((prompt, [int(token) for token in reply["__verbose"]["tokens"]]))
    return pairs


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
    with replacing(copy / _NOTE) as partial:
        partial.write_text(json.dumps({"same": same, "of": len(asked)}), "utf-8")
    _require(model, same, len(asked))


def _require(model: str, same: int, of: int) -> None:
    if same < _SHARE * of:
        raise Unsuitable(
            f"OpenVINO computes {model} wrongly: asked for {of} next tokens, it names llama.cpp's {same} times."
        )
