from __future__ import annotations

import json
import shutil
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.tiny_models import save_random_adapter, write_tiny_gguf

from regenesis.checkpoints import load_model
from regenesis.engines.llamacpp.config import LlamaCppEngineConfig
from regenesis.engines.transformers.config import TransformersEngineConfig
from regenesis.errors import ModelError, RunError
from regenesis.evaluation.measuring import engine_for
from regenesis.evaluation.model_variants import tuned_engine
from regenesis.models import Weights, locate_weights
from regenesis.publish.exporting import export
from regenesis.runs import RunDirectory

pytestmark = pytest.mark.model


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    path = write_tiny_gguf(tmp_path_factory.mktemp("base") / "tiny.gguf", "llama")
    return locate_weights(str(path))


@pytest.fixture(scope="session")
def trained_once(base: Weights, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run with an adapter, and one in which all weights were trained."""
    folder = tmp_path_factory.mktemp("runs")
    record = json.dumps({"base": base.spec, "base_identity": base.identity})
    save_random_adapter(load_model(base, "float32"), folder / "lora" / "model")
    (folder / "lora" / "model" / "training.json").write_text(record)
    export(folder / "lora", "merged", folder / "full")
    (folder / "full" / "merged").rename(folder / "full" / "model")
    (folder / "full" / "merged.origin").unlink()
    (folder / "full" / "model" / "training.json").write_text(record)
    return {"lora": folder / "lora", "full": folder / "full"}


@pytest.fixture
def trained(trained_once: dict[str, Path], tmp_path: Path) -> dict[str, Path]:
    for name, run in trained_once.items():
        shutil.copytree(run, tmp_path / name)
    return {name: tmp_path / name for name in trained_once}


WRITTEN: list[tuple[str, Any, Any, str]] = [
    ("lora", "adapter", None, "adapter/adapter_model.safetensors"),
    ("lora", "merged", None, "merged/model.safetensors"),
    ("lora", "merged", "f32", "merged/config.json"),
    ("lora", "gguf", None, "adapter.gguf"),
    ("lora", "gguf", "f16", "adapter-f16.gguf"),
    ("full", "merged", None, "merged/tokenizer.json"),
    ("full", "gguf", None, "model-q8_0.gguf"),
    ("full", "gguf", "bf16", "model-bf16.gguf"),
]

REFUSED: list[tuple[str, Any, Any, str]] = [
    ("lora", "gguf", "q8_0", "written as f32 or f16"),
    ("lora", "merged", "q8_0", "written as f32, f16, bf16"),
    ("full", "adapter", None, "there is no adapter"),
]


@pytest.mark.parametrize(("run", "to", "kind", "file"), WRITTEN)
def test_each_form_is_written(run: str, to: Any, kind: Any, file: str, trained: dict[str, Path]) -> None:
    done = export(trained[run], to, kind=kind)
    assert (trained[run] / "exports" / file).is_file()
    assert not done.already_done
    assert done.size > 0
    assert not [path for path in (trained[run] / "exports").iterdir() if "partial" in path.name]


@pytest.mark.parametrize(("kind", "width"), [(None, "BF16"), ("f32", "F32")])
def test_weights_trained_in_full_are_written_in_the_type_asked_for(
    kind: Any, width: str, trained: dict[str, Path]
) -> None:
    from safetensors import safe_open

    done = export(trained["full"], "merged", kind=kind)
    with safe_open(done.path / "model.safetensors", "pt") as weights:
        assert {weights.get_slice(name).get_dtype() for name in weights.keys()} == {width}  # noqa: SIM118 - no mapping


def test_whoever_may_read_the_config_may_read_the_weights(trained: dict[str, Path]) -> None:
    folder = export(trained["lora"], "merged").path
    assert (folder / "model.safetensors").stat().st_mode == (folder / "config.json").stat().st_mode


def test_an_export_and_the_evaluation_do_not_write_each_others_file_anew(trained: dict[str, Path]) -> None:
    run = trained["full"]
    base = json.loads((run / "model" / "training.json").read_text())["base"]
    asked = tuned_engine(LlamaCppEngineConfig(kind="llamacpp", model=base), RunDirectory(run))
    done = export(run, "gguf")
    assert done.already_done
    assert asked.model == str(done.path.resolve())


def test_an_adapters_folder_stands_for_the_adapter_on_its_base(trained: dict[str, Path], base: Weights) -> None:
    asked = engine_for(TransformersEngineConfig(kind="transformers", model="x"), str(trained["lora"] / "model"))
    assert isinstance(asked, TransformersEngineConfig)
    assert (asked.model, asked.adapter) == (base.spec, trained["lora"] / "model")


@pytest.mark.parametrize(("run", "to", "kind", "words"), REFUSED)
def test_a_form_that_does_not_suit_is_refused(
    run: str, to: Any, kind: Any, words: str, trained: dict[str, Path]
) -> None:
    with pytest.raises(RunError, match=words):
        export(trained[run], to, kind=kind)


@pytest.mark.parametrize("to", ["adapter", "merged", "gguf"])
def test_what_is_there_from_the_same_weights_is_not_made_again(to: Any, trained: dict[str, Path]) -> None:
    first = export(trained["lora"], to)
    before = first.path.stat().st_mtime_ns
    again = export(trained["lora"], to)
    assert again.already_done
    assert again.path.stat().st_mtime_ns == before


def test_other_weights_are_exported_anew(trained: dict[str, Path], base: Weights) -> None:
    first = export(trained["lora"], "gguf").path.read_bytes()
    save_random_adapter(load_model(base, "float32"), trained["lora"] / "model", r=2)
    done = export(trained["lora"], "gguf")
    assert not done.already_done
    assert done.path.read_bytes() != first


def test_another_folder_can_be_given(trained: dict[str, Path], tmp_path: Path) -> None:
    assert export(trained["lora"], "adapter", tmp_path / "out").path == tmp_path / "out" / "adapter"


def test_an_untrained_run_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="Train it first: regenesis train"):
        export(tmp_path, "gguf")


def test_without_a_record_the_adapter_says_its_base(trained: dict[str, Path], base: Weights) -> None:
    (trained["lora"] / "model" / "training.json").unlink()
    assert export(trained["lora"], "gguf").base == base.spec


def test_without_any_word_of_the_base_nothing_is_written(trained: dict[str, Path]) -> None:
    (trained["full"] / "model" / "training.json").unlink()
    with pytest.raises(RunError, match="does not say which model"):
        export(trained["full"], "gguf")


def test_a_base_that_has_changed_is_refused(trained: dict[str, Path], tmp_path: Path) -> None:
    other = write_tiny_gguf(tmp_path / "tiny.gguf", "llama", seed=7)
    record = trained["lora"] / "model" / "training.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"base": str(other)}))
    with pytest.raises(RunError, match="was trained from tiny@sha256"):
        export(trained["lora"], "gguf")


def test_a_full_disk_is_said_before_anything_is_written(
    trained: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, 1000))
    with pytest.raises(RunError, match="Free some space"):
        export(trained["lora"], "merged")
    assert not (trained["lora"] / "exports").exists()


def test_a_folder_with_something_else_in_it_is_left_alone(trained: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "out" / "merged").mkdir(parents=True)
    (tmp_path / "out" / "merged" / "thesis.txt").write_text("years of work")
    with pytest.raises(RunError, match="contains something else"):
        export(trained["lora"], "merged", tmp_path / "out")
    assert (tmp_path / "out" / "merged" / "thesis.txt").exists()


def test_an_adapter_that_cannot_be_written_leaves_nothing(trained: dict[str, Path]) -> None:
    config = trained["lora"] / "model" / "adapter_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"use_dora": True}))
    with pytest.raises(ModelError, match="DoRA"):
        export(trained["lora"], "gguf")
    assert not list((trained["lora"] / "exports").glob("*")) if (trained["lora"] / "exports").exists() else True
