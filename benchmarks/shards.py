"""What it costs that a run is divided into shards: sealing while it goes on, and making one run of them at the end.

    python benchmarks/shards.py sealing [--questions 300] [--delay 0.5:2]
    python benchmarks/shards.py merge [--shards 10] [--completions 100000]

- `sealing`: the processor time of the thread that seals, of all that the shard takes, against a server that answers at
  once (the most that there can be to seal) or after a delay.
- `merge`: so many shards are made by an engine inside this process (`benchmarks/ledger.py`; a quarter of an hour and
  3 GB of disk for a million completions); then `regenesis merge` of them in a fresh process. `union` is the time until
  all rows are in one ledger, the rest is judging and deriving.

Figures in seconds and MB (10^6 bytes).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ledger import PlayedEngine, peak_memory
from regenesis.ledger import Ledger
from regenesis.ledger.segments import Sealer
from regenesis.runs.merging import merge
from regenesis.synthesis.sharding import Shard, synthesize_shard
from workload import finish, run_config, server_process, workspace, write_questions

SEALING_TARGET, MERGE_SECONDS, MERGE_MB = 0.03, 60, 1000
COMPLETIONS_A_QUESTION = 32
"""What a question asks on average, of an engine that is as often right as the one that is played."""


def measure_sealing(questions: int, delay: str) -> None:
    import pyarrow.parquet

    pyarrow.array([""])  # loads pandas too, as the tables at the end of any run do: it is no cost of sealing
    spent, seal = [0.0], Sealer.seal

    def timed(sealer: Sealer) -> int:
        began = time.thread_time()
        try:
            return seal(sealer)
        finally:
            spent[0] += time.thread_time() - began

    setattr(Sealer, "seal", timed)  # noqa: B010 - it is there to be measured
    with workspace() as folder, server_process("--play", "arithmetic", "--delay", delay) as url:
        write_questions(folder / "questions.jsonl", questions)
        config = run_config(folder / "questions.jsonl", url)
        before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
        work = synthesize_shard(config, folder / "run", Shard(1, 1), scratch=folder / "local")
        report = asyncio.run(work)
        seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF)
        whole = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        sealed = sum(file.stat().st_size for file in (folder / "run").rglob("*.parquet"))
        finish(
            "shards-sealing",
            {
                "completions": report.requests_sent,
                "seconds": round(seconds, 1),
                "processor_seconds": round(whole, 2),
                "sealing_processor_seconds": round(spent[0], 3),
                "share_percent": round(100 * spent[0] / whole, 2),
                "sealed_bytes_per_completion": round(sealed / max(1, report.requests_sent)),
                "ledger_bytes_per_completion": round(
                    (folder / "local" / "1-of-1" / "ledger.sqlite").stat().st_size / max(1, report.requests_sent)
                ),
            },
            target=f"sealing takes at most {SEALING_TARGET:.0%} of the shard's processor time",
            met=spent[0] <= SEALING_TARGET * whole,
        )


def measure_merge(shards: int, completions: int) -> None:
    with workspace() as folder:
        write_questions(folder / "questions.jsonl", shards * completions // COMPLETIONS_A_QUESTION)
        config = run_config(folder / "questions.jsonl", "http://127.0.0.1:9/v1")
        began = time.monotonic()
        for number in range(1, shards + 1):
            work = synthesize_shard(
                config, folder / "run", Shard(number, shards), scratch=folder / "local", engine=PlayedEngine()
            )
            asyncio.run(work)
        built = time.monotonic() - began
        command = [sys.executable, __file__, "merged", str(folder / "run")]
        measured: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        finish(
            "shards-merge",
            {"shards": shards, **measured, "build_seconds": round(built)},
            target=f"{shards} shards within {MERGE_SECONDS} s and {MERGE_MB} MB, at 100,000 completions each",
            met=measured["seconds"] <= MERGE_SECONDS and measured["mb"] <= MERGE_MB,
        )


def merged(run: Path) -> None:
    """Merges and prints what it took."""
    began, absorb, united = time.monotonic(), Ledger.absorb, [0.0]

    async def timed(ledger: Ledger, rows: Any) -> None:
        await absorb(ledger, rows)
        united[0] = time.monotonic() - began

    setattr(Ledger, "absorb", timed)  # noqa: B010 - it is there to be measured
    report = merge(run)
    seconds, usage = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF)
    with Ledger.read(run / "ledger.sqlite") as ledger:
        rows = sum(stage.completions for stage in ledger.totals().values())
    figures = {
        "completions": rows,
        "kept": report.kept,
        "union_seconds": round(united[0], 1),
        "seconds": round(seconds, 1),
        "own_processor_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "mb": round(peak_memory()),
    }
    print(json.dumps(figures))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["sealing", "merge", "merged"])
    parser.add_argument("run", type=Path, nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--delay", default="0:0", help="seconds before each reply; 0.5:2 is how long models take")
    parser.add_argument("--shards", type=int, default=10)
    parser.add_argument("--completions", type=int, default=100_000, help="of each shard")
    options = parser.parse_args()
    if options.what == "sealing":
        measure_sealing(options.questions, options.delay)
    elif options.what == "merge":
        measure_merge(options.shards, options.completions)
    else:
        merged(options.run)


if __name__ == "__main__":
    main()
