"""How fast training questions are compared with those of the evaluation, and in how much memory.

    python benchmarks/decontamination.py [--evaluation 100000] [--training 100000]

Questions are made of 50 words drawn from 20,000 with the frequencies of a natural language; every hundredth training
question holds ten words in a row of a question of the evaluation, and all of those must be found.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections.abc import Iterator

from regenesis.curation import find_overlaps
from regenesis.types import Question
from workload import finish

WORDS = 50
VOCABULARY = 20_000
TARGET_SECONDS = 60.0
TARGET_MB = 600.0


def questions(count: int, of: str, seed: int) -> Iterator[Question]:
    """Questions of drawn words; the commonest word is about 10 % of all, as in a natural language."""
    chance = random.Random(seed)
    vocabulary = [f"w{number}" for number in range(VOCABULARY)]
    weights = [1 / (rank + 1) for rank in range(VOCABULARY)]
    for number in range(count):
        text = " ".join(chance.choices(vocabulary, weights, k=WORDS))
        yield Question(f"{of}/{number}", of, text, None, "text")


def planted(training: Iterator[Question], evaluation: list[Question]) -> Iterator[Question]:
    """The training questions; every hundredth says ten words of a question of the evaluation in its middle."""
    for number, question in enumerate(training):
        if number % 100:
            yield question
        else:
            copied = evaluation[number % len(evaluation)].text.split()[20:30]
            text = " ".join([*question.text.split()[:15], *copied, *question.text.split()[25:]])
            yield Question(question.id + "*", question.task, text, None, "text")


def resident_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--evaluation", type=int, default=100_000)
    parser.add_argument("--training", type=int, default=100_000)
    options = parser.parse_args()
    evaluation = list(questions(options.evaluation, "measured", 1))
    training = list(planted(questions(options.training, "trained", 2), evaluation))
    before, started = resident_mb(), time.perf_counter()
    found = {overlap.training for overlap in find_overlaps(training, evaluation)}
    seconds, grown = time.perf_counter() - started, resident_mb() - before
    wanted = {question.id for question in training if question.id.endswith("*")}
    finish(
        "decontamination",
        {
            "evaluation_questions": len(evaluation),
            "training_questions": len(training),
            "seconds": round(seconds, 1),
            "questions_per_second": round((len(evaluation) + len(training)) / seconds),
            "grown_mb": round(grown, 1),
            "planted": len(wanted),
            "planted_found": len(wanted & found),
            "others_found": len(found - wanted),
        },
        target=f"all planted found, within {TARGET_SECONDS:g} s and {TARGET_MB:g} MB for 100,000 each",
        met=wanted <= found and seconds <= TARGET_SECONDS and grown <= TARGET_MB,
    )


if __name__ == "__main__":
    main()
