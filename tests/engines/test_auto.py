"""The choice between OpenVINO and llama.cpp: what is taken where, and that what was begun goes on with what it had."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from tests.engines.embedded import STORY, ask
from tests.helpers.tiny_models import write_tiny_gguf

from regenesis.engines import EngineConfig, default_engine
from regenesis.engines.auto import AutoEngine, AutoEngineConfig
from regenesis.engines.llamacpp.config import LlamaCppEngineConfig
from regenesis.engines.openvino import OpenVINOEngineConfig
from regenesis.errors import EngineError

BY_LLAMACPP, BY_OPENVINO = "model@sha256:0123456789abcdef", "model@sha256:0123456789abcdef/q8_0"
OF_A_COPY = "model@sha256:0123456789abcdef/q4_0"


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies of tiny models are not left in the user's cache."""
    monkeypatch.setattr("regenesis.engines.openvino.copies.cache_folder", lambda: tmp_path / "copies")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_tiny_gguf(tmp_path / "tiny.gguf", "qwen2")


def auto(model: Path | str = "m.gguf", **stated: Any) -> AutoEngineConfig:
    small = {"max_in_flight": 4, "context": 256, "threads": 1}
    return AutoEngineConfig(kind="auto", model=str(model), **(small | stated))


async def opened(config: EngineConfig) -> tuple[str, str]:
    """The kind and the model of an engine, once it is open and has answered."""
    engine = config.make()
    await engine.open()
    try:
        completion = await engine.complete(ask(STORY, tokens=3))
        assert completion.engine == engine.kind
        return engine.kind, engine.model
    finally:
        await engine.close()


def test_a_config_that_names_no_engine_leaves_the_choice() -> None:
    assert isinstance(default_engine(), AutoEngineConfig)
    assert isinstance(auto().make(), AutoEngine)


@pytest.mark.model
async def test_openvino_is_taken_where_it_computes_the_model(model: Path) -> None:
    pytest.importorskip("openvino_genai")
    assert await opened(auto(model)) == await opened(auto(model).by_openvino)


@pytest.mark.model
async def test_llamacpp_is_taken_and_told_of_where_openvino_is_wrong(
    model: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("openvino_genai")
    wrong = [([1, 2, 3], [number, number + 1]) for number in range(1000, 1012)]
    monkeypatch.setattr("regenesis.engines.openvino.engine.continued_by_llamacpp", lambda *_: wrong)
    for _ in range(2):  # at first use, and by what is noted of it
        caplog.clear()
        assert await opened(auto(model)) == await opened(auto(model).by_llamacpp)
        assert [(record.levelno, "llamacpp is used" in record.message) for record in caplog.records] == [
            (logging.WARNING, True)
        ]


@pytest.mark.model
async def test_llamacpp_is_taken_where_there_is_no_room_for_a_copy(
    model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("openvino_genai")
    (tmp_path / "copies").write_text("a file where a folder should be")
    assert (await opened(auto(model)))[0] == "llamacpp"
    assert "cannot be written" in caplog.text


@pytest.mark.model
@pytest.mark.parametrize("obstacle", ["processor", "package"])
async def test_llamacpp_is_taken_where_openvino_is_not_to_be_had(
    obstacle: str, model: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if obstacle == "processor":
        monkeypatch.setattr("platform.machine", lambda: "aarch64")
    else:
        monkeypatch.setattr("regenesis.engines.openvino.checking.find_spec", lambda name: None)
    assert (await opened(auto(model)))[0] == "llamacpp"
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_an_engine_that_is_not_open_says_so() -> None:
    with pytest.raises(EngineError, match="not open"):
        await auto().make().complete(ask("Hello"))


@pytest.mark.parametrize(
    ("kind", "identity", "goes_on_with"),
    [
        ("auto", BY_OPENVINO, OpenVINOEngineConfig),
        ("auto", BY_LLAMACPP, LlamaCppEngineConfig),
        ("auto", None, AutoEngineConfig),
        ("openvino", BY_OPENVINO, OpenVINOEngineConfig),
        ("openvino", None, OpenVINOEngineConfig),
        ("llamacpp", None, LlamaCppEngineConfig),
        ("llamacpp", BY_LLAMACPP, LlamaCppEngineConfig),
        ("llamacpp", OF_A_COPY, LlamaCppEngineConfig),
        ("transformers", "model@sha256:0123456789abcdef/float32", AutoEngineConfig),
        ("openai", "model", AutoEngineConfig),
    ],
)
def test_what_was_begun_goes_on_with_the_engine_that_it_had(
    kind: str, identity: str | None, goes_on_with: type[EngineConfig]
) -> None:
    config = auto(context=512, adapter="a.gguf")
    begun = config.as_begun(kind, identity)
    assert type(begun) is goes_on_with
    assert begun.model_dump(exclude={"kind", "quantization"}) == config.model_dump(exclude={"kind"})
    assert getattr(begun, "quantization", None) == ("q4_0" if identity == OF_A_COPY else None)


def test_an_engine_that_is_named_stays() -> None:
    config = auto().by_llamacpp
    assert config.as_begun("openvino", BY_OPENVINO) is config


@pytest.mark.parametrize(("identity", "kind"), [(BY_OPENVINO, "openvino"), (BY_LLAMACPP, "llamacpp")])
def test_it_is_measured_as_the_engine_that_was_chosen(identity: str, kind: str, model: Path) -> None:
    conditions = auto(model).conditions(identity)
    assert conditions["engine"] == kind
    assert (conditions["precision"] == "Q8_0") == (kind == "openvino")


@pytest.mark.parametrize(("machine", "says"), [("x86_64", "OpenVINO is there"), ("aarch64", "llama.cpp is there")])
def test_the_doctor_looks_at_the_engine_that_would_be_taken(
    machine: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openvino_genai")
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert says in next(iter(auto("pypi:smollm2-135m-instruct").check())).summary
