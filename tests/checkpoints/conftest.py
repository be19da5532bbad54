"""Tiny random models of each architecture, each with an adapter that changes what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from tests.helpers.tiny_models import greedy_by_transformers, save_random_adapter, write_tiny_gguf

from regenesis.checkpoints import load_model
from regenesis.models import Weights

PROMPT = [1, 4093, 198, 28120, 905, 314, 260]
COUNT = 12


@dataclass(frozen=True)
class Tiny:
    """A model as GGUF, an adapter for it, and what both say greedily by transformers in float32."""

    base: Weights
    adapter: Path
    says: list[int]
    says_adapted: list[int]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Tiny]:
    @cache
    def make(architecture: str, tied: bool = True) -> Tiny:
        folder = tmp_path_factory.mktemp(architecture)
        path = write_tiny_gguf(folder / "tiny.gguf", architecture, tied=tied)
        base = Weights(str(path), path, "gguf")
        model = load_model(base, "float32")
        says = greedy_by_transformers(model, PROMPT, COUNT)
        adapted = save_random_adapter(model, folder / "adapter")
        return Tiny(base, folder / "adapter", says, greedy_by_transformers(adapted, PROMPT, COUNT))

    return make
