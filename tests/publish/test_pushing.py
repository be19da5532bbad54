"""Uploading to the hub: what goes, what never does, and how refusals are told."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants
from tests.fixtures.fake_hub import TOKEN, FakeHub, fake_hub

from regenesis.errors import RunError
from regenesis.publish.pushing import pack, push, require_repository
from regenesis.store.directory import RunDirectory

SUMMARY = {
    "complete": True,
    "tasks": {"svamp": {"split": "test", "models": {"tuned": {"accuracy": 0.5, "shown": "50.0 (40.0–60.0)"}}}},
}


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    directory = RunDirectory(tmp_path / "run")
    directory.model.mkdir(parents=True)
    directory.dataset.mkdir()
    directory.evaluation.mkdir()
    (directory.model / "checkpoint-8").mkdir()
    for name in (
        "adapter_model.safetensors",
        "tokenizer.json",
        "chat_template.jinja",
        "training_args.bin",
        "log.jsonl",
    ):
        (directory.model / name).write_text(name)
    (directory.model / "adapter_config.json").write_text("{}")
    (directory.model / "training.json").write_text(json.dumps({"base": "hf:org/base", "rows": 3}))
    for name in ("train.parquet", "train.jsonl", "README.md", "ledger.sqlite"):
        (directory.dataset / name).write_text(name)
    return directory


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., FakeHub]]:
    """Starts a hub and turns the hub's library to it."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with_hub: list[Any] = []

    def start(**arguments: Any) -> FakeHub:
        context = fake_hub(**arguments)
        with_hub.append(context)
        found = context.__enter__()
        monkeypatch.setattr(constants, "ENDPOINT", found.url)
        return found

    yield start
    for context in with_hub:
        context.__exit__(None, None, None)


def test_what_belongs_to_a_model_goes_and_all_else_stays(run: RunDirectory) -> None:
    parcel = pack(run, "model")
    assert set(parcel.files) == {
        *("README.md", "adapter_config.json", "adapter_model.safetensors"),
        *("chat_template.jinja", "tokenizer.json", "training.json"),
    }
    assert parcel.left == ("checkpoint-8", "log.jsonl", "training_args.bin")


def test_what_belongs_to_a_data_set_goes_and_all_else_stays(run: RunDirectory) -> None:
    parcel = pack(run, "dataset")
    assert parcel.files == {"README.md": 9, "train.jsonl": 11, "train.parquet": 13}
    assert parcel.left == ("ledger.sqlite",)


