"""`regenesis grade`: grade a file of responses.

    regenesis grade responses.jsonl --out graded.jsonl

Rows are `{"response", "gold", "kind"?, "choices"?}`; gold is read as a run reads it. The summary is printed at the end.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from regenesis.cli.options import AsJson

if TYPE_CHECKING:
    from regenesis.answers.gold import Column
    from regenesis.types import Choice

_MOST_FAULTS_SHOWN = 10
_MOST_CELLS_SHOWN = 5
_LONGEST_SHOWN = 40
_LOOKED_AT = 1000
"""Rows looked at for what the gold answers as a whole tell: as many as a run looks at."""


def grade_command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="JSONL rows with response, gold and optionally kind, choices.")
    ],
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

    counts: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    faults: list[str] = []
    without_gold: Counter[str] = Counter()
    column, first = _column(file), _first_position(file)
    with ExitStack() as stack:
        source = _opened(stack, file, "r")
        target = None if out is None else _opened(stack, _distinct(out, file), "w")
        for number, row in _rows(source, faults):
            graded = _graded(row, f"line {number}", column, first, faults)
            if graded is None:
                continue
            if graded["rule"] == "no-gold":
                without_gold[" ".join(str(row.get("gold")).split())[:_LONGEST_SHOWN]] += 1
            else:
                counts[graded["status"]] += 1
            rules[graded["rule"]] += 1
            if target is not None:
                target.write(json.dumps(graded, ensure_ascii=False) + "\n")
            elif not as_json:
                print(json.dumps(graded))
    if not counts and not without_gold:
        raise RegenesisError(f"{file}: no valid rows. " + (" ".join(faults[:3]) or "The file is empty."))
    _report(counts, rules, faults, without_gold, as_json)


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


def _column(file: Path) -> Column:
    """What the gold answers tell about those that are ambiguous alone, as a run finds it out."""
    from regenesis.answers.gold import look_at

    with ExitStack() as stack:
        rows = (row for _, row in _rows(_opened(stack, file, "r"), []))
        golds = (row.get("gold") for row in rows if row.get("kind") in (None, "auto") and not row.get("choices"))
        return look_at(islice(golds, _LOOKED_AT))


def _first_position(file: Path) -> int | None:
    """The position of the first option where gold answers are positions, told from all rows as a run tells it."""
    from regenesis.errors import RegenesisError
    from regenesis.tasks.choices import read_choices
    from regenesis.tasks.positions import AmbiguousPositionsError, first_position
    from regenesis.tasks.rows import RowError

    def cells(stack: ExitStack) -> Iterator[tuple[Any, tuple[Choice, ...]]]:
        for _, row in _rows(_opened(stack, file, "r"), []):
            if row.get("choices") and row.get("kind") in (None, "auto", "choice"):
                with suppress(RowError):
                    yield row.get("gold"), read_choices(row["choices"])

    with ExitStack() as stack:
        try:
            return first_position(cells(stack))
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
    return row | {
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
    counts: Counter[str], rules: Counter[str], faults: list[str], without_gold: Counter[str], as_json: bool
) -> None:
    total = sum(counts.values())
    figures = {status: counts[status] for status in ("correct", "incorrect", "unparsed")}
    if as_json:
        summary = {
            "rows": total,
            **figures,
            "bad_rows": len(faults),
            "without_gold": without_gold.total(),
            "rules": dict(rules.most_common()),
        }
        print(json.dumps(summary | {"faults": faults[:_MOST_FAULTS_SHOWN]}))
        return
    for fault in faults[:_MOST_FAULTS_SHOWN]:
        typer.echo(fault, err=True)
    if len(faults) > _MOST_FAULTS_SHOWN:
        typer.echo(f"and {len(faults) - _MOST_FAULTS_SHOWN} more invalid rows.", err=True)
    shares = ", ".join(f"{count} {status} ({100 * count / max(total, 1):.1f} %)" for status, count in figures.items())
    typer.echo(f"{total} graded: {shares}; {len(faults)} invalid rows skipped.", err=True)
    if without_gold:
        shown = ", ".join(repr(cell) for cell, _ in without_gold.most_common(_MOST_CELLS_SHOWN))
        typer.echo(f"{without_gold.total()} rows without a gold answer ({shown}), excluded.", err=True)
