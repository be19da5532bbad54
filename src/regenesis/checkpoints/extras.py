"""What is not installed with the core is named, with the command that installs it."""

from __future__ import annotations

from importlib.util import find_spec

from regenesis.errors import ModelError

_PACKAGES = ("torch", "transformers", "peft", "gguf", "safetensors")


def require_extra() -> None:
    """Makes sure that the packages of the `transformers` extra are here.

    Raises:
        ModelError: They are not; the message says how to get them.
    """
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise ModelError(
            f"Weights cannot be read or written without {', '.join(missing)}. Install what is needed: "
            "pip install 'regenesis[transformers]'"
        )
