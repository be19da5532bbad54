"""The OpenVINO engine, with tiny random weights behind a real tokenizer: plumbing, not sense."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

pytest.importorskip("openvino_genai")

from tests.engines.embedded import STORY, EmbeddedEngine, ask
from tests.helpers.tiny_models import write_adapter_gguf, write_tiny_gguf

from regenesis.engines.openvino import OpenVINOEngine, OpenVINOEngineConfig
from regenesis.engines.openvino import engine as module
from regenesis.engines.openvino.agreement import is_noted
from regenesis.engines.openvino.copies import copy_of
from regenesis.errors import EngineError, ModelError, RequestFailed
from regenesis.models import locate_weights
from regenesis.types import Completion

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Copies of tiny models are not left in the user's cache."""
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("copies")
    patch.setattr("regenesis.engines.openvino.copies.cache_folder", lambda: folder)
    yield
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


async def test_a_request_draws_the_same_whatever_its_neighbours(engine: OpenVINOEngine) -> None:
    alone = await engine.complete(ask(STORY, seed=7))
    among, *_ = await asyncio.gather(*(engine.complete(ask(STORY, seed=seed)) for seed in (7, 8, 9)))
    assert (among.text, among.completion_tokens) == (alone.text, alone.completion_tokens)


async def test_the_end_of_the_context_cuts_too(engine: OpenVINOEngine) -> None:
    completion = await engine.complete(ask("word " * 180, tokens=400))
    assert completion.finish_reason in ("length", "stop")
    assert completion.prompt_tokens + completion.completion_tokens <= 256


async def test_a_cancelled_request_makes_room_for_the_next(engine: OpenVINOEngine) -> None:
    tasks = [asyncio.create_task(engine.complete(ask(STORY, seed=seed, tokens=200))) for seed in range(9)]
    await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (await engine.complete(ask("Hello", tokens=2))).completion_tokens <= 2


async def test_closing_gives_up_what_is_in_flight_and_opening_again_works(
    model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    engine = OpenVINOEngine(config(model))
    await engine.open()
    tasks = [asyncio.create_task(engine.complete(ask(STORY, seed=seed, tokens=200))) for seed in range(9)]
    await asyncio.sleep(0.05)
    await engine.close()
    await engine.close()
    assert "leaked" not in capfd.readouterr().err
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} <= {RequestFailed, Completion}
    await engine.open()
    assert (await engine.complete(ask("Hello", tokens=2))).completion_tokens <= 2
    await engine.close()


async def test_an_engine_that_is_not_open_says_so(model: Path) -> None:
    with pytest.raises(EngineError, match="not open"):
        await OpenVINOEngine(config(model)).complete(ask("Hello"))


async def test_a_copy_is_made_once_and_noted_as_compared(engine: OpenVINOEngine, model: Path) -> None:
    folder = copy_of(locate_weights(str(model)), None)
    note = json.loads((folder / "agreement.json").read_text("utf-8"))
    assert note["same"] >= 0.75 * note["of"] > 0
    made = (folder / "openvino_model.bin").stat().st_mtime_ns
    assert copy_of(locate_weights(str(model)), None) == folder
    assert (folder / "openvino_model.bin").stat().st_mtime_ns == made


async def test_a_model_whose_text_was_wrong_is_refused(engine: OpenVINOEngine, model: Path) -> None:
    note = copy_of(locate_weights(str(model)), None) / "agreement.json"
    before = note.read_text("utf-8")
    note.write_text(json.dumps({"same": 5, "of": 36}), "utf-8")
    try:
        with pytest.raises(EngineError, match=r"wrongly.*36 next tokens.*5 times.*llamacpp"):
            await OpenVINOEngine(config(model)).open()
    finally:
        note.write_text(before, "utf-8")


async def test_a_wrong_text_is_found_at_first_use(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = copy_of(locate_weights(str(model)), None)
    (copied / "agreement.json").unlink(missing_ok=True)
    wrong = [([1, 2, 3], [number, number + 1]) for number in range(1000, 1012)]
    monkeypatch.setattr("regenesis.engines.openvino.engine.continued_by_llamacpp", lambda *_: wrong)
    with pytest.raises(EngineError, match="llamacpp"):
        await OpenVINOEngine(config(model)).open()
    (copied / "agreement.json").unlink()


@pytest.mark.parametrize("note", ["", "{}", "[]", '{"same": "x", "of": 1}'])
async def test_a_note_that_says_nothing_counts_as_none(tmp_path: Path, note: str) -> None:
    (tmp_path / "agreement.json").write_text(note, "utf-8")
    assert not is_noted(tmp_path, "m")


def write_adapter(path: Path, size: float) -> Path:
    return write_adapter_gguf(path, "qwen2", "blk.0.attn_output.weight", 64, size)


async def test_an_adapter_is_merged_and_computes_as_llamacpp_does(model: Path, tmp_path: Path) -> None:
    # without this the model's own copy would answer for it
    (copy_of(locate_weights(str(model)), None) / "agreement.json").unlink(missing_ok=True)
    adapter = write_adapter(tmp_path / "tuned.gguf", 1.0)
    engine = OpenVINOEngine(config(model, adapter=adapter))
    await engine.open()  # compares with llama.cpp, which lays the adapter over the model
    completion = await engine.complete(ask(STORY, temperature=0))
    await engine.close()
    digest = hashlib.sha256(adapter.read_bytes()).hexdigest()[:16]
    assert engine.model == f"{locate_weights(str(model)).identity}+tuned@sha256:{digest}/q8_0"
    plain = OpenVINOEngine(config(model))
    await plain.open()
    assert (await plain.complete(ask(STORY, temperature=0))).text != completion.text
    await plain.close()


async def test_a_model_that_agreed_answers_for_its_adapters(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = OpenVINOEngine(config(model))
    await base.open()
    await base.close()
    monkeypatch.setattr("regenesis.engines.openvino.engine.continued_by_llamacpp", lambda *_: pytest.fail("compared"))
    engine = OpenVINOEngine(config(model, adapter=write_adapter(tmp_path / "other.gguf", 0.5)))
    await engine.open()
    await engine.close()


@pytest.mark.parametrize("content", [b"PK\x03\x04 something else", None], ids=["other", "missing"])
async def test_an_adapter_that_is_no_gguf_is_an_error_that_names_it(
    model: Path, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "tuned.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"tuned\.gguf"):
        await OpenVINOEngine(config(model, adapter=path)).open()


async def test_the_doctor_names_what_is_missing(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regenesis.engines.openvino.checking.find_spec", lambda name: None)
    first = next(iter(config(model).check()))
    assert first.status == "fail"
    assert "regenesis[openvino]" in first.advice


@pytest.mark.parametrize(
    ("lateness", "naps"),
    [
        ([0.0] * 9, 2),  # nobody else is at work
        ([0.005, 0.0, 0.005, 0.0, 0.0], 5),  # until it is quiet twice
        ([0.005] * 99, 17),  # but a tenth of a second at most: 17 naps of 6 ms
    ],
)
async def test_between_two_steps_other_threads_get_what_they_need(
    monkeypatch: pytest.MonkeyPatch, lateness: list[float], naps: int
) -> None:
    clock, slept = [0.0], list[float]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock[0] += seconds + lateness[len(slept) - 1]

    monkeypatch.setattr(module.time, "sleep", sleep)
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    module._let_others_go_on()
    assert len(slept) == naps
