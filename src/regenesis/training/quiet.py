"""Keeps the libraries off the terminal: their bars, tables, warnings and log lines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from regenesis.checkpoints.loading import quiet as quiet_transformers

_LOGGERS = ("transformers", "trl", "peft", "accelerate", "datasets", "huggingface_hub", "torch")


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing but errors gets through while this lasts, and nobody is told of it (no telemetry)."""
    import logging

    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    import datasets

    bars = not datasets.are_progress_bars_disabled()
    levels = {name: logging.getLogger(name).level for name in _LOGGERS}
    datasets.disable_progress_bars()
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with quiet_transformers():
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        if bars:
            datasets.enable_progress_bars()
