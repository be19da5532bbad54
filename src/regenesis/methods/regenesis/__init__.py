"""The ReGenesis method (arXiv 2410.02108) with its ablations.

The model is led from a general guideline to a guideline for the task, to a reasoning structure, to a reasoning path;
questions that kept nothing are tried once more with the answer as a hint.
"""

from __future__ import annotations

from regenesis.methods.regenesis.config import HintConfig, ReGenesisConfig
from regenesis.methods.regenesis.method import ReGenesis

__all__ = ["HintConfig", "ReGenesis", "ReGenesisConfig"]
