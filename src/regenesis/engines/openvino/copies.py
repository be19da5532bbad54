"""The form in which OpenVINO is given a model: a copy in its own format, made once and kept in the cache folder.

    folder = copy_of(weights, adapter=None)     # …/openvino/<digest>-<version>/ with openvino_model.xml and .bin

OpenVINO reads few of GGUF's types and has no place for an adapter over a GGUF model. So every model is written anew as
Q8_0, with the adapter, if there is one, merged into its weights before they are rounded: base and tuned model have the
same precision, and no step pays for the adapter.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from regenesis.checkpoints import write_gguf_model
from regenesis.checkpoints.gguf_files import read_gguf
from regenesis.checkpoints.layouts import layout_of
from regenesis.engines.openvino.checking import Unsuitable
from regenesis.errors import ModelError
from regenesis.filesystems import replacing
from regenesis.findings import version
from regenesis.models import Weights, cache_folder, fingerprint
from regenesis.models.cache import exclusive, has_gguf_magic

_FORMAT = 1
"""To be raised when copies are made differently, so that older ones are made again."""

_KEPT_WITH_ADAPTERS = 4
"""Copies with an adapter in them that are kept, those used last; each takes as much room as the model."""

_FILES = ("openvino_model.xml", "openvino_model.bin")


def copy_of(weights: Weights, adapter: Path | None) -> Path:
    """The folder with the model in OpenVINO's format, made first if need be; a second process waits for the first.

    Args:
        weights: A GGUF model.
        adapter: A LoRA adapter as GGUF, to be merged into it.

    Raises:
        Unsuitable: The model is of an architecture that OpenVINO cannot read out of GGUF, or there is no room for the
            copy.
        ModelError: The model cannot be read, or the adapter does not fit it.
    """
    file = read_gguf(weights.path)
    try:
        layout_of(file)  # refuses the architectures that are unknown here, which OpenVINO's are among
    except ModelError as error:
        architecture = file.value("general.architecture")
        raise Unsuitable(f"OpenVINO does not read the architecture {architecture!r} of {weights.spec}.") from error
    folder = folder_of(weights, adapter)
    root = folder.parent
    try:
        with exclusive(root):
            if not all((folder / name).is_file() for name in _FILES):
                _make(weights, adapter, folder)
            os.utime(folder)
            _let_go_of_old_ones(root)
    except OSError as error:
        raise Unsuitable(
            f"{root}: OpenVINO's copy of {weights.spec} cannot be written ({error.strerror or error}). Check free "
            "space and permissions on that disk, or set REGENESIS_CACHE to another folder."
        ) from error
    return folder


def folder_of(weights: Weights, adapter: Path | None) -> Path:
    """Where a model's copy is, or would be."""
    return cache_folder() / "openvino" / _name(weights, adapter)


def _name(weights: Weights, adapter: Path | None) -> str:
    parts = [fingerprint(weights.path)[:24]]
    if adapter is not None:
        parts.append(f"with-{fingerprint(has_gguf_magic(adapter))[:24]}")
    return "-".join([*parts, f"v{_FORMAT}", str(version("openvino-genai"))])


def _make(weights: Weights, adapter: Path | None, folder: Path) -> None:
    with TemporaryDirectory(dir=folder.parent, prefix="making-") as work:
        source = write_gguf_model(weights.path, weights, Path(work) / "model.gguf", "q8_0", adapter)
        # in a process of its own, since the library takes several times the model's memory and holds up all threads
        done = subprocess.run(
            [sys.executable, "-m", "regenesis.engines.openvino.converting", str(source)],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode != 0:
            last = done.stderr.strip().rpartition("\n")[2] or f"exit status {done.returncode}"
            raise Unsuitable(f"OpenVINO cannot convert {weights.spec} ({last}).")
        with replacing(folder) as partial:
            partial.mkdir()
            for name in _FILES:
                (Path(work) / name).rename(partial / name)


def _let_go_of_old_ones(root: Path) -> None:
    adapted = sorted(root.glob("*-with-*"), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in adapted[_KEPT_WITH_ADAPTERS:]:
        with suppress(OSError):
            shutil.rmtree(folder)
