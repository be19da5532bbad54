from __future__ import annotations

import json
from typing import Any

import pytest
from tests.helpers.measured import evaluation

from regenesis.report.markdown import markdown
from regenesis.report.views.results import results_view

OUTCOMES = {"base": {"a": "rrrw" * 20}, "tuned": {"a": "rwww" * 20}}


def card(summary: Any) -> str:
    return markdown(results_view(json.loads(json.dumps(summary)), "tuned"))


def test_a_card_shows_what_several_answers_come_to() -> None:
    shown = card(evaluation(OUTCOMES, samples=4).to_json())
    assert "Each question is answered 4 times: the accuracy is the mean over them" in shown
    assert "| a | pass@4 | 100.0 (83.8–100.0) | 100.0 (83.8–100.0) | 0.0 (" in shown
    assert "| a | maj@4 | 100.0 (83.8–100.0) | 0.0 (0.0–16.2) | −100.0 (" in shown


def test_a_card_of_single_answers_speaks_of_no_samples() -> None:
    shown = card(evaluation({"base": {"a": "rw" * 9}, "tuned": {"a": "rr" * 9}}).to_json())
    assert "pass@" not in shown
    assert "clustered" not in shown


def test_a_card_says_that_intervals_are_clustered() -> None:
    shown = card(evaluation({"base": {"a": "rw" * 9}, "tuned": {"a": "rr" * 9}}, in_groups_of=3).to_json())
    assert "Intervals are clustered by what questions share" in shown


@pytest.mark.parametrize("samples", ["4", 4.5, None, [], {}, -1, True])
@pytest.mark.parametrize("measures", [None, [], "pass@4", {"pass@4": 3}, {"pass@4": {"shown": []}}])
def test_a_summary_that_somebody_changed_still_makes_a_card(samples: Any, measures: Any) -> None:
    summary = evaluation(OUTCOMES, samples=4).to_json()
    summary["conditions"]["samples"] = samples
    summary["tasks"]["a"]["models"]["tuned"]["measures"] = measures
    summary["tasks"]["a"]["models"]["tuned"]["clusters"] = measures
    assert "| a |" in card(summary)
