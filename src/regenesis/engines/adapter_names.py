"""What a model with an adapter is called on a server: by the contents of both, so that no two are taken for each other.

name_with_adapter("org/model", Path("runs/x/model"))     # "org/model+model@sha256:5f2c…"
"""

from __future__ import annotations

from pathlib import Path

from regenesis.errors import EngineError
from regenesis.models.weights import folder_digest


def name_with_adapter(base: str, adapter: Path | None) -> str:
    """The name of a model with an adapter over it; the model's own where there is none.

    Raises:
        EngineError: The adapter is none.
    """
    if adapter is None:
        return base
    folder = adapter.resolve()
    if not (folder / "adapter_config.json").is_file():
        raise EngineError(f"engine.adapter {folder}: is no folder of a LoRA adapter (adapter_config.json is missing).")
    return f"{base}+{folder.name}@sha256:{folder_digest(folder)[:16]}"
