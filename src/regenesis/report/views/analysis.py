"""What lies behind the figures of a comparison: yields, diversity, what changed, failures, costs and overlaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from statistics import fmean
from typing import TYPE_CHECKING

from regenesis.report.blocks import Block, Column, Facts, Note, Table, View
from regenesis.report.figures import duration, rounded
from regenesis.report.rounding import percent, points
from regenesis.report.text import in_a_line

if TYPE_CHECKING:
    from regenesis.experiments.analysis import Analysis, Change, ChangeCount, Diversity, Failures, Overlap, Yield

_METHOD = Column("method", shortest=12)
_TRAINED = Column("trained on", shortest=12)
_TASK = Column("task", shortest=14)
_EXAMPLES = 2
"""Questions shown that a method won, and that it lost."""
_FEW_SECONDS = 10
"""From which on whole seconds will do."""
_BEGINNING = 160
"""Characters of a response that are shown."""


def analysis_view(analysis: Analysis) -> View:
    """All tables of an analysis."""
    return [
        *_yields(analysis.guidelines),
        _titled("Unhinted and hinted chains", hints_table(analysis.hints)),
        _titled("Diversity of the rows, and percentage points gained", diversity_table(analysis.diversity)),
        _titled("What training changed", changes_table(analysis.changes)),
        *_examples(analysis.changes),
        _titled("Where answers fail, in % of all answers", failures_table(analysis.failures)),
        _titled("Cost by method, per model", costs_table(analysis)),
        _titled("What two methods solve", overlaps_table(analysis.overlaps)),
        [Note(text, "quiet") for text in reading_notes()],
    ]


def guidelines_table(rows: Sequence[Yield]) -> Table:
    """Guidelines × tasks: chains that gave a correct path fit to train on, in % of those begun."""
    tasks = list(dict.fromkeys(row.task for row in rows))
    table: list[tuple[float, list[str]]] = []
    for part in dict.fromkeys(row.part for row in rows):
        known = {row.task: row for row in rows if row.part == part}
        chains, fit = sum(row.chains for row in known.values()), sum(row.fit for row in known.values())
        cells = [_part(known[task].fit, known[task].chains) if task in known else "–" for task in tasks]
        if len(tasks) > 1:
            cells.append(_part(fit, chains))
        table.append((fit / chains, [part, f"{chains:,}", *cells]))
    columns = [Column("guideline", shortest=24), Column("chains", right=True)]
    columns += [Column(task, right=True) for task in [*tasks, *(["all"] if len(tasks) > 1 else [])]]
    return Table(columns, [row for _, row in sorted(table, key=lambda one: -one[0])])


def hints_table(rows: Sequence[Yield]) -> Table:
    """What chains gave without and with the hint."""
    names = ("questions", "chains", "correct", "fit", "kept")
    columns = [_METHOD, _TRAINED, _TASK, Column("chains"), *(Column(name, right=True) for name in names)]
    table = [
        [
            row.method,
            row.train_on,
            row.task,
            row.part,
            *(f"{getattr(row, name):,}" for name in names),
            _part(row.fit, row.chains),
        ]
        for row in rows
    ]
    return Table([*columns, Column("fit %", right=True)], table)


def diversity_table(rows: Sequence[Diversity]) -> Table:
    """Diversity of each method's rows, the mean over seeds."""
    columns = [
        _METHOD,
        _TRAINED,
        *(Column(name, right=True) for name in ("rows", "guidelines")),
        *(Column(name, "distinct", right=True) for name in ("1", "2", "3")),
        *(Column(name, right=True) for name in ("self-BLEU", "overlap")),
        *(Column(name, "gain", right=True) for name in ("in-domain", "OOD", "all")),
    ]
    table = []
    for method, train_on in dict.fromkeys((row.method, row.train_on) for row in rows):
        some = [row for row in rows if (row.method, row.train_on) == (method, train_on)]
        counts = [f"{_mean(some, name):,.0f}" for name in ("rows", "guidelines")]
        shares = ("distinct_1", "distinct_2", "distinct_3", "self_bleu", "overlap")
        gains = ("gain_in_domain", "gain_out_of_domain", "gain")
        table.append(
            [method, train_on, *counts]
            + [_two_digits(_mean(some, name)) for name in shares]
            + [_signed(_mean(some, name)) for name in gains]
        )
    return Table(columns, table)


def changes_table(rows: Sequence[ChangeCount]) -> Table:
    """Questions won and lost by training."""
    columns = [_METHOD, _TRAINED, _TASK, *(Column(name, right=True) for name in ("questions", "won", "lost", "net"))]
    counts = [(row, f"{row.questions:,}", f"{row.won:,}", f"{row.lost:,}") for row in rows]
    return Table(
        columns,
        [[row.method, row.train_on, row.task, *shown, _signed_count(row.won - row.lost)] for row, *shown in counts],
    )


