"""Can OpenVINO be loaded here?"""

from __future__ import annotations

from importlib.util import find_spec

from regenesis.errors import EngineError
from regenesis.findings import Finding, version

_PACKAGES = ("gguf", "openvino_genai", "transformers", "torch")
_HOW = "pip install 'regenesis[openvino]'"


def require_library() -> None:
    """Makes sure that the packages of the `openvino` extra are here.

    Raises:
        EngineError: They are not; the message says how to get them.
    """
    missing = [name.replace("_", "-") for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise EngineError(f"The openvino engine needs {', '.join(missing)}: {_HOW}")


def check_library() -> Finding:
    """Whether OpenVINO and what it is fed with are here."""
    try:
        require_library()
    except EngineError as error:
        return Finding("engine", "fail", str(error), f"{_HOW}, or use `engine.kind: llamacpp`.")
    return Finding("engine", "ok", f"OpenVINO is there: openvino-genai {version('openvino-genai')}.")
