"""The `simulated` engine: no model, but a rule that answers arithmetic questions as rightly as its parameters say.

For trying an experiment out from end to end in seconds, and for checking measurements against a known truth.
"""

from __future__ import annotations

from regenesis.engines.simulated.config import SimulatedEngineConfig
from regenesis.engines.simulated.engine import SimulatedEngine

__all__ = ["SimulatedEngine", "SimulatedEngineConfig"]
