"""`regenesis grade`: grade a file of responses.

    regenesis grade responses.jsonl --out graded.jsonl

Rows are `{"response", "gold", "kind"?, "choices"?}`; gold is read as a run reads it. The summary is printed at the end.
A log of lm-evaluation-harness (`--log_samples`) is read too, and its scores are compared with our verdicts:

    regenesis grade samples_regenesis_gsm8k_….jsonl
    regenesis grade samples_bbh_cot_zeroshot_navigate_….jsonl --task bbh/navigate
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from regenesis.cli.options import AsJson

if TYPE_CHECKING:
    from regenesis.answers.gold import Column
    from regenesis.evaluation.harness_log import Agreement
    from regenesis.types import Choice, Verdict

Read = Callable[[list[str]], Iterator[tuple[int, dict[str, Any]]]]
"""Reads the numbered rows of a file, and names those that cannot be used in the list."""

_LONGEST_SHOWN = 40
_LOOKED_AT = 1000
"""Rows looked at for what the gold answers as a whole tell: as many as a run looks at."""


def grade_command(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="JSONL rows with response, gold and optionally kind, choices; or a log of lm-evaluation-harness.",
        ),
    ],
    task: Annotated[
        str | None,
        typer.Option(
            "--task",
            help="For a log of one of the harness' own tasks: the catalogued task over the same dataset, e.g. "
            "bbh/navigate. Default: its target is the gold answer.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the graded rows to this file instead of stdout.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Grade a file of responses.

    Prints each row as JSONL with its status (correct, incorrect, unparsed), the extracted answer, the reason and the
    rule that matched. The summary goes to stderr; with --json it is all that is printed. Invalid rows are reported by
    line number, counted and skipped; the command fails only if no row is valid.
    """
    from regenesis.errors import RegenesisError
    from regenesis.evaluation.harness_log import Agreement

    harness: defaultdict[str, Agreement] = defaultdict(Agreement)
    counts: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    faults: list[str] = []
    without_gold: Counter[str] = Counter()
    read = _reader(file, task)
    column, first = _column(read), _first_position(read, file)
    with ExitStack() as stack:
        target = None if out is None else _opened(stack, _distinct(out, file), "w")
        for number, row in read(faults):
            graded = _graded(row, f"line {number}", column, first, faults)
            if graded is None:
                continue
            if graded["rule"] == "no-gold":
                without_gold[" ".join(str(row.get("gold")).split())[:_LONGEST_SHOWN]] += 1
            else:
                counts[graded["status"]] += 1
                for name, score in row.get("harness", {}).items():
                    harness[name].add(score, graded["status"] == "correct")
            rules[graded["rule"]] += 1
            if target is not None:
                target.write(json.dumps(graded, ensure_ascii=False) + "\n")
            elif not as_json:
                print(json.dumps(graded))
    if not counts and not without_gold:
        raise RegenesisError(f"{file}: no valid rows. " + (" ".join(faults[:3]) or "The file is empty."))
    _report(counts, rules, faults, without_gold, harness, as_json)


def _distinct(out: Path, file: Path) -> Path:
    from regenesis.errors import RegenesisError

    if out.resolve() == file.resolve():
        raise RegenesisError(f"--out {out}: this is the input file; give another path.")
    return out


def _opened(stack: ExitStack, path: Path, mode: str) -> IO[str]:
    from regenesis.errors import RegenesisError

    try:
        # one bad byte must not cost the rest of the file; a lone surrogate is written as JSON's own escape
        faulty = "replace" if mode == "r" else "backslashreplace"
        return stack.enter_context(path.open(mode, encoding="utf-8", errors=faulty))
    except OSError as error:
        raise RegenesisError(f"{path}: cannot be opened ({error.strerror}). Give the path of a JSONL file.") from error


