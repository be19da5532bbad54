"""Keeps the libraries off the terminal: their bars, tables, warnings and log lines."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_LOGGERS = ("transformers", "trl", "peft", "accelerate", "datasets", "huggingface_hub", "torch")


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing but errors gets through while this lasts, and nobody is told of it (no telemetry)."""
    import logging

    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    import datasets
    import transformers

    bars = datasets.are_progress_bars_disabled(), transformers.utils.logging.is_progress_bar_enabled()
    levels = {name: logging.getLogger(name).level for name in _LOGGERS}
    datasets.disable_progress_bars()
    transformers.utils.logging.disable_progress_bar()
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        if not bars[0]:
            datasets.enable_progress_bars()
        if bars[1]:
            transformers.utils.logging.enable_progress_bar()
