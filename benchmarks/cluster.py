"""A run over a Ray cluster of several nodes in this machine: how its pace grows with shards, and what lost nodes cost.

    python benchmarks/cluster.py pace [--shards 1,2,4] [--questions 60]       # questions of a shard
    python benchmarks/cluster.py losses [--seconds 120] [--every 10]

The server answers after 0.5 to 2 s, in a process of its own, so that shards wait for it as they would for GPUs.

- `pace`: completions a second in the stretch in which all shards are asking, and the processor time that the drivers
  take of the cores. A node a shard; each shard has 16 requests in flight.
- `losses`: a node is killed every few seconds and another one added. The dataset has to be that of one machine,
  byte for byte; sent again are at most what was in flight and what was not sealed yet, of the shards of the node.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sqlite3
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ray
from ray.cluster_utils import Cluster

from regenesis.runs import synthesize
from regenesis.runs.cluster import ClusterProgress
from regenesis.runs.on_ray import synthesize_on_ray
from workload import Watching, finish, run_config, server_process, workspace, write_questions

if TYPE_CHECKING:
    from collections.abc import Iterator

PACE_TARGET = 0.95
IN_FLIGHT, DELAY = 16, "0.5:2"
UNSEALED_SECONDS = 6.0
"""Between two segments, with the time that one takes."""
SMALL = {"object_store_memory": 80_000_000, "include_dashboard": False}
TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def cluster(nodes: int, places: int) -> Iterator[Any]:
    """A head that does no work, and so many nodes."""
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **SMALL})
    made.workers = [made.add_node(num_cpus=places, **SMALL) for _ in range(nodes)]
    made.connect()
    try:
        yield made
    finally:
        ray.shutdown()
        made.shutdown()


def config_over(folder: Path, url: str) -> Any:
    return run_config(folder / "questions.jsonl", url, engine={"max_in_flight": IN_FLIGHT})


class ProcessorTime:
    """What drivers of shards take of the processors while they ask, by what they tell of themselves."""

    def __init__(self, progress: ClusterProgress) -> None:
        self._progress = progress
        self._seen: dict[int, list[tuple[float, float]]] = {}

    def look(self) -> None:
        """Notes a driver's processor time and requests, when it has told of new ones."""
        for state in self._progress.shards:
            if state.holder is not None and state.figure("requests_sent"):
                process, sent = int(state.holder.split(" ")[1]), state.figure("requests_sent")
                seen = self._seen.setdefault(process, [])
                if not seen or seen[-1][1] != sent:
                    with suppress(OSError):
                        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
                        seen.append(((int(fields[11]) + int(fields[12])) / TICKS, sent))

    def per_completion(self) -> float:
        """Milliseconds, without what a process takes to begin."""
        seconds = sum(seen[-1][0] - seen[0][0] for seen in self._seen.values())
        sent = sum(seen[-1][1] - seen[0][1] for seen in self._seen.values())
        return 1000 * seconds / sent if sent else 0.0


def stretch(ledgers: list[Path]) -> tuple[float, float]:
    """Completions a second of all shards, and the seconds in which all of them were asking."""
    recorded = []
    for path in ledgers:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        recorded.append([at for (at,) in connection.execute("SELECT recorded FROM completions ORDER BY recorded")])
        connection.close()
    # the last questions of a shard keep less in flight
    begin, end = max(one[0] for one in recorded), min(one[int(0.8 * len(one))] for one in recorded)
    return sum(begin <= at < end for one in recorded for at in one) / (end - begin), end - begin


def pace_of(shards: int, questions: int) -> dict[str, float]:
    with workspace() as folder, server_process("--play", "arithmetic", "--delay", DELAY) as url, cluster(shards, 1):
        write_questions(folder / "questions.jsonl", shards * questions)
        progress = ClusterProgress()
        used = ProcessorTime(progress)
        os.environ["TMPDIR"] = str(folder)
        with Watching(used.look, 0.5):
            report = synthesize_on_ray(config_over(folder, url), folder / "run", shards=shards, progress=progress)
        assert report.complete
        sent = sum(end.sent for end in progress.ends)
        rate, seconds = stretch([merged_of(folder, end.shard) for end in progress.ends])
        return {
            "shards": shards,
            "completions": sent,
            "per_second": round(rate, 1),
            "stretch_seconds": round(seconds, 1),
            "driver_processor_ms_per_completion": round(used.per_completion(), 2),
        }


def merged_of(folder: Path, shard: str) -> Path:
    """The ledger of a shard, remade from its segments."""
    from regenesis.ledger import Ledger
    from regenesis.ledger.segments import absorb, rows_in
    from regenesis.storage import open_folder

    path = folder / f"{shard}.sqlite"

    async def absorbed() -> None:
        with Ledger.open(path) as ledger:
            await absorb(ledger, rows_in(open_folder(folder / "run" / "segments").inside(shard)))

    asyncio.run(absorbed())
    return path


def measure_pace(counts: list[int], questions: int) -> None:
    found = [pace_of(count, questions) for count in counts]
    first = found[0]["per_second"] / found[0]["shards"]
    for one in found:
        one["of_linear"] = round(one["per_second"] / one["shards"] / first, 3)
    finish(
        "cluster-pace",
        {"of": found},
        target=f"N shards at least {PACE_TARGET} × N as fast as one, until the cores are full",
        met=all(one["of_linear"] >= PACE_TARGET for one in found),
    )


def measure_losses(seconds: float, every: float, nodes: int = 3) -> None:
    shards, losses = 2 * nodes, 0
    with workspace() as folder, server_process("--play", "arithmetic", "--delay", DELAY) as url:
        # about 14 completions a second and shard, 33 a question
        write_questions(folder / "questions.jsonl", int(seconds * shards * 14 / 33) + shards)
        config = config_over(folder, url)
        with cluster(nodes, 2) as made, ThreadPoolExecutor(1) as thread:
            began = time.monotonic()
            running = thread.submit(synthesize_on_ray, config, folder / "run", shards=shards)
            # Ray adds nodes from the main thread only
            while losses * every < seconds and not wait([running], timeout=every).done:
                losses += 1
                made.remove_node(made.workers.pop(0), allow_graceful=False)
                made.workers.append(made.add_node(num_cpus=2, **SMALL))
            report = running.result()
            took = time.monotonic() - began
        sent = json.load(urllib.request.urlopen(url.removesuffix("/v1") + "/stats"))["requests"]
        with server_process("--play", "arithmetic") as at_once:
            single = asyncio.run(synthesize(config_over(folder, at_once), folder / "single"))
        same = _dataset(folder / "run") == _dataset(folder / "single")
        again, bound = sent - single.requests_sent, losses * 2 * (IN_FLIGHT + UNSEALED_SECONDS * 14)
        finish(
            "cluster-losses",
            {
                "seconds": round(took),
                "nodes_lost": losses,
                "shards": shards,
                "completions": single.requests_sent,
                "sent_again": again,
                "sent_again_bound": round(bound),
                "same_dataset": same,
                "complete": report.complete,
            },
            target="the same dataset; sent again at most what was in flight and not sealed",
            met=same and report.complete and again <= bound,
        )


def _dataset(run: Path) -> bytes:
    return (run / "dataset" / "train.jsonl").read_bytes()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["pace", "losses"])
    parser.add_argument("--shards", default="1,2,4")
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--every", type=float, default=10)
    options = parser.parse_args()
    if options.what == "pace":
        measure_pace([int(count) for count in options.shards.split(",")], options.questions)
    else:
        measure_losses(options.seconds, options.every)


if __name__ == "__main__":
    main()
