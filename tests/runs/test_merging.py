"""Shards of a run, each with a ledger of its own, and the one run that is made of them."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.fixtures.scripted_server import server_process
from tests.helpers.runs import recorded_keys, toy_config, toy_mapping, train_bytes, write_questions

from regenesis.errors import ConfigError, LedgerError, RunError
from regenesis.ledger import Ledger
from regenesis.ledger.segments import rows_in, segments_of
from regenesis.runs import read_status, synthesize
from regenesis.runs.merging import merge
from regenesis.storage import open_folder
from regenesis.synthesis.shard_states import shard_states
from regenesis.synthesis.sharding import Shard, synthesize_shard

QUESTIONS = 9


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with server_process("--play", "arithmetic") as base_url:
        yield base_url


@pytest.fixture(scope="module")
def whole(url: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Questions, and a run over all of them on one machine."""
    folder = tmp_path_factory.mktemp("whole")
    file = write_questions(folder, QUESTIONS)
    asyncio.run(synthesize(toy_config(file, url), folder / "run"))
    return file, folder / "run"


def share(config: Any, run: Path, number: int, count: int = 3, **options: Any) -> Any:
    return asyncio.run(synthesize_shard(config, run, Shard(number, count), **options))


def test_the_union_of_shards_is_the_run_on_one_machine(url: str, whole: tuple[Path, Path], tmp_path: Path) -> None:
    file, single = whole
    run = tmp_path / "run"
    reports = [share(toy_config(file, url), run, number, scratch=tmp_path / f"node-{number}") for number in (2, 3, 1)]
    assert sum(report.questions for report in reports) == QUESTIONS
    assert all(report.complete for report in reports)
    report = merge(run)
    assert (report.complete, report.requests_sent) == (True, 0)
    assert train_bytes(run) == train_bytes(single)
    assert recorded_keys(run) == recorded_keys(single)
    found, alone = read_status(run), read_status(single)
    assert (found.outcomes, found.model, found.questions) == (alone.outcomes, alone.model, alone.questions)
    assert {name: one.completions for name, one in found.stages.items()} == {
        name: one.completions for name, one in alone.stages.items()
    }


