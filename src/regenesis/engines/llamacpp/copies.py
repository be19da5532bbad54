"""A model's copy as Q4_0, made once, compared with the model, and kept in the cache folder.

    copy = copy_of(weights)      # …/llamacpp/<digest>-q4_0-v1/model.gguf; the file itself where it is Q4_0

Q4_0 has the shortest way through llama.cpp on CPUs: few bytes a weight, rearranged at loading so that a row of
registers takes eight of a matrix' rows. An adapter is laid over the copy as it is over the file.
"""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

from regenesis.checkpoints.gguf_files import GgufFile, read_gguf
from regenesis.checkpoints.gguf_requantising import is_q4_0, q4_0_size, write_q4_0
from regenesis.engines.agreement import CHATS, TOKENS, Agreement
from regenesis.engines.llamacpp.config import LlamaCppEngineConfig
from regenesis.engines.llamacpp.server import continued, load_server, rendered
from regenesis.errors import EngineError
from regenesis.filesystems import free_bytes, replacing
from regenesis.models import Weights, cache_folder, fingerprint
from regenesis.models.cache import exclusive

_FORMAT = 1
"""To be raised when copies are made differently, so that older ones are made again."""

_FILE = "model.gguf"

_CONTEXT = 1024
"""Tokens that the chats of the comparison have room in, with any usual system message."""


def copy_of(weights: Weights) -> Path:
    """The file of a model as Q4_0, made and compared first if need be; a second process waits for the first.

    Args:
        weights: A GGUF model.

    Returns:
        The copy, or the model's own file where that is mostly Q4_0.

    Raises:
        EngineError: There is no room for the copy, or it writes something else than the model.
        ModelError: The model cannot be read.
    """
    file = read_gguf(weights.path)
    if is_q4_0(file):
        return weights.path
    folder = folder_of(weights.path)
    try:
        with exclusive(folder.parent):
            agreement = Agreement.noted(folder)
            if agreement is None or (agreement.enough and not (folder / _FILE).is_file()):
                if lack := lack_of_room(file):
                    raise EngineError(f"engine.quantization: {lack}")
                agreement = _make(weights, file, folder)
    except OSError as error:
        raise EngineError(
            f"{folder.parent}: the copy of {weights.spec} as Q4_0 cannot be written ({error.strerror or error}). Check "
            "free space and permissions on that disk, set REGENESIS_CACHE to another folder, or leave "
            "engine.quantization out to use the file as it is."
        ) from error
    if not agreement.enough:
        raise EngineError(f"engine.quantization: {disagreement(weights.spec, agreement)}")
    return folder / _FILE


def folder_of(model: Path) -> Path:
    """Where a model's copy is, or would be."""
    return cache_folder() / "llamacpp" / f"{fingerprint(model)[:24]}-q4_0-v{_FORMAT}"


def lack_of_room(file: GgufFile) -> str | None:
    """What to say where the disk has no room for a model's copy; `None` where it has."""
    root = cache_folder()
    needed, free = q4_0_size(file), free_bytes(root)
    if needed <= free:
        return None
    return (
        f"the copy of {file.path} as Q4_0 takes {needed / 1e9:.1f} GB in {root}, where {free / 1e9:.1f} GB are free. "
        "Free some space, point REGENESIS_CACHE at a larger disk, or leave engine.quantization out to use the file as "
        "it is."
    )


def disagreement(model: str, agreement: Agreement) -> str:
    """What to say where a copy writes something else than its model.

    Args:
        model: What the model is called.
        agreement: How often both named the same token.
    """
    return (
        f"rounded to Q4_0, {model} writes something else: asked for {agreement.of} next tokens, the copy names the "
        f"model's own {agreement.same} times. Leave engine.quantization out to use the file as it is."
    )


def _make(weights: Weights, file: GgufFile, folder: Path) -> Agreement:
    """Writes the copy and the note of the comparison, both or neither; of a copy that is of no use the note alone."""
    shutil.rmtree(folder, ignore_errors=True)  # what is there has lost its file or its note
    with replacing(folder) as partial:
        partial.mkdir()
        copy = write_q4_0(file, partial / _FILE)
        agreement = _compare(weights.path, copy)
        agreement.note(partial)
        if not agreement.enough:
            copy.unlink()
    return agreement


def _compare(model: Path, copy: Path) -> Agreement:
    """Has the model continue a few chats, and the copy name every token of that; one after the other in memory."""
    expected = _continuations(model)
    server = load_server(copy, _small(copy), secrets.token_hex(16))
    named = [
        (token, continued(server, [prompt, *tokens[:place]] if place else prompt, 1))
        for prompt, tokens in expected
        for place, token in enumerate(tokens)
    ]
    return Agreement(sum(answer == [token] for token, answer in named), len(named))


def _continuations(model: Path) -> list[tuple[str, list[int]]]:
    key = secrets.token_hex(16)
    server = load_server(model, _small(model), key)
    # a template that takes no such chat refuses every request; then any text will do
    prompts = [rendered(server, key, {}, text) or text for text in CHATS]
    return [(prompt, continued(server, prompt, TOKENS)) for prompt in prompts]


def _small(model: Path) -> LlamaCppEngineConfig:
    # one thread: several would wait for each other wherever other work keeps a core busy
    return LlamaCppEngineConfig(kind="llamacpp", model=str(model), max_in_flight=1, context=_CONTEXT, threads=1)
