"""How many sequences are decoded together where the config does not say."""

from __future__ import annotations

import pytest

from regenesis.engines.catalogue import engine_class
from regenesis.engines.transformers import TransformersEngine
from regenesis.engines.transformers.config import TransformersEngineConfig


@pytest.mark.parametrize("kind", ["auto", "llamacpp", "openvino"])
def test_sixteen_on_a_cpu(kind: str) -> None:
    assert engine_class(kind).model_validate({"kind": kind, "model": "m.gguf"}).make().capacity == 16


@pytest.mark.parametrize(
    ("device", "stated", "places"), [("cpu", None, 16), ("cuda", None, 256), ("cuda:1", None, 256), ("cuda", 8, 8)]
)
def test_more_on_a_gpu_unless_the_config_says(
    device: str, stated: int | None, places: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    config = TransformersEngineConfig(kind="transformers", model="m", device=device, max_in_flight=stated)
    assert TransformersEngine(config).capacity == places
