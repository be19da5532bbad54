from __future__ import annotations

from typing import Any

import pytest
from tests.helpers.measured import evaluation

from regenesis.pages.charts import Chart, Intervals
from regenesis.pages.results import result_tiles, results_items
from regenesis.report.blocks import Note


def summary(**outcomes: dict[str, str]) -> dict[str, Any]:
    return evaluation(outcomes, domains={"sums": "in-domain", "more": "out-of-domain"}).to_json()


WORSE = summary(base={"sums": "r" * 40, "more": "rw" * 20}, tuned={"sums": "w" * 40, "more": "rw" * 20})


def charts(found: Any) -> list[Intervals]:
    drawings = [one.drawing for one in results_items(found) if isinstance(one, Chart)]
    return [one for one in drawings if isinstance(one, Intervals)]


def test_a_model_that_got_worse_is_shown_as_worse() -> None:
    verdict = next(one for one in results_items(WORSE) if isinstance(one, Note))
    assert (verdict.text, verdict.tone) == ("tuned vs base: worse on 1, inconclusive on 1 of 2 tasks.", "bad")
    differences, _ = charts(WORSE)
    assert [(one.label, one.value, one.tone) for one in differences.rows] == [
        ("sums", -100.0, "worse"),
        ("more", 0.0, ""),
    ]
    assert [(one.figure, one.tone) for one in result_tiles(WORSE)] == [("−100.0", "worse"), ("0.0", "inconclusive")]


def test_no_difference_is_called_none() -> None:
    same = summary(base={"sums": "rw", "more": "rw"}, tuned={"sums": "wr", "more": "rw"})
    verdict = next(one for one in results_items(same) if isinstance(one, Note))
    assert verdict.text == "tuned vs base: no difference is shown on any of 2 tasks."


def test_a_base_alone_has_accuracies_and_no_differences() -> None:
    differences, accuracies = charts(summary(base={"sums": "rrw", "more": "w"}))
    assert not differences.rows
    assert [(one.label, one.series) for one in accuracies.rows] == [("sums", "base"), ("more", "base")]


@pytest.mark.parametrize("found", [None, {}, {"tasks": []}, {"tasks": 3, "models": "x"}])
def test_without_an_evaluation_a_sentence_says_so(found: Any) -> None:
    assert [one.text for one in results_items(found) if isinstance(one, Note)] == [
        "No evaluation is finished yet, so there is nothing to compare."
    ]
    assert list(result_tiles(found)) == []


@pytest.mark.parametrize(
    "damage",
    [
        {"comparisons": [3, {"first": "base", "tasks": {"sums": {"interval": ["a", 1], "difference": 0.5}}}]},
        {
            "comparisons": [
                {"first": "base", "second": "tuned", "tasks": {"sums": {"interval": [0, 9], "difference": 5}}}
            ]
        },
        {"models": []},
        {"tasks": {"sums": 7}},
    ],
)
def test_what_is_not_in_the_form_of_a_summary_is_left_out(damage: dict[str, Any]) -> None:
    assert list(results_items(WORSE | damage))
    assert isinstance(list(result_tiles(WORSE | damage)), list)
