"""Whether memory stays flat from 10,000 to 200,000 completions.

    python benchmarks/memory.py [--questions 7000] [--from 10000] [--to 200000]

One process does a real synthesis of thousands of questions against a scripted server in a process of its own; a
thread samples this process's resident memory. Figures are in MB (10^6 bytes). Takes a few minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from dataclasses import dataclass, field

import psutil

from regenesis.runs import Progress, synthesize
from workload import Watching, finish, run_config, server_process, workspace, write_questions

TARGET = 50
SAMPLE_SECONDS = 0.25


@dataclass
class Memory:
    """Resident memory against the completions recorded so far."""

    progress: Progress
    samples: list[tuple[int, str, float]] = field(default_factory=list)
    process: psutil.Process = field(default_factory=psutil.Process)

    def look(self) -> None:
        sampler = self.progress.sampler
        completions = sampler.traffic.sent - sampler.traffic.in_flight if sampler is not None else 0
        self.samples.append((completions, self.progress.phase, self.process.memory_info().rss / 1e6))

    def at(self, completions: int) -> float:
        """Memory at the first sample with so many completions."""
        return next(memory for done, _, memory in self.samples if done >= completions)

    def most(self, least: int, greatest: int) -> float:
        """The most memory between two counts of completions, while questions were asked."""
        return max(memory for done, phase, memory in self.samples if least <= done <= greatest and phase == "asking")

    @property
    def peak(self) -> float:
        """The most memory of all, the writing of the dataset at the end included."""
        return max(memory for _, _, memory in self.samples)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=7_000)
    parser.add_argument("--from", type=int, default=10_000, dest="least")
    parser.add_argument("--to", type=int, default=200_000, dest="greatest")
    options = parser.parse_args()
    progress = Progress()
    with workspace() as folder, server_process("--play", "arithmetic") as url:
        write_questions(folder / "questions.jsonl", options.questions)
        config = run_config(folder / "questions.jsonl", url)
        started = time.perf_counter()
        memory = Memory(progress)
        with Watching(memory.look, SAMPLE_SECONDS):
            report = asyncio.run(synthesize(config, folder / "run", progress=progress))
        seconds = time.perf_counter() - started
    if report.requests_sent < options.greatest:
        parser.error(f"{report.requests_sent} completions in all: give more --questions, or a smaller --to")
    begin = memory.at(options.least)
    growth = memory.most(options.least, options.greatest) - begin
    finish(
        "memory",
        {
            "growth_mb": round(growth, 1),
            f"at_{options.least}_mb": round(begin, 1),
            f"at_{options.greatest}_mb": round(memory.at(options.greatest), 1),
            "peak_with_writing_out_mb": round(memory.peak, 1),
            "completions": report.requests_sent,
            "questions": report.questions,
            "kept": report.kept,
            "completions_per_second": round(report.requests_sent / seconds),
        },
        target=f"within {TARGET} MB between {options.least} and {options.greatest} completions",
        met=growth <= TARGET,
    )


if __name__ == "__main__":
    main()
