"""What was made: the funnel, yields by guideline and task, lengths, hints and diversity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import pairwise

from regenesis.dataset.card import PARQUET
from regenesis.experiments.analysis.diversity import distinct, self_bleu
from regenesis.pages.chains import Chains, Kind
from regenesis.pages.charts import Bar, Bars, Bin, Chart, Heat, Histogram, Tile
from regenesis.pages.sections import Item
from regenesis.report.blocks import Column, Facts, Note, Table
from regenesis.report.figures import counted, share
from regenesis.report.rounding import percent
from regenesis.report.views.funnel import funnel_table, funnel_view, tasks_table
from regenesis.store.directory import RunDirectory

_BINS = 24
_MOST_TEXTS = 200
"""Rows that diversity is computed of."""
_STEPS = (1, 2, 5)
_SHOWN = 0.99
"""Share of all lengths that a histogram shows at least: a few very long ones would squeeze the others."""


def made_items(chains: Chains, directory: RunDirectory) -> Iterator[Item]:
    """What a run's chains came to."""
    funnel = chains.funnel
    if not funnel.total.chains:
        yield Note("No question is finished yet.", "warning")
        return
    yield _funnel_chart(chains)
    by_kind = list(_tiles(chains.kinds))
    guidelines = len({one.row for one in by_kind})
    if guidelines > 1:
        yield Chart(
            "Yield by guideline and task",
            Heat(by_kind),
            _heat_table(by_kind),
            "chains that gave a correct path fit to train on, in % of those begun",
        )
    yield _lengths(chains.kinds)
    yield Facts(list(_facts(chains, directory)))
    yield tasks_table(funnel)
    # the stages themselves are drawn above
    yield from (block for group in funnel_view(funnel)[1:] for block in group)


def _funnel_chart(chains: Chains) -> Chart:
    tasks = chains.funnel.tasks
    bars = [
        Bar(stage, task if len(tasks) > 1 else "", getattr(tally, stage), f"{getattr(tally, stage):,}")
        for stage in ("chains", "parsed", "correct", "fit", "kept")
        for task, tally in tasks.items()
    ]
    return Chart(
        "From chains to kept paths",
        Bars("chains", bars),
        funnel_table(chains.funnel),
        "parsed: an answer was found; fit: correct and without a defect",
    )


def _tiles(kinds: Mapping[Kind, int]) -> Iterator[Tile]:
    begun, fit = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for kind, count in kinds.items():
        for guideline in filter(None, kind.guideline.split("+")):
            begun[guideline, kind.task] += count
            fit[guideline, kind.task] += count if kind.fit else 0
    of_guideline = Counter[str]()
    for (guideline, _), count in begun.items():
        of_guideline[guideline] += count
    yields = {
        name: sum(count for (guideline, _), count in fit.items() if guideline == name) / whole
        for name, whole in of_guideline.items()
    }
    for guideline in sorted(yields, key=lambda name: (-yields[name], name)):
        for task in sorted({task for _, task in begun}):
            whole = begun[guideline, task]
            if whole:
                part = fit[guideline, task]
                yield Tile(guideline, task, part / whole, f"{part:,} of {counted(whole, 'chain')}")


def _heat_table(tiles: list[Tile]) -> Table:
    columns = [Column("guideline"), Column("task"), Column("fit %", right=True), Column("fit", right=True)]
    rows = [[one.row, one.column, percent(Fraction(one.share).limit_denominator(10**6)), one.text] for one in tiles]
    return Table(columns, rows)


def _lengths(kinds: Mapping[Kind, int]) -> Chart:
    lengths: dict[str, Counter[int]] = {"kept": Counter(), "not kept": Counter()}
    for kind, count in kinds.items():
        if kind.tokens:
            lengths["kept" if kind.kept else "not kept"][kind.tokens] += count
    edges = _edges(lengths["kept"] + lengths["not kept"])
    bins = [
        Bin(low, high, sum(count for length, count in known.items() if low <= length < high), name)
        for name, known in lengths.items()
        for low, high in pairwise(edges)
    ]
    columns = [Column("tokens"), Column("paths"), Column("count", right=True)]
    rows = [[f"{one.low:,.0f}–{one.high - 1:,.0f}", one.series, f"{one.count:,}"] for one in bins if one.count]
    longer = sum(count for known in lengths.values() for length, count in known.items() if length >= edges[-1])
    note = f"{longer:,} longer than {edges[-1]:,} tokens not drawn" if longer else ""
    return Chart("Length of the reasoning paths", Histogram("tokens", bins), Table(columns, rows), note)


def _edges(lengths: Counter[int]) -> list[int]:
    """Round numbers that part all but the longest of some lengths into about so many bins."""
    shown, most = 0, 0
    for length in sorted(lengths):
        shown, most = shown + lengths[length], length
        if shown >= _SHOWN * lengths.total():
            break
    step = next(one * 10**power for power in range(12) for one in _STEPS if one * 10**power * _BINS > most)
    return list(range(0, most + step + 1, step)) if most else [0]


def _facts(chains: Chains, directory: RunDirectory) -> Iterator[tuple[str, str]]:
    funnel = chains.funnel
    total = funnel.total
    yield (
        "kept",
        f"{counted(total.kept, 'path')} for {total.served:,} of {counted(total.questions, 'finished question')}",
    )
    if "hinted" in funnel.passes:
        hinted = funnel.passes["hinted"]
        yield (
            "hinted",
            f"{hinted.kept:,} of the kept paths ({share(hinted.kept, total.kept)}), whose model was shown the answer",
        )
    texts, rows = _texts(directory)
    if len(texts) > 1:
        of = f"of {len(texts):,} of {counted(rows, 'row')}" if rows > len(texts) else f"of {counted(rows, 'row')}"
        grams = ", ".join(f"{distinct(texts, size):.2f} of runs of {size}" for size in (1, 2, 3))
        yield "distinct words", f"{grams} words, {of}"
        yield "self-BLEU", f"{self_bleu(texts):.2f}, {of}; lower is more diverse"


def _texts(directory: RunDirectory) -> tuple[list[str], int]:
    """Some of the dataset's completions, evenly over it, and how many there are."""
    import pyarrow
    from pyarrow import parquet

    if not directory.has_rows():
        return [], 0
    try:
        with parquet.ParquetFile(directory.dataset / PARQUET) as file:
            rows = file.read(["completion"])["completion"]
        some = rows.take(list(range(0, len(rows), max(1, len(rows) // _MOST_TEXTS))))
        return [str(one[0]["content"]) for one in some.to_pylist()], len(rows)
    except (pyarrow.ArrowException, OSError, KeyError, IndexError, TypeError):
        return [], 0  # the page says what it can; `synthesize` says what is wrong with the file
