"""Where a run's new tokens went: by stage, and by what became of the chain that they were spent on.

    python benchmarks/token_costs.py runs/a [runs/b ...]

Reads folders of synthesis runs and asks nothing. Only finished questions count. A chain was kept; was right and fit but
more than was needed (surplus); was right and unfit to train on; or was wrong, or broke off. Replies that were asked for
again are a column of their own. Prints a table a run and one line of JSON.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

from regenesis.ledger import Ledger
from regenesis.methods import Outcome
from regenesis.runs import RunDirectory
from regenesis.runs.status import read_questions_and_outcomes
from regenesis.types import GradedPath

FATES = ("kept", "surplus", "unfit", "wrong", "asked again")
HINTED = "hinted "


def main() -> None:
    """Prints where the tokens of each run went."""
    parser = argparse.ArgumentParser(description="Where the new tokens of runs went.")
    parser.add_argument("runs", type=Path, nargs="+", help="folders of synthesis runs")
    print(json.dumps({"benchmark": "token_costs", "runs": [_show(folder) for folder in parser.parse_args().runs]}))


def _show(folder: Path) -> dict[str, object]:
    outcomes = [outcome for _, outcome in read_questions_and_outcomes(folder) if outcome is not None]
    spent = _spent(folder, outcomes)
    stages = sorted({stage for stage, _ in spent})
    print(f"\n{folder.name}\n\n| stage | {' | '.join(FATES)} | all |")
    print("|---" * (len(FATES) + 2) + "|")
    for stage in stages:
        row = [spent[stage, fate] for fate in FATES]
        print(f"| {stage} | {' | '.join(str(tokens) for tokens in row)} | {sum(row)} |")
    sums = {fate: sum(tokens for (_, one), tokens in spent.items() if one == fate) for fate in FATES}
    total = sum(sums.values())
    print(f"| share | {' | '.join(f'{100 * sums[fate] / max(1, total):.0f} %' for fate in FATES)} | {total} |")
    kept = sum(len(outcome.kept) for outcome in outcomes)
    figures = {
        "run": folder.name,
        "questions": len(outcomes),
        "questions_kept": sum(bool(outcome.kept) for outcome in outcomes),
        "chains": sum(len(outcome.judged) for outcome in outcomes),
        "right": sum(path.verdict.correct for outcome in outcomes for path in outcome.judged),
        "kept": kept,
        "hinted_kept": sum(path.path.hinted for outcome in outcomes for path in outcome.kept),
        "guidelines": len({path.path.guideline for outcome in outcomes for path in outcome.kept}),
        "new_tokens": total,
        "tokens_a_kept_path": round(total / kept, 1) if kept else None,
        "by_fate": sums,
    }
    print(", ".join(f"{name} {figure}" for name, figure in figures.items() if name not in {"run", "by_fate"}))
    return figures


def _spent(folder: Path, outcomes: list[Outcome]) -> Counter[tuple[str, str]]:
    """New tokens by stage and fate; a stage of the pass with a hint is one of its own."""
    spent: Counter[tuple[str, str]] = Counter()
    counted: set[str] = set()
    with Ledger.read(RunDirectory(folder).ledger) as ledger:
        for outcome in outcomes:
            kept = {path.path.steps for path in outcome.kept}
            for path in outcome.judged:
                fate = "kept" if path.path.steps in kept else _fate(path)
                for stage, key, _ in path.path.steps:
                    completion = ledger.get(key)
                    if completion is not None and key not in counted:
                        counted.add(key)
                        spent[(HINTED if path.path.hinted else "") + stage, fate] += completion.completion_tokens
            for recorded in ledger.of_question(outcome.question.id, without="evaluate"):
                if recorded.key not in counted:
                    spent[recorded.stage, "asked again"] += recorded.completion.completion_tokens
    return spent


def _fate(path: GradedPath) -> str:
    if not path.verdict.correct:
        return "wrong"
    return "surplus" if path.defect is None else "unfit"


if __name__ == "__main__":
    main()
