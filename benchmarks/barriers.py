"""How full the pool of requests in flight stays when answer times spread 1:20.

    python benchmarks/barriers.py [--questions 300] [--in-flight 64]

A real synthesis against a scripted server, in a process of its own, that takes between 0.05 and 1 s for an answer
(log-uniform). The server itself is asked, every 20 ms, how many requests it holds: what counts is what it sees, the
driver's own pauses between two requests included. The share is the mean of these counts over the capacity, from the
first moment the pool is full until the last window of questions has begun, that is until none is left to begin.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from regenesis.runs import Progress, synthesize
from regenesis.scheduling import window_size
from workload import Watching, finish, run_config, server_process, workspace, write_questions

TARGET = 0.95
LOOK_SECONDS = 0.02
DELAY = "0.05:1"


@dataclass
class Counts:
    """Requests at the server, and questions finished, counted together."""

    url: str
    progress: Progress
    samples: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(self.url).netloc)

    def look(self) -> None:
        self._connection.request("GET", "/stats")
        at_server = json.loads(self._connection.getresponse().read())["in_flight"]
        if self.progress.phase == "asking":
            self.samples.append((self.progress.finished, at_server))


def share(in_flight: list[int], capacity: int) -> float:
    return sum(in_flight) / (len(in_flight) * capacity)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--in-flight", type=int, default=64)
    options = parser.parse_args()
    capacity, progress = options.in_flight, Progress()
    with workspace() as folder, server_process("--play", "arithmetic", "--delay", DELAY) as url:
        write_questions(folder / "questions.jsonl", options.questions)
        config = run_config(folder / "questions.jsonl", url, engine={"max_in_flight": capacity})
        started = time.perf_counter()
        counts = Counts(url, progress)
        with Watching(counts.look, LOOK_SECONDS):
            report = asyncio.run(synthesize(config, folder / "run", progress=progress))
        seconds = time.perf_counter() - started
    window = window_size(capacity, None)
    in_flight = [at_server for _, at_server in counts.samples]
    first_full = next(index for index, at_server in enumerate(in_flight) if at_server >= capacity)
    all_begun = next(index for index, (done, _) in enumerate(counts.samples) if done >= options.questions - window)
    steady = in_flight[first_full:all_begun]
    full = share(steady, capacity)
    finish(
        "barriers",
        {
            "full_until_last_window": round(full, 4),
            "full_over_whole_run": round(share(in_flight, capacity), 4),
            "least_seen_until_last_window": min(steady),
            "in_flight": capacity,
            "window": window,
            "looks": len(steady),
            "completions": report.requests_sent,
            "completions_per_second": round(report.requests_sent / seconds),
        },
        target=f"at least {TARGET:.0%} full from the first full moment until the last window of questions has begun",
        met=full >= TARGET,
    )


if __name__ == "__main__":
    main()
