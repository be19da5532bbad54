"""The funnel counts every chain once, and adds up."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from regenesis.answers import combine
from regenesis.curation import Curator, Funnel
from regenesis.curation.config import CurationConfig
from regenesis.curation.funnel import Tally
from regenesis.errors import RunError
from regenesis.report.views.funnel import funnel_view
from regenesis.types import GradedPath, Question, Verdict


@pytest.fixture
def judged(judged_of: Callable[..., GradedPath]) -> list[GradedPath]:
    return [
        judged_of("a", guideline="parts", key="a"),
        judged_of("b", guideline="parts+simplify", key="b", retries=("structure",)),
        judged_of("c", guideline="simplify", key="c", defect="leak"),
        judged_of("d", guideline="simplify", key="d", answer="17", defect="leak", retries=("structure", "solve")),
        judged_of("", guideline="parts", key="e", answer=None, defect="broken_adapt"),
        judged_of("f", guideline="parts", key="f", hinted=True),
    ]


@pytest.fixture
def funnel(judged: list[GradedPath], question: Question) -> Funnel:
    funnel = Funnel()
    funnel.finish_question(question, judged, judged[:1], {"near_duplicate": 1})
    return funnel


def test_each_stage_counts_what_reached_it(funnel: Funnel) -> None:
    total = funnel.total
    assert (total.chains, total.parsed, total.correct, total.fit, total.kept) == (6, 5, 4, 3, 1)
    assert (total.questions, total.served) == (1, 1)
    assert funnel.tasks == {"gsm8k": total}


def test_a_defect_is_counted_and_whether_it_cost_a_right_path(funnel: Funnel) -> None:
    assert funnel.defects == {"leak": 2, "broken_adapt": 1}
    assert funnel.lost == {"leak": 1}
    assert funnel.total.correct - funnel.total.fit == funnel.lost.total()


def test_right_answers_that_the_judge_refused_are_counted_apart(judged: list[GradedPath], question: Question) -> None:
    refused = [
        replace(one, verdict=combine(one.verdict, opinion, "and"))
        for one, opinion in zip(judged, (False, None, True, False, False, None), strict=True)
    ]
    funnel = Funnel()
    funnel.finish_question(question, refused, [])
    assert funnel.overruled == {"judge-said-no": 1, "judge-unclear": 2}
    assert (funnel.total.parsed, funnel.total.correct) == (
        5,
        1,
    )
    assert Funnel.from_json(funnel.to_json()) == funnel


def test_answers_that_the_checker_failed_on_are_counted(judged: list[GradedPath], question: Question) -> None:
    failed = replace(judged[0], verdict=Verdict("unparsed", None, "the checker failed", "checker-failed"))
    funnel = Funnel()
    funnel.finish_question(question, [failed, *judged[1:]], [])
    assert funnel.failed == {"checker-failed": 1}


def test_fit_paths_not_kept_are_near_duplicates_or_surplus(funnel: Funnel) -> None:
    assert funnel.dropped == {"near_duplicate": 1, "surplus": 1}
    assert funnel.total.fit - funnel.total.kept == funnel.dropped.total()


def test_a_fit_path_of_a_question_that_is_seldom_right_is_no_surplus(
    judged: list[GradedPath], question: Question
) -> None:
    funnel = Funnel()
    curator = Curator(CurationConfig(min_pass_rate=0.8))
    kept = curator.select(judged, 1)
    funnel.finish_question(question, judged, kept, curator.left_out(judged, kept))
    assert (funnel.total.fit, kept) == (3, [])
    assert funnel.dropped == {"low_pass_rate": 3}
    assert "of questions that are seldom right" in str(funnel_view(funnel))


def test_retries_are_counted_by_stage(funnel: Funnel) -> None:
    assert funnel.retries == {"structure": 2, "solve": 1}


def test_the_two_passes_are_counted_apart(funnel: Funnel) -> None:
    assert {name: tally.chains for name, tally in funnel.passes.items()} == {"first": 5, "hinted": 1}
    assert funnel.passes["hinted"].served == 0


def test_a_chain_of_several_guidelines_counts_for_each(funnel: Funnel) -> None:
    assert {name: tally.chains for name, tally in funnel.guidelines.items()} == {"parts": 4, "simplify": 3}
    assert funnel.guidelines["parts"].kept == 1


def test_a_question_without_chains_still_counts(question: Question) -> None:
    funnel = Funnel()
    funnel.finish_question(question, [], [])
    assert (funnel.total.questions, funnel.total.served) == (1, 0)


def test_funnels_add_up(judged: list[GradedPath], question: Question) -> None:
    apart, together = [Funnel(), Funnel()], Funnel()
    for part, one in zip(apart, (question, replace(question, task="other")), strict=True):
        part.finish_question(one, judged, judged[:1], {"near_duplicate": 1})
        together.finish_question(one, judged, judged[:1], {"near_duplicate": 1})
    assert apart[0] + apart[1] == together == apart[1] + apart[0]
    assert (apart[0] + Funnel()) == apart[0]


def test_it_comes_back_from_json(funnel: Funnel) -> None:
    assert Funnel.from_json(json.loads(json.dumps(funnel.to_json()))) == funnel


def test_json_of_something_else_is_refused(funnel: Funnel) -> None:
    data = funnel.to_json()
    for spoilt in ({}, data | {"total": {"chains": 1, "surprise": 2}}, data | {"tasks": 3}):
        with pytest.raises(RunError, match="funnel"):
            Funnel.from_json(spoilt)


def test_guidelines_are_ranked_by_yield_and_not_by_a_single_hit() -> None:
    funnel = Funnel()
    funnel.guidelines.update(
        {
            "one hit": Tally(chains=1, fit=1),
            "two hits": Tally(chains=2, fit=2),
            "often": Tally(chains=40, fit=36),
            "never": Tally(chains=40, fit=0),
            "half": Tally(chains=40, fit=20),
        }
    )
    assert [name for name, _ in funnel.best_guidelines()] == ["often", "two hits", "half", "never"]


def test_chains_that_ended_early_are_told_from_unfit_paths() -> None:
    funnel = Funnel(total=Tally(chains=100, parsed=90))
    funnel.defects.update(broken_box=30, broken_solve=4)
    assert funnel.ended_early == {"broken_solve": 4}
    assert funnel.unparsed == 6
