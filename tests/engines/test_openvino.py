"""The OpenVINO engine, with tiny random weights behind a real tokenizer: plumbing, not sense."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

pytest.importorskip("openvino_genai")

from tests.engines.embedded import EmbeddedEngine
from tests.helpers.tiny_models import write_tiny_gguf

from regenesis.engines.openvino import OpenVINOEngine, OpenVINOEngineConfig
from regenesis.models import locate_weights

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Copies of tiny models are not left in the user's cache; models are found there."""
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("copies")
    patch.setattr("regenesis.engines.openvino.copies.cache_folder", lambda: folder)
    yield folder
    patch.undo()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_gguf(tmp_path_factory.mktemp("models") / "tiny.gguf", "qwen2")


def config(model: Path, **stated: Any) -> OpenVINOEngineConfig:
    defaults = {"max_in_flight": 4, "context": 256, "threads": 1}
    return OpenVINOEngineConfig(kind="openvino", model=str(model), **(defaults | stated))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(model: Path) -> AsyncIterator[OpenVINOEngine]:
    engine = OpenVINOEngine(config(model))
    await engine.open()
    yield engine
    await engine.close()


class TestEmbedded(EmbeddedEngine):
    pass


async def test_the_config_names_the_engine(model: Path) -> None:
    assert isinstance(config(model).make(), OpenVINOEngine)


async def test_the_model_is_named_by_its_bytes_and_its_precision(engine: OpenVINOEngine, model: Path) -> None:
    assert engine.model == f"{locate_weights(str(model)).identity}/q8_0"
