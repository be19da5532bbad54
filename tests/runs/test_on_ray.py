"""A run over a Ray cluster of several nodes in one machine, with a node that is lost."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray")

import ray
from ray.cluster_utils import Cluster
from tests.fixtures.scripted_server import server_process
from tests.helpers.runs import recorded_keys, toy_config, train_bytes, write_questions

from regenesis.errors import RunError
from regenesis.ledger.segments import segments_of
from regenesis.runs import synthesize
from regenesis.runs.on_ray import ShardEnd, synthesize_on_ray

pytestmark = pytest.mark.timeout(280)


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A head that does no work, so that it is not the one to be lost, and two nodes with two places each."""
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    made.workers = [made.add_node(num_cpus=2) for _ in range(2)]
    made.connect()
    yield made
    ray.shutdown()
    made.shutdown()


def test_a_node_is_lost_and_the_run_is_that_of_one_machine(cluster: Any, tmp_path: Path) -> None:
    file, run, ends = write_questions(tmp_path, 12), tmp_path / "run", list[ShardEnd]()
    with server_process("--play", "arithmetic", "--delay", "0.3:0.6") as url:
        config = toy_config(file, url)

        def lose_a_node() -> None:
            while not any(segments_of(folder) for folder in run.glob("segments/*-of-*")):
                time.sleep(0.2)
            cluster.remove_node(cluster.workers[0], allow_graceful=False)

        losing = threading.Thread(target=lose_a_node, daemon=True)
        losing.start()
        report = synthesize_on_ray(config, run, shards=4, told=ends.append)
        losing.join()
    assert report.complete
    assert sorted(end.shard for end in ends) == [f"{number}-of-4" for number in range(1, 5)]
    assert sum(end.finished for end in ends) == 12
    assert cluster.workers[0] not in cluster.worker_nodes
    with server_process("--play", "arithmetic") as url:
        asyncio.run(synthesize(toy_config(file, url), tmp_path / "single"))
    assert train_bytes(run) == train_bytes(tmp_path / "single")
    assert recorded_keys(run) == recorded_keys(tmp_path / "single")


def test_where_no_shard_gets_anywhere_the_first_reason_is_told(cluster: Any, tmp_path: Path) -> None:
    config = toy_config(write_questions(tmp_path, 12), "http://127.0.0.1:9/v1")
    with pytest.raises(RunError, match=r"No shard got to its end. \d-of-2: No server answers"):
        synthesize_on_ray(config, tmp_path / "run", shards=2)