def test_a_link_to_elsewhere_stays(run: RunDirectory, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text("{}")
    (run.dataset / "more.json").symlink_to(tmp_path / "secret.json")
    assert "more.json" in pack(run, "dataset").left


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_nothing_to_push_is_an_error_that_says_how_to_make_it(tmp_path: Path, kind: Any) -> None:
    with pytest.raises(RunError, match=r"regenesis (train|synthesize)"):
        pack(RunDirectory(tmp_path), kind)


KEYS = [
    "hf_" + "aB3" * 12,
    "sk-proj-abcdefghijklmnop_1234",
    "ghp_" + "a1B2" * 9,
    "AKIA" + "ABCD1234" * 2,
]


@pytest.mark.parametrize("key", KEYS)
def test_what_looks_like_a_key_stops_the_push_and_is_not_shown(run: RunDirectory, key: str) -> None:
    (run.dataset / "train.jsonl").write_text('{"a": 1}\n{"text": "use ' + key + '"}\n')
    with pytest.raises(RunError, match=r"train\.jsonl: line 2 contains what looks like an access key") as raised:
        pack(run, "dataset")
    assert key not in str(raised.value)


def test_a_key_of_this_environment_is_found_whatever_it_looks_like(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_SERVER_API_KEY", "correct horse battery")
    (run.dataset / "train.jsonl").write_text('{"text": "the correct horse battery staple"}\n')
    with pytest.raises(RunError, match="access key"):
        pack(run, "dataset")


@pytest.mark.parametrize(
    "text",
    [
        "task-oriented-learning-with-many-words",
        "hf_hub_download",
        "risk-averse",
        "sk-1",
        "sk-learn-like-interfaces-are-nice",
    ],
)
def test_words_that_are_no_keys_go(run: RunDirectory, text: str) -> None:
    (run.dataset / "train.jsonl").write_text(json.dumps({"text": text}))
    assert "train.jsonl" in pack(run, "dataset").files


def test_the_card_gets_the_results_of_the_evaluation(run: RunDirectory) -> None:
    (run.evaluation / "summary.json").write_text(json.dumps(SUMMARY))
    assert pack(run, "model").notes == ()
    assert "50.0 (40.0–60.0)" in (run.model / "README.md").read_text("utf-8")


def test_results_older_than_the_model_are_left_out(run: RunDirectory) -> None:
    (run.evaluation / "summary.json").write_text(json.dumps(SUMMARY))
    pack(run, "model")
    os.utime(run.evaluation / "summary.json", (1, 1))
    (note,) = pack(run, "model").notes
    assert "older than the model" in note
    assert "50.0" not in (run.model / "README.md").read_text("utf-8")


def test_a_later_rounds_results_are_found_in_the_runs_folder(run: RunDirectory) -> None:
    later = RunDirectory(run.path / "round-2")
    later.path.mkdir()
    run.model.rename(later.model)
    models = {
        "tuned": {"accuracy": 0.1, "shown": "10.0 (5.0–15.0)"},
        "round-2": {"accuracy": 0.2, "shown": "20.0 (1–30)"},
    }
    (run.evaluation / "summary.json").write_text(json.dumps({"tasks": {"svamp": {"models": models}}}))
    pack(later, "model")
    card = (later.model / "README.md").read_text("utf-8")
    assert "20.0 (1–30)" in card
    assert "10.0" not in card


@pytest.mark.parametrize("name", ["name", "a/b/c", "org/na me", "org/", "", "org/na--me", "../x"])
def test_a_repository_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(RunError, match="--to"):
        require_repository(name)


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_exactly_what_was_listed_is_uploaded(run: RunDirectory, hub: Callable[..., FakeHub], kind: Any) -> None:
    found, parcel = hub(), pack(run, kind)
    url = push(parcel, "org/name")
    assert url == f"{found.url}/{'datasets/' if kind == 'dataset' else ''}org/name"
    ((name, files),) = found.commits
    assert name == f"{kind}/org/name"
    assert {file: len(content) for file, content in files.items()} == parcel.files
    here = {file: (parcel.folder / file).read_bytes() for file in parcel.files}
    assert files == here | parcel.rewritten
    assert found.repositories[name] == {"private": True}


BASES = [
    ("hf:org/base", "org/base"),
    ("pypi:smollm2-135m-instruct", "HuggingFaceTB/SmolLM2-135M-Instruct"),
    ("/home/someone/base", "base"),
    ("org/base", "org/base"),
]


@pytest.mark.parametrize(("here", "there"), BASES)
def test_the_base_goes_by_its_name_on_the_hub(
    run: RunDirectory, hub: Callable[..., FakeHub], here: str, there: str
) -> None:
    config, record = run.model / "adapter_config.json", run.model / "training.json"
    config.write_text(json.dumps({"base_model_name_or_path": here, "r": 8}))
    record.write_text(json.dumps({"base": here, "rows": 3}))
    found = hub()
    push(pack(run, "model"), "org/name")
    ((_, files),) = found.commits
    assert json.loads(files["adapter_config.json"]) == {"base_model_name_or_path": there, "r": 8}
    assert json.loads(files["training.json"]) == {"base": there, "rows": 3}
    assert json.loads(config.read_text()) == {"base_model_name_or_path": here, "r": 8}
    assert b"someone" not in b"".join(files.values())


def test_public_is_public(run: RunDirectory, hub: Callable[..., FakeHub]) -> None:
    found = hub()
    push(pack(run, "dataset"), "org/name", private=False)
    assert found.repositories["dataset/org/name"] == {"private": False}


def test_a_public_repository_is_not_written_to_unasked(run: RunDirectory, hub: Callable[..., FakeHub]) -> None:
    found = hub(repositories={"dataset/org/name": {"private": False}})
    with pytest.raises(RunError, match=r"is public.*--public"):
        push(pack(run, "dataset"), "org/name")
    assert found.commits == []
    push(pack(run, "dataset"), "org/name", private=False)
    assert len(found.commits) == 1


def test_a_private_repository_that_is_there_is_written_to(run: RunDirectory, hub: Callable[..., FakeHub]) -> None:
    found = hub(repositories={"dataset/org/name": {"private": True}})
    push(pack(run, "dataset"), "org/name")
    assert len(found.commits) == 1


def test_without_a_login_nothing_is_asked(
    run: RunDirectory, hub: Callable[..., FakeHub], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = hub()
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "none"))
    with pytest.raises(RunError, match="hf auth login"):
        push(pack(run, "dataset"), "org/name")
    assert found.asked == []


def test_a_login_that_is_not_accepted_is_told_without_the_token(
    run: RunDirectory, hub: Callable[..., FakeHub], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub()
    wrong = "hf_" + "y" * 34
    monkeypatch.setenv("HF_TOKEN", wrong)
    with pytest.raises(RunError, match="hf auth login") as raised:
        push(pack(run, "dataset"), "org/name")
    assert wrong not in str(raised.value)


REFUSALS = [(403, "You don't have the rights", "needs write access"), (400, "Name is reserved", "Name is reserved")]


@pytest.mark.parametrize(("status", "words", "said"), REFUSALS)
def test_a_refusal_is_told_in_the_hubs_words(
    run: RunDirectory, hub: Callable[..., FakeHub], status: int, words: str, said: str
) -> None:
    hub(refusal=(status, words))
    with pytest.raises(RunError, match=said) as raised:
        push(pack(run, "dataset"), "org/name")
    assert words in str(raised.value)
    assert TOKEN not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_hub_that_is_not_there_is_told_in_one_sentence(
    run: RunDirectory, hub: Callable[..., FakeHub], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub()
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(RunError, match="cannot be reached") as raised:
        push(pack(run, "dataset"), "org/name")
    assert "\n" not in str(raised.value)
