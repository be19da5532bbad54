"""Did it work: the tuned model against its base, as the evaluation has recorded it.

results_items(read_json(run / "evaluation" / "summary.json"))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from regenesis.evaluation.model_variants import BASE
from regenesis.pages.charts import Chart, Intervals, Span
from regenesis.pages.sections import Item, Tile
from regenesis.report.blocks import Cell, Column, Note, Table
from regenesis.report.views.results import results_view

AVERAGES = {"all": "mean", "in-domain": "in-domain mean", "out-of-domain": "OOD mean"}
_FINDINGS = ("better", "worse", "inconclusive")


def results_items(summary: Mapping[str, Any] | None) -> Iterator[Item]:
    """The differences from the base, the accuracies, and the tables; a sentence where nothing is evaluated yet."""
    if not summary or not _mapping(summary.get("tasks")):
        yield Note("No evaluation is finished yet, so there is nothing to compare.", "warning")
        return
    comparisons = [_mapping(one) for one in summary.get("comparisons") or ()]
    compared = [one for one in comparisons if one.get("first") == BASE]
    for one in compared:
        yield _verdict(one)
    for text in summary.get("notes") or ():
        yield Note(str(text), "bad")
    members = _members(summary)
    spans = [span for one in compared for span in _differences(one, members)]
    reading = "percentage points with 95 % confidence intervals; a line that crosses 0 is inconclusive"
    yield Chart("Difference from the base model", Intervals("points", spans, True), _spans_table(spans), reading)
    accuracies = list(_accuracies(summary))
    yield Chart(
        "Accuracy by task", Intervals("correct %", accuracies, False), _spans_table(accuracies), "with 95 % intervals"
    )
    for model in [name for name in _mapping(summary.get("models")) if name != BASE] or [BASE]:
        # what was the same for all is in the config, further down
        yield from (block for group in results_view(summary, model)[:-1] for block in group)


def result_tiles(summary: Mapping[str, Any] | None) -> Iterator[Tile]:
    """The differences on average, for the top of the page."""
    for one in map(_mapping, (summary or {}).get("comparisons") or ()):
        if one.get("first") != BASE:
            continue
        for name, found in _mapping(one.get("averages")).items():
            difference = _mapping(found)
            shown, _, interval = str(difference.get("shown", "–")).partition(" ")
            finding = str(difference.get("finding", ""))
            tasks = _members(summary or {}).get(name, [])
            where = tasks[0] if len(tasks) == 1 else AVERAGES.get(name, name)
            yield Tile(f"{one.get('second')} vs {BASE}, {where}", shown, f"points {interval}, {finding}", finding)


def _verdict(comparison: Mapping[str, Any]) -> Note:
    findings = [str(_mapping(one).get("finding")) for one in _mapping(comparison.get("tasks")).values()]
    counts = {name: findings.count(name) for name in _FINDINGS}
    name, whole = comparison.get("second"), len(findings)
    tasks = "task" if whole == 1 else "tasks"
    if counts["inconclusive"] == whole:
        return Note(f"{name} vs {BASE}: no difference is shown on any of {whole} {tasks}.", "strong")
    said = ", ".join(f"{finding} on {count}" for finding, count in counts.items() if count)
    return Note(f"{name} vs {BASE}: {said} of {whole} {tasks}.", "bad" if counts["worse"] else "good")


def _differences(comparison: Mapping[str, Any], members: Mapping[str, list[str]]) -> Iterator[Span]:
    series = str(comparison.get("second"))
    for name, found in _mapping(comparison.get("tasks")).items():
        yield from _span(name, series, _mapping(found), "difference")
    for name, found in _mapping(comparison.get("averages")).items():
        if len(members.get(name, ())) > 1:
            yield from _span(AVERAGES.get(name, name), series, _mapping(found), "difference")


def _accuracies(summary: Mapping[str, Any]) -> Iterator[Span]:
    for name, task in _mapping(summary.get("tasks")).items():
        for model, tally in _mapping(_mapping(task).get("models")).items():
            yield from _span(name, model, _mapping(tally), "accuracy")


def _members(summary: Mapping[str, Any]) -> dict[str, list[str]]:
    """The tasks that each average is taken over."""
    tasks = {name: _mapping(one).get("tasks") for name, one in _mapping(summary.get("averages")).items()}
    return {name: list(map(str, found)) for name, found in tasks.items() if isinstance(found, list)}


def _span(label: str, series: str, found: Mapping[str, Any], name: str) -> Iterator[Span]:
    ends = found.get("interval")
    values = [found.get(name), *(ends if isinstance(ends, list) else [])]
    if len(values) == 3 and all(isinstance(one, int | float) and -1 <= one <= 1 for one in values):
        value, low, high = (100 * one for one in values)
        finding = str(found.get("finding", ""))
        yield Span(
            label, series, value, low, high, str(found.get("shown", "")), finding if finding != "inconclusive" else ""
        )


def _spans_table(spans: list[Span]) -> Table:
    columns = [Column("task"), Column("model"), Column("value and 95 % CI", right=True), Column("finding")]
    return Table(columns, [[one.label, one.series, one.text, Cell(one.tone)] for one in spans])


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
