"""A comparison on disk: the same tables as Markdown, LaTeX and CSV, all figures as JSON, and scores by question.

write_tables(comparison, "experiments/x")       # tables.md, tables.tex, tables.csv, questions.csv, results.json
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from regenesis.errors import RunError
from regenesis.experiments.comparing import Comparison, Difference, Figure, Group, MethodFigures
from regenesis.experiments.results import FinishedRun
from regenesis.report.csv import csv_text
from regenesis.report.latex import latex
from regenesis.report.markdown import markdown
from regenesis.report.views.comparison import comparison_view
from regenesis.report.views.comparison_rows import comparison_rows, question_rows
from regenesis.store.directory import write_whole
from regenesis.types import storable

FORMAT = 1
RESULTS = "results.json"
CLOCKED = ("synthesis_seconds", "training_seconds")
"""Left out, so that an experiment that was interrupted ends with the same files; `regenesis analyze` shows them."""
FILES: Mapping[str, Callable[[Comparison], str]] = {
    "tables.md": lambda comparison: markdown(comparison_view(comparison)) + "\n",
    "tables.tex": lambda comparison: latex(comparison_view(comparison)),
    "tables.csv": lambda comparison: csv_text(comparison_rows(comparison)),
    "questions.csv": lambda comparison: csv_text(question_rows(comparison)),
    RESULTS: lambda comparison: json.dumps(comparison_json(comparison), indent=1, ensure_ascii=False) + "\n",
}


def write_tables(comparison: Comparison, folder: str | Path) -> list[Path]:
    """Writes a comparison in every form, each file whole or not at all.

    Raises:
        RunError: They cannot be written.
    """
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{target}: cannot be made ({error.strerror}). Choose another folder.") from error
    for name, text in FILES.items():
        write_whole(target / name, storable(text(comparison)))
    return [target / name for name in FILES]


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """All figures as plain JSON types."""
    return {
        "format": FORMAT,
        "complete": not comparison.missing,
        "missing": list(comparison.missing),
        "equal": comparison.equal,
        "seeds": comparison.seeds,
        "samples": comparison.samples,
        "baselines": list(comparison.baselines),
        "tasks": {
            task: {"questions": count, "clusters": comparison.clusters[task]}
            for task, count in comparison.questions.items()
        },
        "groups": [_group_json(group) for group in comparison.groups],
        "coverage": None if comparison.coverage is None else [_group_json(one) for one in comparison.coverage.groups],
        "runs": [_run_json(run) for run in comparison.runs],
        "caveats": list(comparison.caveats),
    }


def _group_json(group: Group) -> dict[str, Any]:
    return {
        "train_on": group.name,
        "averages": {name: list(tasks) for name, tasks in group.averages.items()},
        "base": {"tasks": dict(group.base_tasks), "averages": dict(group.base_averages)},
        "methods": {label: _method_json(figures) for label, figures in group.methods.items()},
    }


def _method_json(figures: MethodFigures) -> dict[str, Any]:
    return {
        "seeds": sorted({run.seed for run in figures.runs}),
        "tasks": {name: _figure_json(figure) for name, figure in figures.tasks.items()},
        "averages": {name: _figure_json(figure) for name, figure in figures.averages.items()},
    }


def _figure_json(figure: Figure) -> dict[str, Any]:
    best = figure.versus_best
    return {
        "share": figure.share,
        "versus_base": _difference_json(figure.versus_base),
        "versus_best": None if best is None else _difference_json(best),
    }


def _difference_json(one: Difference) -> dict[str, Any]:
    found = one.estimate
    return {
        "model": one.other,
        "difference": found.value,
        "interval": [found.interval.low, found.interval.high],
        "relative": one.relative,
        "p": found.p,
        "p_holm": one.p_adjusted,
        "df": found.df,
        "seeds": found.seeds,
        "questions": found.questions,
        "clusters": found.clusters,
        "finding": one.finding,
    }


def _run_json(run: FinishedRun) -> dict[str, Any]:
    return {
        "method": run.label,
        "train_on": run.train_on,
        "seed": run.seed,
        "directory": str(run.directory),
        "complete": run.complete,
        "conditions": dict(run.conditions),
        "majority": {model: dict(tasks) for model, tasks in run.majority.items()},
        "training": {name: value for name, value in asdict(run.training).items() if name not in CLOCKED},
    }
