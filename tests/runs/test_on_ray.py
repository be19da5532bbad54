"""A run over a Ray cluster of several nodes in one machine, with a node that is lost."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray")

import yaml
from tests.cli.running import regenesis
from tests.fixtures.scripted_server import server_process
from tests.helpers.ray_clusters import ray_cluster
from tests.helpers.runs import recorded_keys, toy_config, toy_mapping, train_bytes, until, write_questions

from regenesis.errors import RunError, RunInUse
from regenesis.ledger.segments import segments_of
from regenesis.runs import synthesize
from regenesis.runs.cluster import ClusterProgress
from regenesis.runs.on_ray import synthesize_on_ray, synthesize_on_ray_async
from regenesis.storage import open_folder
from regenesis.store.directory import RunDirectory
from regenesis.synthesis.shard_states import shard_states

pytestmark = pytest.mark.timeout(280)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with ray_cluster(2, 2) as made:
        yield made


def test_where_no_shard_gets_anywhere_the_first_reason_is_told(cluster: Any, tmp_path: Path) -> None:
    config = toy_config(write_questions(tmp_path, 12), "http://127.0.0.1:9/v1")
    with pytest.raises(RunError, match=r"No shard got to its end. \d-of-2: No server answers"):
        synthesize_on_ray(config, tmp_path / "run", shards=2)


def test_one_shard_fails_by_name_and_the_rest_goes_on(cluster: Any, tmp_path: Path) -> None:
    run, progress = tmp_path / "run", ClusterProgress()
    damaged = run / "segments" / "2-of-3"
    open_folder(damaged).write("segments.json", b"{}")
    with server_process("--play", "arithmetic") as url:
        config = toy_config(write_questions(tmp_path, 12), url)
        with pytest.raises(RunError, match="2-of-3"):
            synthesize_on_ray(config, run, shards=3, progress=progress)
        failed = [end for end in progress.ends if end.error]
        assert [end.shard for end in failed] == ["2-of-3"]
        assert f"{damaged}/segments.json: is no list of segments" in str(failed[0].error)
        assert sum(end.finished for end in progress.ends) == sum(end.questions for end in progress.ends) > 0
        (damaged / "segments.json").unlink()
        assert synthesize_on_ray(config, run, shards=3).complete


def test_storage_that_the_nodes_do_not_share_is_named(cluster: Any, tmp_path: Path) -> None:
    config = toy_config(write_questions(tmp_path, 3))
    with pytest.raises(RunError, match="does not see what is written to memory://"):
        synthesize_on_ray(config, tmp_path / "run", shards=2, segments="memory://only/here")


def test_a_run_that_another_cluster_works_on_is_left_alone(cluster: Any, tmp_path: Path) -> None:
    config = toy_config(write_questions(tmp_path, 3))
    with RunDirectory(tmp_path / "run").locked(), pytest.raises(RunInUse, match="another process"):
        synthesize_on_ray(config, tmp_path / "run", shards=2)


def test_a_budget_is_kept_over_all_shards_and_the_next_start_goes_on(cluster: Any, tmp_path: Path) -> None:
    file, run = write_questions(tmp_path, 12), tmp_path / "run"
    with server_process("--play", "arithmetic") as url:
        report = synthesize_on_ray(toy_config(file, url, budget={"requests": 22}), run, shards=4)
        assert not report.complete
        assert len(recorded_keys(run)) == 22
        assert synthesize_on_ray(toy_config(file, url), run, shards=4).complete


def test_interrupted_all_shards_seal_first(cluster: Any, tmp_path: Path) -> None:
    run = tmp_path / "run"

    sealed = open_folder(run / "segments")

    async def interrupted(url: str) -> None:
        config = toy_config(write_questions(tmp_path, 60), url)
        task = asyncio.create_task(synthesize_on_ray_async(config, run, shards=2))
        await until(lambda: sum(one.figure("requests_sent") > 5 for one in shard_states(sealed)) == 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with server_process("--play", "arithmetic", "--delay", "0.3:0.6") as url:
        asyncio.run(interrupted(url))
    states = shard_states(sealed)
    assert [(one.holder, one.why) for one in states] == [(None, "interrupted")] * 2


def test_the_command_tells_of_every_shard(cluster: Any, tmp_path: Path) -> None:
    with server_process("--play", "arithmetic") as url:
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(toy_mapping(write_questions(tmp_path, 6), url)))
        command = ["synthesize", "config.yaml", "--run-dir", "run", "--on", "ray", "--shards", "2"]
        ended = regenesis(*command, cwd=tmp_path, RAY_ADDRESS=cluster.address)
    assert ended.returncode == 0, ended.stderr
    assert "shard 1-of-2: " in ended.stdout
    assert "paths kept, for 6 of 6 questions" in ended.stdout


@pytest.mark.parametrize("number", [2, 15])
def test_the_command_ends_by_a_signal_when_all_shards_have_sealed(cluster: Any, tmp_path: Path, number: int) -> None:
    sealed = open_folder(tmp_path / "run" / "segments")
    with server_process("--play", "arithmetic", "--delay", "0.3:0.6") as url:
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(toy_mapping(write_questions(tmp_path, 60), url)))
        command = [sys.executable, "-m", "regenesis", "synthesize", "config.yaml", "--run-dir", "run"]
        surroundings = os.environ | {"RAY_ADDRESS": cluster.address}
        process = subprocess.Popen(
            [*command, "--on", "ray", "--shards", "2"],
            cwd=tmp_path,
            env=surroundings,
            stdout=subprocess.PIPE,
            text=True,
        )
        while sum(one.figure("requests_sent") > 5 for one in shard_states(sealed)) < 2:
            time.sleep(0.1)
        process.send_signal(number)
        said, _ = process.communicate()
    assert process.returncode == 128 + number
    assert "Interrupted. Nothing is lost" in said
    assert "--on ray --shards 2" in said
    assert [(one.holder, one.why) for one in shard_states(sealed)] == [(None, "interrupted")] * 2


# the last one: its node is gone for the others
def test_a_node_is_lost_and_the_run_is_that_of_one_machine(cluster: Any, tmp_path: Path) -> None:
    file, run, progress = write_questions(tmp_path, 12), tmp_path / "run", ClusterProgress()
    with server_process("--play", "arithmetic", "--delay", "0.3:0.6") as url:
        config = toy_config(file, url)

        def lose_a_node() -> None:
            while not any(segments_of(open_folder(folder)) for folder in run.glob("segments/*-of-*")):
                time.sleep(0.2)
            cluster.remove_node(cluster.workers[0], allow_graceful=False)

        losing = threading.Thread(target=lose_a_node, daemon=True)
        losing.start()
        report = synthesize_on_ray(config, run, shards=4, progress=progress)
        losing.join()
    assert report.complete
    assert sorted(end.shard for end in progress.ends) == [f"{number}-of-4" for number in range(1, 5)]
    assert sum(end.finished for end in progress.ends) == 12
    assert cluster.workers[0] not in cluster.worker_nodes
    with server_process("--play", "arithmetic") as url:
        asyncio.run(synthesize(toy_config(file, url), tmp_path / "single"))
    assert train_bytes(run) == train_bytes(tmp_path / "single")
    assert recorded_keys(run) == recorded_keys(tmp_path / "single")
