"""Can OpenVINO be loaded here?"""

from __future__ import annotations

from importlib.util import find_spec

from regenesis.errors import EngineError
from regenesis.findings import Finding, version

_PACKAGES = ("gguf", "openvino_genai", "transformers", "torch")
_HOW = "pip install 'regenesis[openvino]'"


class Unsuitable(EngineError):
    """OpenVINO cannot be used for this model, whereas llama.cpp may be.

    Attributes:
        finding: Why, as a sentence that says nothing of what to do.
    """

    def __init__(self, finding: str) -> None:
        super().__init__(f"{finding} Use `engine.kind: llamacpp`.")
        self.finding = finding


def missing_packages() -> list[str]:
    """The packages of the `openvino` extra that are not here."""
    return [name.replace("_", "-") for name in _PACKAGES if find_spec(name) is None]


def require_library() -> None:
    """Makes sure that the packages of the `openvino` extra are here.

    Raises:
        EngineError: They are not; the message says how to get them.
    """
    if missing := missing_packages():
        raise EngineError(f"The openvino engine needs {', '.join(missing)}: {_HOW}")


def check_library() -> Finding:
    """Whether OpenVINO and what it is fed with are here."""
    try:
        require_library()
    except EngineError as error:
        return Finding("engine", "fail", str(error), f"{_HOW}, or use `engine.kind: llamacpp`.")
    return Finding("engine", "ok", f"OpenVINO is there: openvino-genai {version('openvino-genai')}.")
