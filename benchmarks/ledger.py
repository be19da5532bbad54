"""Opening a run of 1,000,000 recorded completions and finding what is left to do.

    python benchmarks/ledger.py [--completions 1000000] [--run-dir DIR]

First a real run is made with an engine inside this process that answers at once, stopped by its budget shortly before
its questions are all done (needs about 3 GB of disk and several minutes; with --run-dir it is left there, and used
again by the next call). Then fresh processes start it again, and note when they know what is left to do, that is when
the first request that no record answers would be sent:

- `open`: as the run was left. This is what the target is about.
- `derived`: after the outcomes of finished questions, which may be deleted, were deleted: every question is led
  through the ledger again.

Peak memory is that of the whole process up to that moment; what follows it, writing tables and dataset from all
finished questions, is given apart. Figures in seconds and MB (10^6 bytes).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from regenesis.config import RunConfig
from regenesis.runs import synthesize
from regenesis.types import Completion, Request
from workload import finish, play_arithmetic, run_config, workspace, write_questions

TARGET_SECONDS, TARGET_MB = 15, 600
COMPLETIONS_A_QUESTION = 25
"""Less than a question asks on average (32), so that questions remain when the budget is spent."""
_WORDS = (
    "amount boxes count given total first second each added monday tuesday market story holds goods what remains "
    "known number carry over check before after together times plus sum part whole left right brought bring makes"
)


def padding(request: Request) -> str:
    """Words that make a text about as long as those of a real model: 280 to 900 characters with what is played."""
    draw = Random(request.seed)
    sentences = {"adapt": 3, "structure": 0, "solve": 6}.get(request.stage, 0)
    return " ".join(
        " ".join(draw.choices(_WORDS.split(), k=draw.randint(8, 16))).capitalize() + "." for _ in range(sentences)
    )


@dataclass
class PlayedEngine:
    """Answers at once what the scripted server would, with longer texts; notes when it was first asked."""

    kind: str = "openai"
    model: str = "scripted"
    capacity: int = 64
    first_asked: float | None = None
    memory: float = field(default=0.0)

    async def open(self) -> None: ...

    async def complete(self, request: Request) -> Completion:
        if self.first_asked is None:
            self.first_asked, self.memory = time.monotonic(), peak_memory()
        messages = [{"role": message.role, "content": message.content} for message in request.messages]
        text = play_arithmetic({"messages": messages, "seed": request.seed})
        more = padding(request)
        text = f"{more}\n{text}" if request.stage == "solve" else f"{text}\n{more}".strip()
        prompt = sum(len(message.content) for message in request.messages) // 4
        return Completion(text, "stop", prompt, len(text) // 4, self.kind, 1.5)

    async def close(self) -> None: ...


def peak_memory() -> float:
    """The most resident memory of this process so far, in MB.

    From the kernel's account of this address space: `getrusage` would also count the parent's before the start.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError("the kernel does not tell peak memory")


def config_for(run_dir: Path, requests: int) -> RunConfig:
    questions = run_dir.parent / "questions.jsonl"
    return run_config(questions, "http://127.0.0.1:9/v1", budget={"requests": requests})


def build(run_dir: Path, completions: int) -> float:
    """Makes the run; the seconds that took."""
    write_questions(run_dir.parent / "questions.jsonl", completions // COMPLETIONS_A_QUESTION)
    started = time.monotonic()
    asyncio.run(synthesize(config_for(run_dir, completions), run_dir, engine=PlayedEngine()))
    return time.monotonic() - started


def start_again(run_dir: Path) -> None:
    """Starts the run again for one request and prints when what was left was known, and when all was written."""
    started, engine = time.monotonic(), PlayedEngine()
    report = asyncio.run(synthesize(config_for(run_dir, 1), run_dir, engine=engine))
    ended = time.monotonic()
    assert engine.first_asked is not None, "nothing was left to do"
    figures = {
        "seconds": engine.first_asked - started,
        "mb": engine.memory,
        "writing_out_seconds": ended - engine.first_asked,
        "whole_mb": peak_memory(),
        "finished": report.finished,
        "recalled": report.requests_recalled,
    }
    print(json.dumps({name: round(value, 1) for name, value in figures.items()}))


def in_a_fresh_process(run_dir: Path) -> dict[str, Any]:
    command = [sys.executable, __file__, "--start-again", str(run_dir)]
    measured: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return measured


def measure(run_dir: Path, completions: int) -> None:
    built = build(run_dir, completions) if not (run_dir / "ledger.sqlite").exists() else None
    size = (run_dir / "ledger.sqlite").stat().st_size
    opened = in_a_fresh_process(run_dir)
    for file in run_dir.glob("outcomes.sqlite*"):
        file.unlink()
    derived = in_a_fresh_process(run_dir)
    finish(
        "ledger",
        {
            "completions": completions,
            "ledger_bytes_per_completion": round(size / completions),
            "open": opened,
            "derived": derived,
            "build_seconds": built and round(built),
        },
        target=f"`open` within {TARGET_SECONDS} s and {TARGET_MB} MB",
        met=opened["seconds"] < TARGET_SECONDS and opened["mb"] < TARGET_MB,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--completions", type=int, default=1_000_000)
    parser.add_argument("--run-dir", type=Path, help="where to make the run, or where it was made before")
    parser.add_argument("--start-again", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.start_again is not None:
        start_again(options.start_again)
    elif options.run_dir is not None:
        options.run_dir.parent.mkdir(parents=True, exist_ok=True)
        measure(options.run_dir, options.completions)
    else:
        with workspace() as folder:
            measure(folder / "run", options.completions)


if __name__ == "__main__":
    main()
