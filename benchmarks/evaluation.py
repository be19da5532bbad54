"""How busy an evaluation keeps the engine, against a bare load generator on the same server.

    python benchmarks/evaluation.py [--questions 600] [--in-flight 64] [--repeats 3]

Both ask a scripted server, in a process of its own, the very same requests, with as many in flight; an answer takes
between 0.2 and 2 s, log-uniform, drawn from the request itself and so the same for both. The bare generator is as many
loops as requests in flight, each sending the next request with aiohttp and reading the answer: no retries, no record,
no checker. The two take turns. Requests in flight are counted by the server, over the time from the first one sent to
the last answer recorded; loading questions and writing tables are left out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
import urllib.request
from typing import Any

import aiohttp

from regenesis.config import RunConfig
from regenesis.evaluation import EvaluationSettings, load_tasks, request_for
from regenesis.evaluation.progress import EvaluationProgress
from regenesis.evaluation.stage import evaluate_models
from regenesis.scheduling import Sampler
from workload import finish, run_config, server_process, workspace, write_questions

TARGET = 0.95
DELAY = "0.2:2"


class TimedProgress(EvaluationProgress):
    """Notes when asking begins and ends."""

    began = ended = 0.0

    def begin_asking(self, sampler: Sampler) -> None:
        super().begin_asking(sampler)
        self.began = time.perf_counter()

    def end_model(self) -> None:
        self.ended = time.perf_counter()
        super().end_model()


def bodies(config: RunConfig) -> list[bytes]:
    """The requests of an evaluation, as a server gets them."""
    exam = EvaluationSettings.of_run(config).exam()
    sampling = exam.sampling
    [task] = load_tasks(config.evaluation.tasks, config.evaluation)
    asked = [request_for("scripted", one, exam) for one in task.questions]
    return [
        json.dumps(
            {
                "model": request.model,
                "messages": [{"role": message.role, "content": message.content} for message in request.messages],
                "temperature": sampling.temperature,
                "top_p": sampling.top_p,
                "max_tokens": sampling.max_tokens,
                "n": 1,
                "stream": False,
                "seed": request.seed,
            }
        ).encode()
        for request in asked
    ]


async def generate(url: str, requests: list[bytes], in_flight: int) -> float:
    """Sends all requests, so many at once, and reads the answers; gives the seconds that takes."""
    left, headers = iter(requests), {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=headers) as session:

        async def send() -> None:
            for body in left:
                async with session.post(f"{url}/chat/completions", data=body) as reply:
                    json.loads(await reply.read())

        started = time.perf_counter()
        await asyncio.gather(*(send() for _ in range(in_flight)))
        return time.perf_counter() - started


def busy(url: str) -> float:
    """Seconds that the server has spent on requests, added up over all of them."""
    with urllib.request.urlopen(f"{url.removesuffix('/v1')}/stats") as reply:
        return float(json.load(reply)["busy_seconds"])


def measure(config: RunConfig, url: str, in_flight: int) -> dict[str, float]:
    """One turn of each: seconds, and the mean number of requests at the server."""
    requests, before, settings = bodies(config), busy(url), EvaluationSettings.of_run(config)
    bare = asyncio.run(generate(url, requests, in_flight))
    between, progress = busy(url), TimedProgress()
    with workspace() as folder:
        report = asyncio.run(evaluate_models({"base": config.engine}, settings, folder / "run", progress=progress))
    assert report.complete
    assert report.requests_sent == len(requests)
    seconds = progress.ended - progress.began
    return {
        "bare": len(requests) / bare,
        "evaluation": len(requests) / seconds,
        "bare_in_flight": (between - before) / bare,
        "evaluation_in_flight": (busy(url) - between) / seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=600)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with workspace() as folder, server_process("--play", "arithmetic", "--delay", DELAY) as url:
        file = folder / "questions.jsonl"
        write_questions(file, options.questions)
        tasks = [{"name": "exam", "file": str(file), "kind": "number"}]
        engine: dict[str, Any] = {"max_in_flight": options.in_flight}
        config = run_config(file, url, engine=engine, evaluation={"tasks": tasks})
        turns = [measure(config, url, options.in_flight) for _ in range(options.repeats)]
    throughput = statistics.median(turn["evaluation"] / turn["bare"] for turn in turns)
    in_flight = statistics.median(turn["evaluation_in_flight"] / turn["bare_in_flight"] for turn in turns)
    medians = {name: round(statistics.median(turn[name] for turn in turns), 1) for name in turns[0]}
    finish(
        "evaluation",
        {
            "throughput_ratio": round(throughput, 4),
            "in_flight_ratio": round(in_flight, 4),
            **{f"{name}_per_second" if "flight" not in name else name: value for name, value in medians.items()},
            "in_flight": options.in_flight,
            "questions": options.questions,
            "turns": len(turns),
        },
        target=f"at least {TARGET:.0%} of a bare load generator's throughput and requests in flight (medians)",
        met=min(throughput, in_flight) >= TARGET,
    )


if __name__ == "__main__":
    main()
