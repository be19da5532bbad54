from __future__ import annotations

import csv
import io

import pytest
from tests.helpers.compared import run

from regenesis.experiments.comparing import compare_runs
from regenesis.report.blocks import Note, Table
from regenesis.report.csv import csv_text
from regenesis.report.markdown import markdown
from regenesis.report.views.comparison import (
    accuracy_table,
    averages_table,
    best_table,
    comparison_view,
    conditions,
    coverage_table,
    relative_text,
    tasks_table,
)
from regenesis.report.views.comparison_rows import comparison_rows

BASE = {"sums": "rrwwwwwwww" * 4, "puns": "rwrwrwrwrw" * 4, "riddles": "rwrwrwrwrw" * 4}
BETTER = {"sums": "rrrrrrrrww" * 4, "puns": "rwrwrwrwrr" * 4, "riddles": "rwrwrwrwrr" * 4}
WORSE = {"sums": "rwwwwwwwww" * 4, "puns": "rwrwrwrwww" * 4, "riddles": "rwrwrwrwww" * 4}
DOMAINS = {"sums": "in-domain", "puns": "out-of-domain", "riddles": "out-of-domain"}
RUNS = [run("star", BASE, WORSE, domains=DOMAINS), run("ours", BASE, BETTER, domains=DOMAINS, rows=1234)]
COMPARISON = compare_runs(RUNS, baselines=["star"], equal="examples")
[GROUP] = COMPARISON.groups


def shown(table: Table) -> list[list[str]]:
    return [[column.heading for column in table.columns], *([cell.text for cell in row] for row in table.cells())]


def test_methods_and_tasks_make_one_table_and_the_mean_of_one_task_is_the_task() -> None:
    assert shown(accuracy_table(GROUP)) == [
        ["method", "seeds", "sums", "puns", "riddles", "mean"],
        ["base", "", "20.0", "50.0", "50.0", "50.0"],
        ["star", "1", "10.0", "40.0", "40.0", "40.0"],
        ["ours", "1", "80.0", "60.0", "60.0", "60.0"],
    ]


def test_beside_an_average_stands_what_its_models_were_trained_on() -> None:
    [headings, base, _, ours] = shown(averages_table(GROUP, "in-domain"))
    assert headings == ["method", "rows", "steps", "trained", "new", "%", "diff.", "95 % CI", "rel.", "p"]
    assert base == ["base", "", "", "", "", "20.0", "", "", "", ""]
    assert ours[:7] == ["ours", "1,234", "25", "12.0 k", "40.0 k", "80.0", "+60.0"]
    assert ours[8:] == ["+300 %", "<0.001"]


def test_better_and_worse_are_marked_where_the_adjusted_p_allows_it() -> None:
    cells = [row[6] for row in averages_table(GROUP, "in-domain").cells()]
    assert [(cell.text, cell.tone) for cell in cells[1:]] == [("−10.0", "plain"), ("+60.0", "good")]


def test_each_task_and_the_best_baseline_have_a_row() -> None:
    assert [row[:3] for row in shown(tasks_table(COMPARISON, GROUP))[1:4]] == [
        ["star", "sums", "40"],
        ["star", "puns", "40"],
        ["star", "riddles", "40"],
    ]
    assert [row[:5] for row in shown(best_table(GROUP))[1:]] == [
        ["ours", "in-domain", "80.0", "star", "+70.0"],
        ["ours", "OOD", "60.0", "star", "+20.0"],
    ]


def test_one_answer_any_of_several_and_the_most_frequent_stand_side_by_side() -> None:
    base, tuned = {"sums": "hhww" * 5}, {"sums": "rrhw" * 5}
    majority = {"base": {"sums": 0.4}, "tuned": {"sums": 0.6}}
    comparison = compare_runs([run("ours", base, tuned, samples=2, majority=majority)])
    assert shown(coverage_table(comparison, comparison.groups[0])) == [
        ["method", "mean of", "%", "diff.", "%", "diff.", "95 % CI", "p", "%"],
        ["base", "mean", "25.0", "", "50.0", "", "", "", "40.0"],
        ["ours", "mean", "62.5", "+37.5", "75.0", "+25.0", "−0.7 to +46.2", "0.057", "60.0"],
    ]


def test_what_was_the_same_for_all_runs_is_told() -> None:
    like = {"base model": "m@1", "evaluation: prompts": "step-by-step", "training.num_train_epochs": 3}
    runs = [
        run("star", BASE, WORSE, conditions=like | {"evaluation: max_tokens": 512}),
        run("ours", BASE, BETTER, conditions=like | {"evaluation: max_tokens": 1024}),
    ]
    assert conditions(compare_runs(runs)).rows == [
        ("base model", "m@1"),
        ("training", "epochs 3"),
        ("evaluation", "prompt step-by-step"),
        ("questions", "sums 40, puns 40, riddles 40"),
    ]


def notes(**options: object) -> list[str]:
    view = comparison_view(compare_runs(RUNS, **options))  # type: ignore[arg-type]
    return [block.text for group in view for block in group if isinstance(block, Note)]


def test_what_speaks_against_the_figures_comes_first() -> None:
    told = notes(caveats=["Not alike: prompts."], missing=["star, sums, seed 1"], equal="tokens")
    assert told[:3] == [
        "2 methods, 1 training set, 1 seed: the same number of generated tokens for every method.",
        "Not finished yet: star, sums, seed 1.",
        "Not alike: prompts.",
    ]


def test_one_seed_and_clusters_are_told() -> None:
    assert any("There is one seed" in text for text in notes())
    clustered = compare_runs([run("ours", {"sums": "rrww"}, {"sums": "rrrw"}, groups={"sums": "aabb"})])
    assert "clustered by premise" in markdown(comparison_view(clustered))


@pytest.mark.parametrize(
    ("relative", "text"), [(0.123, "+12 %"), (-0.5, "−50 %"), (0.001, "0 %"), (0.0, "0 %"), (None, "–")]
)
def test_a_relative_change_is_told_in_percent(relative: float | None, text: str) -> None:
    assert relative_text(relative) == text


def test_a_label_cannot_break_a_table() -> None:
    comparison = compare_runs([run("a|b & <c>", BASE, BETTER)])
    assert "a\\|b &amp; &lt;c>" in markdown(comparison_view(comparison))


def test_every_figure_is_a_row_for_other_programs() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_text(comparison_rows(COMPARISON)))))
    assert [(row["method"], row["name"]) for row in rows[:6]] == [
        *(("base", name) for name in (*BASE, "in-domain", "out-of-domain")),
        ("star", "sums"),
    ]
    last = rows[-1]
    assert (last["method"], last["kind"], last["name"], last["best_model"]) == (
        "ours",
        "average",
        "out-of-domain",
        "star",
    )
    assert float(last["best_difference"]) == pytest.approx(0.2)
    assert float(last["base_low"]) < float(last["base_difference"]) < float(last["base_high"])
    assert (last["trained_rows"], last["trained_generated_tokens"]) == ("1234", "40000")
