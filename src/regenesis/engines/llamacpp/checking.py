"""Can llama.cpp be loaded here, and is there a model's copy as Q4_0 or room for it?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from regenesis.checkpoints.gguf_files import read_gguf
from regenesis.checkpoints.gguf_requantising import is_q4_0
from regenesis.engines.agreement import Agreement
from regenesis.engines.checking import file_at_hand
from regenesis.errors import ModelError
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


def check_copy(spec: str) -> Iterator[Finding]:
    """Whether a model's copy as Q4_0 is there and agrees with the model, or can be made; nothing is made here."""
    from regenesis.engines.llamacpp.copies import disagreement, folder_of, lack_of_room

    try:
        path = file_at_hand(spec)
        file = None if path is None else read_gguf(path)
    except ModelError:
        return  # what is wrong with the model is said where it is looked for
    if path is None or file is None:
        yield Finding("quantization", "ok", "A copy as Q4_0 is made once the model is here.")
    elif is_q4_0(file):
        yield Finding("quantization", "ok", f"{path} is Q4_0 already; it is used as it is.")
    elif (agreement := Agreement.noted(folder_of(path))) is None:
        lack = lack_of_room(file)
        summary = "A copy as Q4_0 is made at the model's first use."
        yield Finding("quantization", "fail" if lack else "ok", f"engine.quantization: {lack}" if lack else summary)
    elif agreement.enough:
        summary = f"The copy as Q4_0 names {agreement.same} of {agreement.of} next tokens as the model does."
        yield Finding("quantization", "ok", summary)
    else:
        yield Finding("quantization", "fail", f"engine.quantization: {disagreement(spec, agreement)}")
