from __future__ import annotations

from pathlib import Path

import pytest

from regenesis.errors import ModelError
from regenesis.models import locate
from regenesis.models.hub import choose_file

CHOSEN = {
    ("only.gguf", "README.md"): "only.gguf",
    ("m-q2_k.gguf", "m-Q4_K_M.gguf", "m-q8_0.gguf"): "m-Q4_K_M.gguf",
    ("m-f16-00001-of-00002.gguf", "m-f16-00002-of-00002.gguf", "m-q8_0.gguf"): "m-q8_0.gguf",
    ("m-q8_0.gguf", "mmproj-f16.gguf"): "m-q8_0.gguf",
}

NOT_CHOSEN = {
    ("README.md", "model.safetensors"): "no GGUF model",
    ("m-f16-00001-of-00002.gguf",): "no GGUF model",
    ("m-q2_k.gguf", "m-q8_0.gguf"): "m-q2_k.gguf, m-q8_0.gguf",
    ("a-q4_k_m.gguf", "b-q4_k_m.gguf"): "a-q4_k_m.gguf, b-q4_k_m.gguf",
}


@pytest.mark.parametrize("files", CHOSEN)
def test_the_obvious_file_is_chosen(files: tuple[str, ...]) -> None:
    assert choose_file(list(files), "hf:org/repo") == CHOSEN[files]


@pytest.mark.parametrize("files", NOT_CHOSEN)
def test_where_none_is_obvious_the_error_lists_them(files: tuple[str, ...]) -> None:
    with pytest.raises(ModelError) as refusal:
        choose_file(list(files), "hf:org/repo")
    assert NOT_CHOSEN[files] in str(refusal.value)


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub that cannot be asked, with an empty cache."""
    from huggingface_hub import constants

    folder = tmp_path / "hub"
    folder.mkdir()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    return folder


def put_in_hub_cache(hub: Path, repository: str, file: str, content: bytes) -> Path:
    folder = hub / f"models--{repository.replace('/', '--')}"
    commit = "0" * 40
    path = folder / "snapshots" / commit / file
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(commit)
    return path


@pytest.mark.parametrize("spec", ["hf:org/repo", "hf:org/repo:model.gguf"])
def test_an_unreachable_hub_is_said_in_a_sentence(spec: str, offline: Path) -> None:
    with pytest.raises(ModelError, match="the Hub cannot be reached"):
        locate(spec)


@pytest.mark.parametrize("spec", ["hf:org/repo", "hf:org/repo:model.gguf"])
def test_a_file_in_the_hubs_cache_needs_no_hub(spec: str, offline: Path) -> None:
    path = put_in_hub_cache(offline, "org/repo", "model.gguf", b"GGUF and more")
    assert locate(spec) == path
