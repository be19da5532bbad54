from __future__ import annotations

from pathlib import Path

import pytest

from regenesis.errors import ModelError
from regenesis.models import KNOWN, known_models, locate
from regenesis.models.names import HubName, LocalName, PackageName, parse_name


def test_a_known_model_is_named_by_pypi() -> None:
    assert parse_name("pypi:smollm2-135m-instruct", KNOWN) == PackageName(KNOWN["smollm2-135m-instruct"])


def test_a_known_model_names_its_publishers_repository() -> None:
    assert all(
        HubName(model.repository, None) == parse_name(f"hf:{model.repository}", KNOWN) for model in known_models()
    )
    assert KNOWN["smollm2-135m-instruct"].repository == "HuggingFaceTB/SmolLM2-135M-Instruct"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("hf:org/repo", HubName("org/repo", None)),
        ("hf:org/repo.v2-GGUF:folder/model-q8_0.gguf", HubName("org/repo.v2-GGUF", "folder/model-q8_0.gguf")),
    ],
)
def test_a_file_of_the_hub_is_named_by_hf(spec: str, expected: HubName) -> None:
    assert parse_name(spec, KNOWN) == expected


def test_a_path_is_a_path(tmp_path: Path) -> None:
    (tmp_path / "mine.gguf").write_bytes(b"GGUF")
    assert parse_name(str(tmp_path / "mine.gguf"), KNOWN) == LocalName(tmp_path / "mine.gguf")


REFUSED = {
    "pypi:smollm2-135m": "did you mean `pypi:smollm2-135m-instruct`",
    "pypi:": "known are",
    "hf:repo": "hf:<org>/<repo>",
    "hf:org/repo/file.gguf": "hf:<org>/<repo>",
    "hf:org/repo:": "hf:<org>/<repo>",
    "hf:../x": "hf:<org>/<repo>",
    "hf:a/..": "hf:<org>/<repo>",
    "hf:./x": "hf:<org>/<repo>",
    "hf:a/b--c": "hf:<org>/<repo>",
    "hf:a/b.": "hf:<org>/<repo>",
    "hf:-a/b": "hf:<org>/<repo>",
    "hf:a/" + "b" * 200: "hf:<org>/<repo>",
    "hf:a/b\n": "hf:<org>/<repo>",
    "hf:ä/b": "hf:<org>/<repo>",
    "hf:a/b:../../x.gguf": "hf:<org>/<repo>:<file>",
    "hf:a/b:x/../y.gguf": "hf:<org>/<repo>:<file>",
    "hf:a/b:/etc/x.gguf": "hf:<org>/<repo>:<file>",
    "hf:a/b:x\0.gguf": "hf:<org>/<repo>:<file>",
    "nothing\0here": "no such file",
    "~nobody-has-this-name/x.gguf": "not a valid path",
    "x" * 5000: "not a valid path",
    "hf:org/repo:model.safetensors": "GGUF",
    "hf:org/repo:model-00001-of-00002.gguf": "single-file",
    "gpt-5": "there is no such file",
    "ollama:llama3": "is named as",
    "": "is a folder",
}


@pytest.mark.parametrize("spec", REFUSED)
def test_a_name_that_means_nothing_is_refused_with_a_way_out(spec: str) -> None:
    with pytest.raises(ModelError) as refusal:
        parse_name(spec, KNOWN)
    assert REFUSED[spec] in str(refusal.value)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a model")
    with pytest.raises(ModelError, match="is not a GGUF file"):
        locate(str(tmp_path / "notes.txt"))


def test_a_path_of_a_model_is_located_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.gguf").write_bytes(b"GGUF and more")
    assert locate(str(tmp_path / "mine.gguf")) == tmp_path / "mine.gguf"


def test_every_known_model_can_be_named_and_is_pinned() -> None:
    for model in known_models():
        assert parse_name(model.spec, KNOWN) == PackageName(model)
        assert len(model.sha256) == 64
        assert all(wheel.version for wheel in model.wheels)
        assert len({wheel.member for wheel in model.wheels}) == len(model.wheels)
