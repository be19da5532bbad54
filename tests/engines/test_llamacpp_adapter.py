"""A LoRA adapter laid over the embedded engine's quantised model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regenesis.engines.llamacpp import LlamaCppEngine
from regenesis.engines.llamacpp.config import LlamaCppEngineConfig
from regenesis.errors import EngineError, ModelError
from regenesis.types import Completion, Message, Request, Sampling

gguf = pytest.importorskip("gguf")
numpy = pytest.importorskip("numpy")

pytestmark = pytest.mark.model

SMALL = "pypi:smollm2-135m-instruct"
BASE = "smollm2-135m-instruct@sha256:b179c9523d0e6a0f"
GREEDY = Request("m", (Message("user", "Tell me about dragons."),), Sampling(0.0, 1.0, 12), 1, 0, "q", "solve")


def config(adapter: Path | None) -> LlamaCppEngineConfig:
    return LlamaCppEngineConfig(kind="llamacpp", model=SMALL, max_in_flight=1, context=256, threads=1, adapter=adapter)


@pytest.fixture
def adapter(tmp_path: Path) -> Callable[..., Path]:
    """Writes an adapter of rank 4 for one projection; what is not stated fits the small model."""

    def write(
        *, size: float = 0.0, architecture: str = "llama", width: int = 576, kind: str = "adapter", block: int = 0
    ) -> Path:
        path = tmp_path / "tuned.gguf"
        writer = gguf.GGUFWriter(path, architecture)
        writer.add_type(kind)
        writer.add_string("adapter.type", "lora")
        writer.add_float32("adapter.lora.alpha", 4.0)
        numbers = numpy.random.default_rng(0)
        for name, shape in (("lora_a", (4, width)), ("lora_b", (width, 4))):
            values = (size * numbers.standard_normal(shape)).astype(numpy.float32)
            writer.add_tensor(f"blk.{block}.attn_q.weight.{name}", values)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path

    return write


async def completed(adapter: Path | None) -> tuple[str, Completion]:
    engine = LlamaCppEngine(config(adapter))
    await engine.open()
    try:
        return engine.model, await engine.complete(GREEDY)
    finally:
        await engine.close()


async def test_an_adapter_changes_what_the_model_writes(adapter: Callable[..., Path]) -> None:
    _, plain = await completed(None)
    _, idle = await completed(adapter(size=0.0))
    _, strong = await completed(adapter(size=5.0))
    assert idle.text == plain.text
    assert strong.text != plain.text


async def test_an_adapter_is_part_of_the_models_name(adapter: Callable[..., Path]) -> None:
    path = adapter(size=1.0)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    name, _ = await completed(path)
    assert name == f"{BASE}+tuned@sha256:{digest[:16]}"
    assert (await completed(None))[0] == BASE


@pytest.mark.parametrize(
    "unfit",
    [{"architecture": "qwen2"}, {"width": 64}, {"block": 77}, {"kind": "model"}],
    ids=["another architecture", "another width", "more layers", "no adapter"],
)
async def test_an_adapter_of_another_model_is_an_error_that_names_it(
    adapter: Callable[..., Path], unfit: dict[str, Any]
) -> None:
    with pytest.raises(EngineError, match=r"tuned\.gguf.*belong to another model"):
        await LlamaCppEngine(config(adapter(**unfit))).open()


@pytest.mark.parametrize("content", [b"PK\x03\x04 something else", b"", None], ids=["other", "empty", "missing"])
async def test_a_file_that_is_no_gguf_is_an_error_that_names_it(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "tuned.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"tuned\.gguf"):
        await LlamaCppEngine(config(path)).open()


async def test_a_damaged_adapter_is_an_error_that_names_it(adapter: Callable[..., Path]) -> None:
    path = adapter()
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(EngineError, match=r"tuned\.gguf"):
        await LlamaCppEngine(config(path)).open()