def test_what_shards_have_judged_is_not_judged_again(url: str, whole: tuple[Path, Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    for number in (1, 2, 3):
        share(toy_config(whole[0], url), run, number)
    assert merge(run).requests_recalled == 0
    assert train_bytes(run) == train_bytes(whole[1])


def test_without_what_shards_have_judged_a_merge_comes_to_the_same(
    url: str, whole: tuple[Path, Path], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    for number in (1, 2):
        share(toy_config(whole[0], url), run, number, count=2)
    for file in (run / "segments" / "1-of-2").glob("outcomes-*.parquet"):
        file.write_bytes(b"PAR1")
    assert merge(run).requests_recalled > 0
    assert train_bytes(run) == train_bytes(whole[1])


def test_merged_again_nothing_is_counted_twice(url: str, whole: tuple[Path, Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    share(toy_config(whole[0], url), run, 1, count=1)
    merge(run)
    merge(run)
    assert read_status(run).stages == {**read_status(run).stages}
    assert sum(one.completions for one in read_status(run).stages.values()) == len(recorded_keys(run))
    assert train_bytes(run) == train_bytes(whole[1])


def test_a_shard_that_stopped_is_merged_as_far_as_it_came_and_again_when_it_is_done(
    url: str, whole: tuple[Path, Path], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    share(toy_config(whole[0], url, budget={"requests": 20}), run, 1, count=1)
    assert not merge(run).complete
    share(toy_config(whole[0], url), run, 1, count=1)
    assert merge(run).complete
    assert train_bytes(run) == train_bytes(whole[1])


def test_a_shard_whose_machine_is_lost_goes_on_elsewhere_from_what_was_sealed(
    url: str, whole: tuple[Path, Path], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    first = share(toy_config(whole[0], url, budget={"requests": 30}), run, 1, count=1, scratch=tmp_path / "lost")
    second = share(toy_config(whole[0], url), run, 1, count=1, scratch=tmp_path / "other")
    assert second.complete
    assert first.requests_sent + second.requests_sent == len(recorded_keys(whole[1]))
    assert merge(run).complete
    assert train_bytes(run) == train_bytes(whole[1])


def test_a_missing_shard_is_named_and_nothing_is_written(url: str, whole: tuple[Path, Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    share(toy_config(whole[0], url), run, 2)
    with pytest.raises(RunError, match="1-of-3, 3-of-3 of 3 shards have sealed nothing yet"):
        merge(run)
    assert not (run / "ledger.sqlite").exists()
    with pytest.raises(RunError, match="has no shards"):
        merge(tmp_path / "nothing")


def test_shards_of_another_config_are_refused(url: str, whole: tuple[Path, Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    share(toy_config(whole[0], url), run, 1, count=2)
    share(toy_config(whole[0], url, seed=5), run, 2, count=2)
    with pytest.raises(RunError, match=r"2-of-2: is not a shard of the same run as 1-of-2. What differs: seed"):
        merge(run)
    assert not (run / "ledger.sqlite").exists()


def test_shards_of_two_divisions_are_refused(url: str, whole: tuple[Path, Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    share(toy_config(whole[0], url), run, 1, count=1)
    share(toy_config(whole[0], url), run, 1, count=2)
    with pytest.raises(RunError, match="holds shards of 1 and of 2"):
        merge(run)


@pytest.mark.parametrize("damage", ["missing", "changed", "unlisted"])
def test_a_segment_that_is_missing_or_changed_is_named(
    url: str, whole: tuple[Path, Path], tmp_path: Path, damage: str
) -> None:
    run = tmp_path / "run"
    share(toy_config(whole[0], url), run, 1, count=1)
    folder = run / "segments" / "1-of-1"
    segment = folder / segments_of(open_folder(folder))[0]
    if damage == "missing":
        segment.unlink()
    elif damage == "changed":
        segment.write_bytes(segment.read_bytes()[:-9] + b"123456789")
    else:
        next(folder.glob("segments-*.json")).write_text('["../../x.parquet"]')
    with pytest.raises(LedgerError, match=str(folder)):
        merge(run)


def test_a_machine_that_comes_back_takes_in_what_was_sealed_elsewhere_since(
    url: str, whole: tuple[Path, Path], tmp_path: Path
) -> None:
    run, sent = tmp_path / "run", 0
    for place, budget in (("a", 10), ("b", 30), ("a", None)):
        config = toy_config(whole[0], url, budget={"requests": budget})
        sent += share(config, run, 1, count=1, scratch=tmp_path / place).requests_sent
    assert sent == len(recorded_keys(whole[1]))
    assert merge(run).complete
    assert train_bytes(run) == train_bytes(whole[1])


def test_started_again_on_its_machine_a_shard_seals_only_what_is_new(
    url: str, whole: tuple[Path, Path], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    share(toy_config(whole[0], url), run, 1, count=1)
    sealed = sealed_keys(run)
    share(toy_config(whole[0], url), run, 1, count=1)
    assert sealed_keys(run) == sealed
    assert len(sealed) == len(set(sealed)) == len(recorded_keys(whole[1]))


def test_a_shard_whose_sealed_folder_is_removed_seals_all_anew(
    url: str, whole: tuple[Path, Path], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    share(toy_config(whole[0], url), run, 1, count=1)
    shutil.rmtree(run / "segments")
    assert share(toy_config(whole[0], url), run, 1, count=1).requests_sent == 0
    assert set(sealed_keys(run)) == recorded_keys(whole[1])


def test_a_start_that_ended_while_it_took_in_what_was_sealed_is_made_good(
    url: str, whole: tuple[Path, Path], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    share(toy_config(whole[0], url, budget={"requests": 30}), run, 1, count=1, scratch=tmp_path / "lost")
    with Ledger.open(tmp_path / "other" / "1-of-1" / "ledger.sqlite"):
        pass  # made, and nothing taken in yet
    shutil.copy(tmp_path / "lost" / "1-of-1" / "config.yaml", tmp_path / "other" / "1-of-1")
    shutil.copy(tmp_path / "lost" / "1-of-1" / "inputs.json", tmp_path / "other" / "1-of-1")
    second = share(toy_config(whole[0], url), run, 1, count=1, scratch=tmp_path / "other")
    assert second.requests_sent == len(recorded_keys(whole[1])) - 30


@pytest.fixture(params=["memory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address in an object store where nothing lies yet."""
    return f"memory:/{tmp_path}" if request.param == "memory" else f"{request.getfixturevalue('bucket')}{tmp_path}"


def test_segments_may_lie_in_an_object_store(url: str, whole: tuple[Path, Path], tmp_path: Path, store: str) -> None:
    run = tmp_path / "run"
    for number, place in ((1, "a"), (2, "b")):
        share(toy_config(whole[0], url), run, number, count=2, scratch=tmp_path / place, segments=store)
    assert not (run / "segments").exists()
    assert all(state.complete for state in shard_states(open_folder(store)))
    assert merge(run, segments=store).complete
    assert train_bytes(run) == train_bytes(whole[1])
    with pytest.raises(RunError, match=f"{store}/nothing: has no shards"):
        merge(tmp_path / "other", segments=f"{store}/nothing")


def test_lists_of_segments_of_before_are_read(url: str, whole: tuple[Path, Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    share(toy_config(whole[0], url), run, 1, count=1)
    listed = next((run / "segments" / "1-of-1").glob("segments-*.json"))
    listed.rename(listed.with_name("segments.json"))
    assert merge(run).complete


@pytest.mark.parametrize("text", ["", "3", "0/4", "5/4", "-1/4", "1/0", "a/b", "1/4/2", "1.5/4", "1/1000000"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--shard"):
        Shard.parse(text)


def test_every_question_is_in_one_shard_and_shares_are_about_equal() -> None:
    shards = [Shard.parse(f"{number}/8") for number in range(1, 9)]
    sizes = [0] * 8
    for number in range(4000):
        (held,) = [place for place, shard in enumerate(shards) if shard.holds(f"gsm8k/train/{number}")]
        sizes[held] += 1
    assert min(sizes) > 400


def test_the_slurm_script_runs_an_array_and_merges_it(url: str, whole: tuple[Path, Path], tmp_path: Path) -> None:
    script = Path(__file__).parents[2] / "examples" / "slurm-shards.sh"
    config, run = tmp_path / "config.yaml", tmp_path / "run"
    config.write_text(yaml.safe_dump(toy_mapping(whole[0], url)))
    variables = {"CONFIG": str(config), "RUN": str(run), "REGENESIS": f"{sys.executable} -m regenesis"}
    for number in ("1", "2"):
        task = {"SLURM_ARRAY_TASK_ID": number, "SLURM_ARRAY_TASK_COUNT": "2", "SLURM_ARRAY_JOB_ID": "77"}
        run_script(script, os.environ | variables | task | {"TMPDIR": str(tmp_path)})
    run_script(script, os.environ | variables)
    assert train_bytes(run) == train_bytes(whole[1])


def run_script(script: Path, variables: dict[str, str]) -> None:
    ended = subprocess.run(["bash", script], env=variables, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def sealed_keys(run: Path) -> list[str]:
    return [key for rows in rows_in(open_folder(run / "segments").inside("1-of-1")) for key in rows.column("key")]
