from __future__ import annotations

import json
from fractions import Fraction

from tests.helpers.measured import evaluation, model, results, task

from regenesis.evaluation.figures import Tally, compare
from regenesis.evaluation.scores import Score, scores_of
from regenesis.types import Result


def tally_of(found: list[Result], questions: int) -> Tally:
    return Tally.of(task(size=questions).questions, found)


def scored(outcomes: dict[str, str]) -> dict[str, list[Score]]:
    return {
        name: scores_of(task(name, len(letters)).questions, results(letters, task=name))
        for name, letters in outcomes.items()
    }


def test_what_cannot_be_read_counts_as_wrong_and_is_counted() -> None:
    tally = tally_of(results("rrwuu"), questions=8)
    assert tally.accuracy == Fraction(2, 5)
    assert (tally.questions, tally.answered, tally.unparsed) == (8, 5, 2)
    assert (tally.prompt_tokens, tally.completion_tokens) == (50, 100)


def test_a_truncated_answer_counts_by_what_could_be_read_of_it() -> None:
    tally = tally_of(results("ru", finish_reason="length"), questions=2)
    assert (tally.truncated, tally.correct, tally.unparsed) == (2, 1, 1)


def test_nothing_read_means_something_from_five_answers_on() -> None:
    assert not tally_of(results("uuuu"), 4).unread
    assert tally_of(results("uuuuu"), 5).unread
    assert not tally_of(results("uuuuw"), 5).unread


def test_models_are_compared_on_the_questions_that_both_answered() -> None:
    [one] = compare(scored({"toy": "rrw wr"}), scored({"toy": "r wwrr"}))
    assert one.paired is not None
    assert (one.paired.both, one.paired.first, one.paired.second, one.paired.neither) == (2, 0, 1, 1)
    assert one.difference == Fraction(1, 4)


def test_a_task_that_one_model_has_not_begun_is_not_compared() -> None:
    assert compare(scored({"toy": "rrw"}), scored({"toy": ""})) == []


def test_values_of_p_are_adjusted_over_the_tasks_of_a_comparison() -> None:
    a, b = compare(scored({"a": "w" * 8, "b": "w" * 8}), scored({"a": "r" * 8, "b": "rwwwwwww"}))
    assert (a.p, a.p_adjusted) == (Fraction(1, 128), Fraction(1, 64))
    assert (b.p, b.p_adjusted) == (1, 1)


def test_a_tuned_model_that_got_worse_is_called_worse_and_one_that_is_unsure_is_not() -> None:
    found = evaluation({"base": {"a": "r" * 20, "b": "rw" * 10}, "tuned": {"a": "w" * 15 + "r" * 5, "b": "wr" * 10}})
    assert [one.finding for one in found.versus[0].tasks] == ["worse", "inconclusive"]
    turned = evaluation({"base": {"a": "w" * 15 + "r" * 5}, "tuned": {"a": "r" * 20}})
    assert turned.versus[0].tasks[0].finding == "better"


def test_averages_are_unweighted_and_by_domain() -> None:
    outcomes = {
        "base": {"a": "rw", "b": "w" * 10, "c": "rrrr"},
        "tuned": {"a": "rr", "b": "w" * 10, "c": "rrww"},
    }
    domains = {"a": "in-domain", "b": "out-of-domain", "c": "out-of-domain"}
    found = evaluation(outcomes, domains=domains)
    assert found.groups() == {"in-domain": ["a"], "out-of-domain": ["b", "c"]}
    average = found.average("base", ["b", "c"])
    assert average is not None
    assert (average.value, average.tasks) == (Fraction(1, 2), 2)
    difference = found.versus[0].average(["b", "c"])
    assert difference is not None
    assert difference.value == Fraction(-1, 4)


def test_without_domains_there_is_one_average_over_all_tasks() -> None:
    assert evaluation({"m": {"a": "rw", "b": "rr"}}).groups() == {"all": ["a", "b"]}


def test_a_condition_that_differs_is_named_and_the_comparison_marked() -> None:
    models = [model("base", precision="Q4_1"), model("tuned", precision="Q8_0")]
    [versus] = evaluation({"base": {"a": "rw"}, "tuned": {"a": "rr"}}, models=models).versus
    assert versus.unlike
    assert "precision Q4_1 vs Q8_0" in versus.caveats[0]


def test_a_model_that_was_not_begun_is_compared_with_none() -> None:
    models = [model("base", precision="float32"), model("tuned", precision="")]
    assert evaluation({"base": {"a": "rw"}, "tuned": {"a": "  "}}, models=models).to_json()["comparisons"] == []


def test_a_precision_that_is_not_known_is_said_without_marking() -> None:
    models = [model("base", engine="openai", precision="unknown"), model("tuned", engine="openai", precision="unknown")]
    [versus] = evaluation({"base": {"a": "rw"}, "tuned": {"a": "rr"}}, models=models).versus
    assert not versus.unlike
    assert "precision" in versus.caveats[0]


def test_the_json_holds_counts_intervals_and_the_text_to_show() -> None:
    found = json.loads(json.dumps(evaluation({"base": {"a": "rwu "}, "tuned": {"a": "rrrr"}}).to_json()))
    assert not found["complete"]
    assert found["tasks"]["a"]["models"]["base"] == {
        "questions": 4,
        "answered": 3,
        "correct": 1,
        "unparsed": 1,
        "truncated": 0,
        "refused": 0,
        "prompt_tokens": 30,
        "completion_tokens": 60,
        "samples": 1,
        "clusters": 3,
        "measures": {},
        "accuracy": 1 / 3,
        "interval": [found["tasks"]["a"]["models"]["base"]["interval"][0], 0.7923403991979523],
        "shown": "33.3 (6.1–79.3)",
    }
    [versus] = found["comparisons"]
    assert versus["tasks"]["a"]["questions"] == 3
    assert versus["tasks"]["a"]["shown"].startswith("+66.7 (")
    assert (versus["alike"], versus["tasks"]["a"]["finding"]) == (True, "inconclusive")


def test_a_task_without_an_answer_has_no_figure() -> None:
    found = evaluation({"base": {"a": "  "}}).to_json()
    assert found["tasks"]["a"]["models"]["base"]["accuracy"] is None
    assert found["averages"] == {}


def test_tasks_of_which_nothing_could_be_read_are_named() -> None:
    assert evaluation({"base": {"a": "uuuuu", "b": "uuuuw"}}).unread == [("base", "a")]
