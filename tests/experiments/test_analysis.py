from __future__ import annotations

import csv
from pathlib import Path

import pytest
from pyarrow import parquet
from tests.helpers.compared import write_run
from tests.helpers.runs import recorded_keys

from regenesis.curation import Funnel
from regenesis.experiments.after_the_fact import compare_folders
from regenesis.experiments.analysis import Analysis
from regenesis.experiments.analysis.diversity import distinct, self_bleu
from regenesis.experiments.analysis.writing import analysis_json, write_analysis
from regenesis.experiments.results import prompts, read_run
from regenesis.report.markdown import markdown
from regenesis.report.views.analysis import analysis_view
from regenesis.runs.status import read_outcomes

BASE, LEFT, RIGHT = "rrrwwwwwuu", "rrwrwwwwuu", "rrrrrrwwww"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("analysed")
    write_run(folder / "left", {"toy": BASE}, {"toy": LEFT}, domains={"toy": "in-domain"})
    star = {"name": "star", "keep": 2}
    write_run(folder / "right", {"toy": BASE}, {"toy": RIGHT}, domains={"toy": "in-domain"}, method=star)
    return folder


@pytest.fixture(scope="module")
def analysis(runs: Path) -> Analysis:
    return write_analysis(compare_folders([(None, runs / "left"), (None, runs / "right")]), runs / "out")


def test_yields_by_guideline_add_up_to_those_of_the_run(runs: Path, analysis: Analysis) -> None:
    funnel = Funnel()
    for outcome in read_outcomes(runs / "left"):
        funnel.finish_question(outcome.question, outcome.judged, outcome.kept)
    left = [row for row in analysis.guidelines if row.method == "left"]
    assert {row.part: (row.chains, row.fit, row.kept) for row in left} == {
        name: (tally.chains, tally.fit, tally.kept) for name, tally in funnel.guidelines.items()
    }
    passes = [row for row in analysis.hints if row.method == "left"]
    names = {"first": "unhinted", "hinted": "hinted"}
    assert {row.part: row.chains for row in passes} == {
        names[one]: tally.chains for one, tally in funnel.passes.items()
    }


def test_each_question_is_won_lost_or_the_same(analysis: Analysis) -> None:
    assert [(row.method, row.task, row.questions, row.won, row.lost) for row in analysis.changes] == [
        ("left", "toy", 10, 1, 1),
        ("right", "toy", 10, 3, 0),
    ]
    assert [change.outcome for change in analysis.changes[1].examples] == ["won", "won"]


def test_answers_before_and_after_stand_side_by_side(runs: Path, analysis: Analysis) -> None:
    rows = parquet.read_table(runs / "out" / "changes.parquet").to_pylist()
    assert len(rows) == 20
    lost = next(row for row in rows if row["outcome"] == "lost")
    assert (lost["question_id"], lost["base_share"], lost["tuned_share"]) == ("toy/test/2", 1.0, 0.0)
    assert (lost["base_response"], lost["tuned_response"]) == ("text", "text")


def test_what_was_asked_is_found_in_the_ledger(runs: Path) -> None:
    run = read_run(runs / "left")
    found = prompts(run, [*recorded_keys(runs / "left"), "none"])
    assert found.keys() == recorded_keys(runs / "left")
    assert any("Shelf 0 holds some books" in text for text in found.values())


def test_failures_are_counted_by_how(analysis: Analysis) -> None:
    [row] = [row for row in analysis.failures if (row.method, row.model, row.by) == ("left", "base", "kind")]
    assert (row.value, row.answers, row.correct, row.wrong, row.unparsed) == ("number", 10, 3, 5, 2)


def test_costs_are_told_for_a_row_and_for_a_point(analysis: Analysis) -> None:
    left, right = analysis.costs
    assert (left.points, left.tokens_per_point, left.seconds_per_point) == (pytest.approx(0), None, None)
    assert right.points == pytest.approx(30)
    assert right.tokens_per_point == pytest.approx((right.generated_tokens + right.training_tokens) / right.points)
    assert right.tokens_per_row == pytest.approx(right.generated_tokens / right.rows)


def test_what_two_methods_solve_is_counted(analysis: Analysis) -> None:
    training, toy = analysis.overlaps
    assert training.both + training.first_only + training.second_only + training.neither == 6
    assert (toy.first, toy.second, toy.both, toy.first_only, toy.second_only, toy.neither) == (
        "left",
        "right",
        3,
        0,
        3,
        4,
    )


def test_datasets_are_sampled_to_one_size_beside_what_they_gained(analysis: Analysis) -> None:
    left, right = analysis.diversity
    assert left.sampled == right.sampled == min(left.rows, right.rows)
    assert left.guidelines > 1
    assert right.guidelines == 0
    assert (left.gain, right.gain_in_domain, right.gain_out_of_domain) == (pytest.approx(0), pytest.approx(30), None)
    assert 0 < left.distinct_1 < left.distinct_3 <= 1


def test_every_part_is_a_file_and_all_of_it_a_page(runs: Path, analysis: Analysis) -> None:
    files = {file.name for file in (runs / "out").iterdir()}
    parts = {"guidelines", "hints", "diversity", "changes", "failures", "costs", "overlaps"}
    assert files == {*(f"{name}.csv" for name in parts), "changes.parquet", "analysis.md"}
    with (runs / "out" / "costs.csv").open(newline="") as file:
        assert [row["method"] for row in csv.DictReader(file)] == ["left", "right"]
    assert analysis_json(analysis).keys() == parts
    assert (runs / "out" / "analysis.md").read_text("utf-8") == markdown(analysis_view(analysis)) + "\n"


def test_analysed_again_the_files_are_the_same(runs: Path, analysis: Analysis) -> None:
    before = {file: file.read_bytes() for file in (runs / "out").iterdir()}
    write_analysis(compare_folders([(None, runs / "left"), (None, runs / "right")]), runs / "out")
    assert {file: file.read_bytes() for file in (runs / "out").iterdir()} == before


DISTINCT = [
    (["a b a b"], 1, 2 / 4),
    (["a b a b"], 2, 2 / 3),
    (["a b", "a b"], 2, 1 / 2),
    (["a"], 2, 0.0),
    ([], 1, 0.0),
]


@pytest.mark.parametrize(("texts", "size", "share"), DISTINCT)
def test_distinct_runs_of_words_are_a_share_of_all(texts: list[str], size: int, share: float) -> None:
    assert distinct(texts, size) == pytest.approx(share)


def test_the_same_text_twice_is_foretold_and_others_are_not() -> None:
    same = "the sum of three and four is seven"
    assert self_bleu([same, same]) == pytest.approx(1.0)
    assert self_bleu([same, "a quick brown fox jumps over one lazy dog"]) < 0.1
    assert self_bleu([same]) == 0.0
    assert self_bleu(["", ""]) == 0.0


def test_bleu_is_that_of_the_definition() -> None:
    # 3 of 4 words, 2 of 3 pairs, 1 of 2 triples, none of one run of four; both of one length
    precisions = (3 / 4) * (2 / 3) * (1 / 2) * (0.1 / 1)
    assert self_bleu(["a b c d", "a b c e"]) == pytest.approx(precisions ** (1 / 4))


def test_a_shorter_text_is_held_against_its_length() -> None:
    # all of the first text is in the second: two words, one pair
    first = 2.718281828459045 ** (1 - 3 / 2)
    second = ((2 / 3) * (1 / 2) * (0.1 / 1)) ** (1 / 3)
    assert self_bleu(["a b", "a b c"]) == pytest.approx((first + second) / 2)
