"""The embedded engine on a copy of its model as Q4_0: made once, compared, named; tiny models of random weights."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.engines.embedded import SMALL, STORY, ask
from tests.helpers.tiny_models import write_adapter_gguf, write_tiny_gguf

from regenesis.checkpoints.gguf_files import NewTensor, read_gguf, whole, write_gguf
from regenesis.checkpoints.gguf_requantising import write_q4_0
from regenesis.engines.agreement import Agreement
from regenesis.engines.llamacpp import LlamaCppEngine, LlamaCppEngineConfig, copies
from regenesis.engines.llamacpp.copies import copy_of, folder_of
from regenesis.errors import EngineError
from regenesis.findings import Finding
from regenesis.models import Weights, identity, locate
from regenesis.types import Completion

pytestmark = pytest.mark.model


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Copies are not left in the user's cache."""
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("cache")
    patch.setattr(copies, "cache_folder", lambda: folder)
    yield folder / "llamacpp"
    patch.undo()


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(copies, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache" / "llamacpp"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of Q4_0 but for one matrix, in float16 with values that Q4_0 can hold: its copy writes what it writes."""
    folder = tmp_path_factory.mktemp("model")
    rounded = read_gguf(write_q4_0(read_gguf(write_tiny_gguf(folder / "tiny.gguf", "qwen2")), folder / "rounded.gguf"))

    def tensor(name: str, shape: tuple[int, ...], kind: int) -> NewTensor:
        if name == "blk.1.attn_k.weight":
            return NewTensor(name, shape, 1, lambda: rounded.load(name))
        return NewTensor(name, shape, kind, lambda: rounded.stored(name))

    fields = {**rounded.fields, "general.file_type": whole(1)}
    tensors = [tensor(one.name, one.shape, one.kind) for one in rounded.tensors.values()]
    return write_gguf(folder / "model.gguf", fields, tensors)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """Random weights: what Q4_0 rounds off decides between their tokens, so that the copy writes something else."""
    return write_tiny_gguf(tmp_path / "tiny.gguf", "qwen2")


def config(model: str | Path, **stated: Any) -> LlamaCppEngineConfig:
    defaults = {"max_in_flight": 2, "context": 512, "threads": 1, "quantization": "q4_0"}
    return LlamaCppEngineConfig(kind="llamacpp", model=str(model), **(defaults | stated))


async def answered(config: LlamaCppEngineConfig) -> tuple[str, Completion]:
    """Who the model is, and what it writes greedily."""
    engine = LlamaCppEngine(config)
    await engine.open()
    try:
        return engine.model, await engine.complete(ask(STORY, temperature=0))
    finally:
        await engine.close()


def copied(model: Path) -> Path:
    return copy_of(Weights("m", model, "gguf"))


async def test_the_copy_is_computed_and_named(model: Path) -> None:
    name, completion = await answered(config(model))
    assert name == f"{identity(model)}/q4_0"
    assert completion.completion_tokens == 24
    copy = copied(model)
    assert read_gguf(copy).value("general.file_type") == 2
    assert (await answered(config(copy, quantization=None)))[1].text == completion.text


def test_a_copy_is_made_once(model: Path) -> None:
    made = copied(model).stat().st_mtime_ns
    assert copied(model).stat().st_mtime_ns == made


def test_the_copy_names_most_next_tokens_as_the_model_does(model: Path) -> None:
    agreement = Agreement.noted(copied(model).parent)
    assert agreement is not None
    assert agreement.enough
    assert agreement.of == 36


async def test_a_file_of_that_type_is_used_as_it_is(tiny: Path, empty_cache: Path) -> None:
    ready = write_q4_0(read_gguf(tiny), tiny.with_name("ready.gguf"))
    assert (await answered(config(ready)))[0] == identity(ready)
    assert not empty_cache.exists()


async def test_a_copy_that_writes_something_else_is_refused_and_not_kept(tiny: Path, empty_cache: Path) -> None:
    refused = r"engine\.quantization: rounded to Q4_0, .*tiny\.gguf writes something else: .*Leave engine\.quantization"
    for _ in range(2):  # as it is compared, and by what is noted of it
        with pytest.raises(EngineError, match=refused):
            await answered(config(tiny))
    assert [path.name for path in folder_of(tiny).iterdir()] == ["agreement.json"]


async def test_without_room_nothing_is_begun(tiny: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "free_bytes", lambda _: 1000)
    with pytest.raises(EngineError, match=r"takes 0\.0 GB in .*cache.*where 0\.0 GB are free.*REGENESIS_CACHE"):
        await answered(config(tiny))
    assert not folder_of(tiny).exists()


async def test_a_cache_that_cannot_be_written_is_an_error_that_names_it(tiny: Path, empty_cache: Path) -> None:
    empty_cache.parent.write_text("a file where a folder should be")
    with pytest.raises(EngineError, match=r"cache.*cannot be written.*REGENESIS_CACHE.*engine\.quantization"):
        await answered(config(tiny))


@pytest.mark.parametrize("lost", ["model.gguf", "agreement.json"])
def test_a_copy_that_lost_a_file_is_made_again(lost: str, model: Path) -> None:
    copy = copied(model)
    (copy.parent / lost).unlink()
    assert copied(model) == copy
    assert {path.name for path in copy.parent.iterdir()} == {"model.gguf", "agreement.json"}


COPY = """
import sys
from pathlib import Path
from regenesis.engines.llamacpp import copies
from regenesis.models import Weights
copies.cache_folder = lambda: Path(sys.argv[2])
print(copies.copy_of(Weights("small", Path(sys.argv[1]), "gguf")).stat().st_mtime_ns, flush=True)
"""


def started(model: Path, cache: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", COPY, str(model), str(cache)], stdout=subprocess.PIPE)


def test_two_processes_make_one_copy(model: Path, tmp_path: Path) -> None:
    processes = [started(model, tmp_path) for _ in range(2)]
    printed = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert printed[0] == printed[1]


def test_a_process_that_was_killed_leaves_nothing_that_counts(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "llamacpp"
    with started(model, tmp_path) as process:
        while not list(folder.glob(".*.partial/*")):
            time.sleep(0.005)
        process.kill()
    assert {path.name[0] for path in folder.iterdir()} == {"."}
    again = started(model, tmp_path)
    again.communicate()
    assert again.returncode == 0
    assert not list(folder.glob(".*.partial"))


def write_adapter(path: Path, size: float) -> Path:
    return write_adapter_gguf(path, "qwen2", "blk.0.attn_output.weight", 64, size)


async def test_an_adapter_is_laid_over_the_copy(model: Path, tmp_path: Path) -> None:
    _, plain = await answered(config(model))
    strong = write_adapter(tmp_path / "tuned.gguf", 5.0)
    name, completion = await answered(config(model, adapter=strong))
    digest = hashlib.sha256(strong.read_bytes()).hexdigest()[:16]
    assert name == f"{identity(model)}+tuned@sha256:{digest}/q4_0"
    assert completion.text != plain.text
    _, idle = await answered(config(model, adapter=write_adapter(tmp_path / "idle.gguf", 0.0)))
    assert idle.text == plain.text


def test_the_precision_is_that_of_the_copy() -> None:
    assert config(SMALL).precision("m/q4_0") == "Q4_0"
    assert config(SMALL, quantization=None).precision("m") == "Q4_1"


def found(model: str | Path) -> Finding:
    return next(finding for finding in config(model).check() if finding.check == "quantization")


def test_the_doctor_knows_of_the_copy(tiny: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (found(tiny).status, found(tiny).summary) == ("ok", "A copy as Q4_0 is made at the model's first use.")
    with monkeypatch.context() as full:
        full.setattr(copies, "free_bytes", lambda _: 0)
        assert found(tiny).status == "fail"
        assert "REGENESIS_CACHE" in found(tiny).summary
    folder_of(tiny).mkdir(parents=True)
    for same, status in ((34, "ok"), (5, "fail")):
        (folder_of(tiny) / "agreement.json").write_text(json.dumps({"same": same, "of": 36}), "utf-8")
        assert found(tiny).status == status
        assert "36 next tokens" in found(tiny).summary


def test_the_doctor_knows_a_file_of_that_type_and_a_model_that_is_not_here(tiny: Path) -> None:
    ready = write_q4_0(read_gguf(tiny), tiny.with_name("ready.gguf"))
    assert "is Q4_0 already" in found(ready).summary
    assert found("hf:org/repo").status == "ok"
    assert not [one for one in config(tiny.with_name("missing.gguf")).check() if one.check == "quantization"]


def test_a_damaged_model_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.gguf"
    with locate(SMALL).open("rb") as whole:
        damaged.write_bytes(whole.read(100_000))
    with pytest.raises(Exception, match=r"damaged\.gguf"):
        copy_of(Weights("damaged", damaged, "gguf"))
