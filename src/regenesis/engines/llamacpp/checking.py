"""Can llama.cpp be loaded here, and is an adapter in its form?"""

from __future__ import annotations

import re
from pathlib import Path

from regenesis.errors import ModelError
from regenesis.findings import Finding, version
from regenesis.models.cache import has_gguf_magic


def check_library() -> Finding:
    """Whether llama.cpp can be loaded, and for which processor it was built."""
    try:
        import xllamacpp
    except ImportError as error:
        advice = "Install the wheel `xllamacpp`, or use an `openai` engine."
        return Finding("engine", "fail", f"llama.cpp cannot be loaded: {error}.", advice)
    features = re.findall(r"(\w+) = 1", xllamacpp.get_system_info())
    built = f"built for {', '.join(features) or 'any processor'}"
    return Finding("engine", "ok", f"llama.cpp is there: xllamacpp {version('xllamacpp')}, {built}.")


def check_adapter(adapter: Path) -> Finding:
    """Whether a file can be an adapter as GGUF."""
    try:
        has_gguf_magic(adapter)
    except ModelError as error:
        return Finding(
            "adapter", "fail", str(error), "`regenesis export RUN --to gguf` writes an adapter for llama.cpp."
        )
    return Finding("adapter", "ok", f"The adapter {adapter} is there.")
