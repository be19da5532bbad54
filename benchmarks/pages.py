"""How long the page of a large run takes, and how large it is.

    python benchmarks/pages.py [--questions 10000] [--chains 8]

Writes the folder of a run as a synthesis and an evaluation leave it, with texts of the usual lengths, then the page
twice: from the tables of a finished synthesis, and from the outcomes of one that is going on. Seconds are the whole
command's on the CPU, imports included.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from regenesis.curation import Funnel
from regenesis.evaluation import Evaluation, MeasuredModel, MeasuredTask
from regenesis.evaluation.record import EvaluationReport, write_record
from regenesis.methods import Outcome
from regenesis.runs import RunDirectory
from regenesis.store import tables
from regenesis.store.outcomes import OutcomeStore
from regenesis.types import GradedPath, Question, ReasoningPath, Result, Verdict
from workload import finish, question_text, run_config, workspace

MOST_MEGABYTES, MOST_SECONDS = 20, 3
_SENTENCE = "The boxes hold twelve each, so four of them hold 4 * 12 = 48, and with the rest that makes 61 in all. "
_LENGTHS = {"adapt": 3, "structure": 6, "solve": 9}
"""Sentences of a stage."""


def questions(count: int) -> list[Question]:
    return [Question(f"toy/train/{number}", "toy", question_text(number), "61", "number") for number in range(count)]


def outcome(question: Question, chains: int) -> Outcome:
    draw = random.Random(question.id)
    judged = []
    for chain in range(chains):
        texts = {stage: f"{chain} {draw.random()} " + count * _SENTENCE for stage, count in _LENGTHS.items()}
        right = draw.random() < 0.4
        path = ReasoningPath(
            *(question.id, "regenesis", f"guideline-{draw.randrange(25)}", chain > 5),
            tuple((stage, f"{draw.getrandbits(128):032x}", text) for stage, text in texts.items()),
            *(texts["solve"], draw.randrange(80, 600)),
        )
        verdict = Verdict(
            "correct" if right else "incorrect", "61" if right else "60", "'61' is the right answer", "box"
        )
        judged.append(GradedPath(path, verdict, None, path.text))
    return Outcome(question, tuple(judged), tuple(one for one in judged if one.keepable)[:3])


def write_run(folder: Path, some: list[Question], chains: int) -> None:
    """The folder of a run, as far as a page reads it."""
    directory = RunDirectory(folder)
    with directory.locked():
        directory.freeze(run_config(folder / "questions.jsonl", "http://127.0.0.1:9/v1"), {})
    tables.write_questions(directory.questions, some)
    store, funnel = OutcomeStore.open(directory.outcomes, "benchmark"), Funnel()
    with tables.OutcomeTables(directory.paths, directory.verdicts) as written:
        for question in some:
            found = outcome(question, chains)
            funnel.finish_question(question, found.judged, found.kept)
            store.put(found)
            written.add(tables.OutcomeRows.of([found]))
    store.close()
    summary = {"finished": len(some), "questions": len(some), "funnel": funnel.to_json()}
    directory.summary.write_text(json.dumps(summary))
    write_evaluation(folder, some)


def write_evaluation(folder: Path, some: list[Question]) -> None:
    models = [
        MeasuredModel(name, f"{name}@sha256:0", {"model": name}, {"engine": "openai", "precision": "bf16"})
        for name in ("base", "tuned")
    ]
    task = MeasuredTask("toy", "toy", "in-domain", {"name": "toy"}, "test", tuple(some), 0, 0, ())
    results = {model.name: {"toy": list(answers(model.name, some))} for model in models}
    found = Evaluation({"seed": 0, "samples": 1}, [task], models, results, [("base", "tuned")])
    write_record(EvaluationReport(folder, found, None, {}, 0, 0, 0, 0, 0.0))


def answers(model: str, some: list[Question]) -> Iterator[Result]:
    draw = random.Random(model)
    for question in some:
        right = draw.random() < 0.5
        verdict = Verdict("correct" if right else "incorrect", "61", "because", "box")
        text = f"{draw.random()} " + 9 * _SENTENCE
        yield Result(model, "toy", question.id, f"{draw.getrandbits(128):032x}", text, "stop", 100, 220, verdict)


def measure(folder: Path) -> tuple[float, float]:
    """CPU seconds of the command, and megabytes of the page."""
    # compiled modules are kept, as they are where a package is installed
    known = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "regenesis", "report", folder], check=True, env=known, stdout=sys.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, (folder / "report.html").stat().st_size / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--chains", type=int, default=8)
    options = parser.parse_args()
    with workspace() as folder:
        write_run(folder / "run", questions(options.questions), options.chains)
        measure(folder / "run")  # compiles the modules
        finished, size = measure(folder / "run")
        (folder / "run" / "paths.parquet").unlink()
        going_on, _ = measure(folder / "run")
    finish(
        "pages",
        {
            "questions": options.questions,
            "chains": options.questions * options.chains,
            "megabytes": round(size, 1),
            "seconds": round(finished, 2),
            "seconds_while_running": round(going_on, 2),
        },
        target=f"under {MOST_MEGABYTES} MB and {MOST_SECONDS} s",
        met=size < MOST_MEGABYTES and max(finished, going_on) < MOST_SECONDS,
    )


if __name__ == "__main__":
    main()
