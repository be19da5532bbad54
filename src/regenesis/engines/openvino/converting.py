"""Converts a GGUF file into OpenVINO's format beside it, as a program: python -m … model.gguf."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory


def convert(model: Path) -> None:
    """Writes `openvino_model.xml` and `.bin` beside a GGUF file of types that OpenVINO reads.

    Raises:
        RuntimeError: It cannot be read.
    """
    from openvino_genai import ContinuousBatchingPipeline, SchedulerConfig, Tokenizer

    with TemporaryDirectory() as nothing:
        # the file's own tokenizer takes longer to load than all the rest, and nobody asks it
        tokenizer = Tokenizer(nothing)
        ContinuousBatchingPipeline(str(model), tokenizer, SchedulerConfig(), "CPU", enable_save_ov_model=True)


if __name__ == "__main__":
    convert(Path(sys.argv[1]))
