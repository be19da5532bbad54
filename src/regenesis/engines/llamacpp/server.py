"""A GGUF model in llama.cpp's own server, in this process.

server = load_server(path, config, key)
continued(server, "The capital of France is", 4)     # greedy tokens
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from regenesis.engines.llamacpp.config import LlamaCppEngineConfig
from regenesis.engines.threads import free_cores
from regenesis.errors import EngineError, ModelError
from regenesis.openmp import wait_without_spinning

if TYPE_CHECKING:
    from xllamacpp import CommonParams, Server


def load_server(path: Path, config: LlamaCppEngineConfig, key: str) -> Server:
    """Loads a model.

    Args:
        path: The model's file.
        config: The engine's.
        key: Without which the server's HTTP face answers nobody.

    Raises:
        EngineError: llama.cpp cannot load it, or cannot lay the adapter over it.
    """
    wait_without_spinning()
    from xllamacpp import Server

    try:
        return Server(server_parameters(path, config, key))
    except (RuntimeError, ValueError, MemoryError) as error:
        if config.adapter is not None:
            # the library does not say which of the two it was
            raise EngineError(
                f"llama.cpp cannot apply engine.adapter {config.adapter} over {path} ({error}). It may not be a "
                "LoRA adapter, or belong to another model: `regenesis export RUN --to gguf` makes one for the model "
                f"that was trained. Or there is too little memory for {config.places} × {config.context} "
                "tokens: lower engine.max_in_flight."
            ) from error
        if _is_adapter(path):
            raise EngineError(
                f"{path} is a LoRA adapter, not a model: set engine.model to its base and engine.adapter to this file."
            ) from error
        raise EngineError(
            f"llama.cpp cannot load {path} ({error}). The file may be damaged or of an architecture it does not know, "
            f"or there is too little memory for {config.places} × {config.context} tokens: lower "
            "engine.max_in_flight."
        ) from error


def _is_adapter(path: Path) -> bool:
    from regenesis.checkpoints.gguf_files import read_gguf

    with suppress(ModelError):
        return bool(read_gguf(path).value("general.type") == "adapter")
    return False


def server_parameters(path: Path, config: LlamaCppEngineConfig, key: str) -> CommonParams:
    """All that shapes the server; what shapes a single text is in the engine's `_body`."""
    from xllamacpp import CommonAdapterLoraInfo, CommonParams

    parameters = CommonParams()
    parameters.model.path = str(path)
    if config.adapter is not None:
        parameters.lora_adapters = [CommonAdapterLoraInfo(str(config.adapter), 1.0)]
    parameters.n_parallel = config.places
    parameters.n_ctx = config.context * config.places
    parameters.n_batch = parameters.n_ubatch = 256  # as fast as 512 here, and given up in half the time
    parameters.cpuparams.n_threads = config.threads or free_cores()
    parameters.cache_prompt = True
    parameters.cache_ram_mib = 0  # prompts of idle slots stay in their slots; the default keeps 8 GiB of others
    parameters.fit_params = False
    parameters.warmup = False
    # the model's words as they are: no reading of tool calls, no taking out of thoughts
    parameters.force_pure_content_parser = True
    # a server cannot be had without its HTTP face: nobody knows the key to it, and it says nothing
    parameters.api_keys = [key]
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.verbosity = -1
    return parameters


def rendered(server: Server, key: str, switches: dict[str, Any], content: str = "?") -> str:
    """A chat as the server writes it down; empty where the template refuses it, as it then refuses every request.

    Args:
        server: A model.
        key: To the server's HTTP face.
        switches: What the template is told besides.
        content: The only message.
    """
    address = urlsplit(server.listening_address)
    body = {"messages": [{"role": "user", "content": content}], "chat_template_kwargs": switches}
    # the library gives no call for it; its own HTTP face, in this process, does
    connection = HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=60)
    try:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        connection.request("POST", "/apply-template", json.dumps(body), headers)
        reply = json.loads(connection.getresponse().read())
    except (OSError, HTTPException, ValueError):
        return ""
    finally:
        connection.close()
    return str(reply.get("prompt") or "") if isinstance(reply, dict) else ""


def continued(server: Server, prompt: str | Sequence[str | int], tokens: int) -> list[int]:
    """How a model goes on greedily: so many tokens, fewer where it ends before.

    Args:
        server: The model.
        prompt: Text, tokens, or both one after the other.
        tokens: How many at most.
    """
    body = {"prompt": prompt, "max_tokens": tokens, "temperature": 0.0, "return_tokens": True, "verbose": True}
    reply = server.handle_completions(body)
    return [int(token) for token in reply["__verbose"]["tokens"]]
