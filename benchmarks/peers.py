"""The same chains by other tools: kept paths an hour, and how busy each keeps one engine.

    python benchmarks/peers.py [--questions 120] [--in-flight 32] [--distilabel VENV/bin/python]
                               [--data-designer VENV/bin/python]

A scripted server, in a process of its own, takes 0.2 to 2 s for an answer (log-uniform, drawn from the request), so
that what differs is only how a tool sends. All lead each question through the same three stages (a guideline adapted, a
plan, a path) from the same guidelines, at most so many requests at a time, and keep at most `KEEP` right paths a
question:

- `regenesis`: `synthesize` as a user runs it, which ends a question that has enough paths, without the hint pass;
- `one_call`: the same by its default chain, which is one call: not what the others do, but what its users get;
- `bare`: a loop a place in flight, each following a chain of all, without retries, record or checker: the ceiling of
  what can be in flight;
- `stages`: every stage for all chains before the next begins;
- `distilabel`, `data_designer`: pipelines of three text steps, each by the Python of an environment of its own where
  one is named (`pip install 'distilabel[openai]' requests`; `pip install data-designer`).

Seconds are those from the first to the last request at the server. `busy` is the mean number of requests there over the
most allowed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp

from peer_pipelines.prompts import STAGES
from regenesis.answers import extract
from regenesis.methods.regenesis.guidelines import load_guidelines
from regenesis.runs import synthesize
from workload import (
    Watching,
    finish,
    question_gold,
    question_text,
    run_config,
    server_process,
    workspace,
    write_questions,
)

KEEP, GUIDELINES, WAVE = 3, 12, 6
DELAY = "0.2:2"
LOOK_SECONDS = 0.02
TARGET_BUSY, TARGET_PATHS = 0.97, 2.0
OWN: dict[str, dict[str, Any]] = {"regenesis": {}, "one_call": {"prompts": "guided", "stages": ["solve"]}}
"""Settings of the method, beyond those of all benchmarks."""
PIPELINES = Path(__file__).parent / "peer_pipelines"


class Looks:
    """What the server holds, looked at again and again."""

    def __init__(self, url: str) -> None:
        self._url = f"{url.removesuffix('/v1')}/stats"
        self._before = self.statistics()
        self.first = self.last = 0.0

    def statistics(self) -> dict[str, Any]:
        with urllib.request.urlopen(self._url) as reply:
            told: dict[str, Any] = json.load(reply)
        return told

    def look(self) -> None:
        told = self.statistics()
        if told["requests"] > self._before["requests"]:
            self.first = self.first or time.perf_counter()
            if told["in_flight"]:
                self.last = time.perf_counter()

    def figures(self, in_flight: int, kept: int) -> dict[str, float]:
        after, seconds = self.statistics(), self.last - self.first
        calls = after["requests"] - self._before["requests"]
        return {
            "calls": calls,
            "seconds": round(seconds, 1),
            "busy": round((after["busy_seconds"] - self._before["busy_seconds"]) / (seconds * in_flight), 4),
            "kept": kept,
            "kept_an_hour": round(3600 * kept / seconds),
            "calls_a_kept_path": round(calls / max(kept, 1), 1),
        }


async def ask(session: aiohttp.ClientSession, url: str, row: dict[str, Any], stage: str) -> None:
    """One stage of one chain, by the prompt that the peers are given."""
    prompt = STAGES[stage]
    for name in ("question", "guideline", *STAGES):
        prompt = prompt.replace(f"{{{{ {name} }}}}", row.get(name, ""))
    body = {"model": "scripted", "messages": [{"role": "user", "content": prompt}], "temperature": 1.0}
    async with session.post(f"{url}/chat/completions", json=body) as reply:
        row[stage] = json.loads(await reply.read())["choices"][0]["message"]["content"]


async def bare(url: str, rows: list[dict[str, Any]], in_flight: int) -> None:
    left = iter(rows)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def follow() -> None:
            for row in left:
                for stage in STAGES:
                    await ask(session, url, row, stage)

        await asyncio.gather(*(follow() for _ in range(in_flight)))


async def stage_by_stage(url: str, rows: list[dict[str, Any]], in_flight: int) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        for stage in STAGES:
            left = iter(rows)

            async def answer(stage: str = stage, left: Any = left) -> None:
                for row in left:
                    await ask(session, url, row, stage)

            await asyncio.gather(*(answer() for _ in range(in_flight)))


def pipeline(python: str, name: str, url: str, rows: list[dict[str, Any]], in_flight: int, folder: Path) -> None:
    """Runs a peer's pipeline by its own Python and takes over the paths that it wrote."""
    job = {"url": url, "in_flight": in_flight, "rows": rows, "folder": str(folder)}
    (folder / "job.json").write_text(json.dumps(job), "utf-8")
    command = [python, str(PIPELINES / f"with_{name}.py"), str(folder / "job.json"), str(folder / "paths.json")]
    with (folder / "log.txt").open("w") as log:
        ended = subprocess.run(command, check=False, stdout=log, stderr=log)
    if ended.returncode:
        raise SystemExit(f"{name} ended with {ended.returncode}:\n{(folder / 'log.txt').read_text()[-3000:]}")
    paths = json.loads((folder / "paths.json").read_text("utf-8"))
    for row in rows:
        row["solve"] = paths.get(f"{row['id']}/{row['guideline']}") or ""