def _reader(file: Path, task: str | None) -> Read:
    """How the rows of a file are read, from the first one every time; those of a harness' log as answers."""
    from regenesis.errors import RegenesisError
    from regenesis.evaluation.harness_log import is_logged, logged_answers, recipe_for

    def lines(faults: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
        with ExitStack() as stack:
            yield from _rows(_opened(stack, file, "r"), faults)

    first = next(lines([]), None)
    if first is None or not is_logged(first[1]):
        if task is not None:
            raise RegenesisError(f"--task {task}: goes with a log of lm-evaluation-harness, and {file} is none.")
        return lines
    found: list[str] = []
    answers = logged_answers(lines(found), found, recipe_for(task) if task is not None else None)

    def logged(faults: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
        faults.extend(found)
        yield from answers

    return logged


def _rows(source: IO[str], faults: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(source, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            faults.append(f"line {number}: not valid JSON ({error}).")
            continue
        if isinstance(row, dict):
            yield number, row
        else:
            faults.append(f"line {number}: a JSON {type(row).__name__} instead of an object.")


def _column(read: Read) -> Column:
    """What the gold answers tell about those that are ambiguous alone, as a run finds it out."""
    from regenesis.answers.gold import look_at

    rows = (row for _, row in read([]))
    golds = (row.get("gold") for row in rows if row.get("kind") in (None, "auto") and not row.get("choices"))
    return look_at(islice(golds, _LOOKED_AT))


def _first_position(read: Read, file: Path) -> int | None:
    """The position of the first option where gold answers are positions, told from all rows as a run tells it."""
    from regenesis.errors import RegenesisError
    from regenesis.tasks.choices import read_choices
    from regenesis.tasks.positions import AmbiguousPositionsError, first_position
    from regenesis.tasks.rows import RowError

    def cells() -> Iterator[tuple[Any, tuple[Choice, ...]]]:
        for _, row in read([]):
            if row.get("choices") and row.get("kind") in (None, "auto", "choice"):
                with suppress(RowError):
                    yield row.get("gold"), read_choices(row["choices"])

    try:
        return first_position(cells())
    except AmbiguousPositionsError:
        raise RegenesisError(
            f"{file}: `gold` names options by position, and no row tells whether the first is 0 or 1. "
            "Write their labels (A, B, …), or positions as numbers, which begin at 0."
        ) from None


def _graded(
    row: dict[str, Any], where: str, column: Column, first: int | None, faults: list[str]
) -> dict[str, Any] | None:
    from regenesis.answers import GoldError, NoGold, grade, read_gold
    from regenesis.tasks.choices import read_choices
    from regenesis.tasks.positions import label_at
    from regenesis.tasks.rows import RowError

    fault = _fault(row)
    if fault is not None:
        faults.append(f"{where}: {fault}")
        return None
    kind: Any = row.get("kind") or "auto"
    if kind == "scorer" and row.get("scoring"):
        return row | _judgement(_scored(row))
    try:
        choices = read_choices(row.get("choices")) if kind in ("auto", "choice") else ()
        cell = label_at(row["gold"], choices, first) if choices else row["gold"]
    except RowError as error:
        faults.append(f"{where}: {error}.")
        return None
    try:
        gold = read_gold(cell, kind, choices, column)
    except GoldError:
        verdict = grade(row["response"], cell, kind=kind, choices=choices)  # says what is wrong with it
    else:
        known = cell if isinstance(gold, NoGold) else [gold.text, *gold.accepted]
        verdict = grade(row["response"], known, kind=gold.kind, choices=choices)
    return row | _judgement(verdict)


def _scored(row: dict[str, Any]) -> Verdict:
    """The verdict of a task's own scorer, on a row that says how to score."""
    from regenesis.answers import grade_with_scorer
    from regenesis.types import Question

    question = Question("row", "row", "a question", None, "scorer", scoring=row["scoring"])
    return grade_with_scorer(row["response"], question)


def _judgement(verdict: Verdict) -> dict[str, Any]:
    return {
        "status": verdict.status,
        "extracted": verdict.extracted,
        "reason": verdict.reason,
        "rule": verdict.rule,
    }


def _fault(row: dict[str, Any]) -> str | None:
    """What keeps a row from being graded, `None` if nothing does."""
    from regenesis.types import ANSWER_KINDS

    if not isinstance(row.get("response"), str):
        return "`response` must be a string."
    if "gold" not in row or not isinstance(row["gold"], str | int | float | list | dict | None):
        return "`gold` must be a string or a number."
    kind = row.get("kind")
    if kind is not None and kind not in (*ANSWER_KINDS, "auto"):
        return f"`kind` must be one of {', '.join((*ANSWER_KINDS, 'auto'))}, not {kind!r}."
    if not isinstance(row.get("choices"), list | dict | None):
        return "`choices` must be a list of strings or of {label, text}, or an object mapping labels to texts."
    return None


def _report(
    counts: Counter[str],
    rules: Counter[str],
    faults: list[str],
    without_gold: Counter[str],
    harness: Mapping[str, Agreement],
    as_json: bool,
) -> None:
    from regenesis.cli.terminal import console
    from regenesis.report.terminal import print_view
    from regenesis.report.views.grading import MOST_FAULTS, grading_view

    figures = {status: counts[status] for status in ("correct", "incorrect", "unparsed")}
    if as_json:
        summary = {
            "rows": counts.total(),
            **figures,
            "bad_rows": len(faults),
            "without_gold": without_gold.total(),
            "rules": dict(rules.most_common()),
            **({"harness": {name: asdict(one) for name, one in harness.items()}} if harness else {}),
        }
        print(json.dumps(summary | {"faults": faults[:MOST_FAULTS]}))
        return
    print_view(console(stderr=True), grading_view(figures, faults, without_gold, harness))
