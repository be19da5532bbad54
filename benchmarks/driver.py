"""How many completions a second the whole path carries: client, scheduler, ledger, method, checker.

    python benchmarks/driver.py [--questions 300] [--repeats 3]

A real synthesis against a scripted server that answers at once, in a process of its own on the same cores. What is
timed is the whole of `synthesize`: loading questions, asking, and writing the dataset.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import time

from regenesis.runs import synthesize
from workload import finish, run_config, server_process, workspace, write_questions

TARGET = 500


def measure(questions: int) -> dict[str, float]:
    """One run; completions a second over the whole of it, and the driver's own processor time."""
    with workspace() as folder, server_process("--play", "arithmetic") as url:
        write_questions(folder / "questions.jsonl", questions)
        config = run_config(folder / "questions.jsonl", url)
        before, started = _processor_seconds(), time.perf_counter()
        report = asyncio.run(synthesize(config, folder / "run"))
        seconds = time.perf_counter() - started
        return {
            "completions": report.requests_sent,
            "kept": report.kept,
            "seconds": seconds,
            "rate": report.requests_sent / seconds,
            "processor": (_processor_seconds() - before) / report.requests_sent,
        }


def _processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    runs = [measure(options.questions) for _ in range(options.repeats)]
    rates = sorted(run["rate"] for run in runs)
    median = statistics.median(rates)
    finish(
        "driver",
        {
            "completions_per_second": round(median),
            "best": round(rates[-1]),
            "worst": round(rates[0]),
            "completions": runs[0]["completions"],
            "kept": runs[0]["kept"],
            "driver_processor_ms_per_completion": round(1000 * statistics.median(run["processor"] for run in runs), 3),
            "runs": len(runs),
        },
        target=f"at least {TARGET} completions a second on 2 cores shared with the server (median)",
        met=median >= TARGET,
    )


if __name__ == "__main__":
    main()