def chains(questions: int) -> list[dict[str, Any]]:
    guidelines = [guideline.text for guideline in load_guidelines()[:GUIDELINES]]
    return [
        {"id": str(number), "question": question_text(number), "guideline": guideline}
        for number in range(questions)
        for guideline in guidelines
    ]


def kept(rows: list[dict[str, Any]]) -> int:
    """Right paths, at most `KEEP` a question."""
    right = Counter(row["id"] for row in rows if extract(row["solve"], "number") == question_gold(int(row["id"])))
    return sum(min(count, KEEP) for count in right.values())


def measure(name: str, url: str, options: argparse.Namespace) -> dict[str, float]:
    rows, looks, in_flight = chains(options.questions), Looks(url), options.in_flight
    with workspace() as folder, Watching(looks.look, LOOK_SECONDS):
        if name in OWN:
            write_questions(folder / "questions.jsonl", options.questions)
            method = {"guidelines": GUIDELINES, "wave": WAVE, "keep": KEEP, "hint": {"enabled": False}, **OWN[name]}
            config = run_config(
                folder / "questions.jsonl", url, method=method, engine={"max_in_flight": in_flight}, seed=options.seed
            )
            right = asyncio.run(synthesize(config, folder / "run")).kept
        else:
            if name in ("bare", "stages"):
                asyncio.run((bare if name == "bare" else stage_by_stage)(url, rows, in_flight))
            else:
                pipeline(getattr(options, name), name, url, rows, in_flight, folder)
            right = kept(rows)
    return looks.figures(in_flight, right)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=120)
    parser.add_argument("--in-flight", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--distilabel", metavar="PYTHON", help="of an environment with distilabel")
    parser.add_argument("--data-designer", metavar="PYTHON", help="of an environment with DataDesigner")
    options = parser.parse_args()
    names = [*OWN, "bare", "stages", *(one for one in ("distilabel", "data_designer") if getattr(options, one))]
    with server_process("--play", "arithmetic", "--delay", DELAY) as url:
        figures = {name: measure(name, url, options) for name in names}
    best = max(figures[name]["kept_an_hour"] for name in names if name not in (*OWN, "bare"))
    busy = figures["regenesis"]["busy"] / figures["bare"]["busy"]
    paths = figures["regenesis"]["kept_an_hour"] / best
    finish(
        "peers",
        {"busy_ratio": round(busy, 4), "paths_ratio": round(paths, 2), "in_flight": options.in_flight, **figures},
        target=f"{TARGET_BUSY:.0%} as busy as the bare loop, {TARGET_PATHS:g} times the best peer's kept paths an hour",
        met=busy >= TARGET_BUSY and paths >= TARGET_PATHS,
    )


if __name__ == "__main__":
    main()
