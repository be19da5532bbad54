"""The `openvino` engine: a GGUF model inside this process, decoded by OpenVINO."""

from __future__ import annotations

from regenesis.engines.openvino.config import OpenVINOEngineConfig
from regenesis.engines.openvino.engine import OpenVINOEngine

__all__ = ["OpenVINOEngine", "OpenVINOEngineConfig"]
