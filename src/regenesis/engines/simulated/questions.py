"""Tables of arithmetic questions that a simulated model can answer, in groups.

    python -m regenesis.engines.simulated.questions sums.jsonl --count 200 --groups 50 --seed 1

Each row has `id`, `question`, `answer` and `group`; a task takes it as `{name: sums, file: sums.jsonl, kind: number}`.
Tables of different seeds share no question and no group.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path

from regenesis.engines.simulated.arithmetic import work_out
from regenesis.filesystems import replacing

_NAMES = ("Ada", "Bela", "Chen", "Dora", "Emil", "Farah", "Goran", "Hana", "Ivo", "Jun", "Kofi", "Lena")
_PLACES = ("mill", "harbour", "bakery", "orchard", "workshop", "library", "station", "dairy", "quarry", "nursery")


def write_questions(
    file: str | Path, count: int, *, groups: int | None = None, operations: Sequence[str] = "+-*", seed: int = 0
) -> Path:
    """Writes a table of questions; the same arguments write the same table.

    Args:
        file: Where to.
        count: How many.
        groups: How many groups they belong to, evenly; each question is its own if left out.
        operations: Of `+`, `-` and `*`; every question has two or three operations of these.
        seed: Of the table.
    """
    file = Path(file)
    rng = random.Random(f"{seed} {count} {groups} {''.join(operations)}")
    stories = [
        f"{rng.choice(_NAMES)} keeps the books of {rng.choice(_PLACES)} {seed}-{number}."
        for number in range(groups or count)
    ]
    rows = []
    for number in range(count):
        expression = _expression(rng, operations)
        worked = work_out(expression)
        story = number % len(stories)
        rows.append(
            {
                "id": number,
                "question": f"{stories[story]} What is {expression}?",
                "answer": str(worked.answer if worked is not None else ""),
                "group": f"story {story}",
            }
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as partial:
        partial.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


def _expression(rng: random.Random, operations: Sequence[str]) -> str:
    first, second, third, fourth = (rng.randint(2, 99) for _ in range(4))
    one, two, three = (rng.choice(operations) for _ in range(3))
    return rng.choice(
        (
            f"({first} {one} {second}) {two} {third}",
            f"{first} {one} ({second} {two} {third})",
            f"{first} {one} {second} {two} {third} {three} {fourth}",
        )
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes a table as the command line says."""
    parser = argparse.ArgumentParser(description="Write arithmetic questions for the simulated engine.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--groups", type=int, default=None)
    parser.add_argument("--operations", default="+-*", help="Of +, - and *, without spaces.")
    parser.add_argument("--seed", type=int, default=0)
    stated = parser.parse_args(arguments)
    if stated.count < 1 or (stated.groups is not None and not 1 <= stated.groups <= stated.count):
        parser.error("--count must be at least 1, and --groups between 1 and --count")
    if not stated.operations or set(stated.operations) - set("+-*"):
        parser.error("--operations takes some of +, - and *, such as --operations=+-")
    write_questions(stated.file, stated.count, groups=stated.groups, operations=stated.operations, seed=stated.seed)


if __name__ == "__main__":
    main()