def failures_table(rows: Sequence[Failures]) -> Table:
    """How answers fail before and after training, by kind of question."""
    names = ("wrong", "unparsed", "truncated", "refused")
    columns = [_METHOD, _TRAINED, _TASK, Column("questions")]
    columns += [Column(name, group, right=True) for group in ("base", "tuned") for name in names]
    by_place: dict[tuple[str, ...], list[Failures]] = {}
    for row in rows:
        by_place.setdefault((row.method, row.train_on, row.task, row.by, row.value), []).append(row)
    table = []
    for (method, train_on, task, by, value), models in by_place.items():
        cells = [_part(getattr(row, name), row.answers) for row in models for name in names]
        table.append([method, train_on, task, f"{by}: {value}", *cells])
    return Table(columns, table)


def costs_table(analysis: Analysis) -> Table:
    """Tokens and time by method, for a row and for a point gained."""
    columns = [
        _METHOD,
        _TRAINED,
        *(Column(name, "tokens", right=True) for name in ("new", "trained", "a row")),
        *(Column(name, "time", right=True) for name in ("synthesis", "training", "a row")),
        Column("average"),
        Column("points", right=True),
        *(Column(name, "a point", right=True) for name in ("tokens", "time")),
    ]
    table = [
        [
            *(cost.method, cost.train_on, rounded(cost.generated_tokens), rounded(cost.training_tokens)),
            *("–" if cost.tokens_per_row is None else rounded(cost.tokens_per_row),),
            *(duration(cost.synthesis_seconds), duration(cost.training_seconds)),
            _time(cost.seconds_per_row),
            *(cost.average, _signed(cost.points)),
            "–" if cost.tokens_per_point is None else rounded(cost.tokens_per_point),
            _time(cost.seconds_per_point),
        ]
        for cost in analysis.costs
    ]
    return Table(columns, table)


def overlaps_table(rows: Sequence[Overlap]) -> Table:
    """Questions solved by both of two methods, by one alone, or by none."""
    columns = [_TRAINED, _TASK, Column("first", shortest=12), Column("second", shortest=12)]
    columns += [Column(name, right=True) for name in ("both", "first only", "second only", "neither")]
    return Table(
        columns,
        [
            [row.train_on, row.task, row.first, row.second]
            + [f"{count:,}" for count in (row.both, row.first_only, row.second_only, row.neither)]
            for row in rows
        ],
    )


def _yields(rows: Sequence[Yield]) -> Iterator[list[Block]]:
    for method, train_on in dict.fromkeys((row.method, row.train_on) for row in rows):
        some = [row for row in rows if (row.method, row.train_on) == (method, train_on)]
        title = f"Yield by guideline, {in_a_line(method, 40)} on {in_a_line(train_on, 40)}: fit chains in %"
        yield _titled(title, guidelines_table(some))


def _titled(title: str, table: Table) -> list[Block]:
    return [Note(title, "strong"), table] if table.rows else []


def _examples(rows: Sequence[ChangeCount]) -> Iterator[list[Block]]:
    shown: Counter[tuple[str, str]] = Counter()
    for row in rows:
        for change in row.examples:
            shown[row.method, change.outcome] += 1
            if shown[row.method, change.outcome] <= _EXAMPLES:
                name = f"{change.outcome.capitalize()} by {in_a_line(row.method, 40)}"
                yield [Note(f"{name}: {in_a_line(change.question_id, 60)}", "strong"), _change(change)]


def _change(change: Change) -> Facts:
    return Facts(
        [
            ("question", in_a_line(change.prompt, _BEGINNING)),
            ("gold", in_a_line(change.gold or "–", 60)),
            (_when("before", change.base_share), _answer(change.base_answer, change.base_response)),
            (_when("after", change.tuned_share), _answer(change.tuned_answer, change.tuned_response)),
        ]
    )


def _when(name: str, share: float) -> str:
    """With the share of right answers, where there are several."""
    return name if share in (0, 1) else f"{name}, {share:.0%} right"


def _answer(answer: str | None, response: str) -> str:
    return f"{'unparsed' if answer is None else in_a_line(answer, 40)}   ← {in_a_line(response, _BEGINNING)}"


def reading_notes() -> Iterator[str]:
    """How to read the tables."""
    yield (
        "fit: correct and without a defect. distinct: different runs of 1, 2 and 3 words as a share of all; self-BLEU "
        "and distinct are of as many rows for every method of a training set. overlap: of two rows of one question."
    )
    yield (
        "A method pays for all that it asks, also where another asked the same. Time is that of its own sessions, "
        "which is less where completions were shared. A training question counts as solved where more than half of its "
        "syntheses kept a path of it, another one where more than half of its answers are right."
    )


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return duration(seconds) if seconds >= _FEW_SECONDS else f"{seconds:.2f} s"


def _part(count: int, whole: int) -> str:
    return percent(Fraction(count, whole)) if whole else "–"


def _mean(rows: Sequence[Diversity], name: str) -> float | None:
    values = [getattr(row, name) for row in rows if getattr(row, name) is not None]
    return fmean(values) if values else None


def _two_digits(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _signed(value: float | None) -> str:
    # means of fractions: what floating point adds to them is undone
    return "–" if value is None else points(Fraction(value).limit_denominator(10**9) / 100)


def _signed_count(count: int) -> str:
    return f"{count:+,}".replace("-", "−") if count else "0"
