"""Can llama.cpp be loaded here?"""

from __future__ import annotations

import re

from regenesis.findings import Finding, version
from regenesis.openmp import wait_without_spinning


def check_library() -> Finding:
    """Whether llama.cpp can be loaded, and for which processor it was built."""
    wait_without_spinning()  # the same process may compute with it later
    try:
        import xllamacpp
    except ImportError as error:
        advice = "Install the wheel `xllamacpp`, or use an `openai` engine."
        return Finding("engine", "fail", f"llama.cpp cannot be loaded: {error}.", advice)
    features = re.findall(r"(\w+) = 1", xllamacpp.get_system_info())
    built = f"built for {', '.join(features) or 'any processor'}"
    return Finding("engine", "ok", f"llama.cpp is there: xllamacpp {version('xllamacpp')}, {built}.")
