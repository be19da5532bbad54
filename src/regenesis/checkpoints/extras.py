"""What is not installed with the core is named, with the command that installs it."""

from __future__ import annotations

from importlib.util import find_spec

from regenesis.errors import ModelError

_ALWAYS = ("torch", "transformers", "safetensors")


def require_extra(*more: str) -> None:
    """Makes sure that those packages of the `transformers` extra are here that are needed.

    Args:
        more: Packages that are needed besides those that always are: `gguf`, `peft`.

    Raises:
        ModelError: They are not; the message says how to get them.
    """
    missing = [name for name in (*_ALWAYS, *more) if find_spec(name) is None]
    if missing:
        raise ModelError(
            f"Reading and writing weights needs {', '.join(missing)}: pip install 'regenesis[transformers]'"
        )
