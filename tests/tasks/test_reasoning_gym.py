"""reasoning-gym by name: every task of it, through JSON, scored by its own scorer."""

from __future__ import annotations

import ast
import inspect
import json
import sys
from typing import Any

import pytest

from regenesis.errors import TaskError
from regenesis.tasks import reasoning_gym, reasoning_gym_missing, reasoning_gym_names
from regenesis.tasks.generator import answer
from regenesis.tasks.reasoning_gym import EVALUATING_SCORERS, generate, reasoning_gym_parameters, score_entry

pytestmark = pytest.mark.skipif(reasoning_gym_missing() is not None, reason=str(reasoning_gym_missing()))

# their questions have many right answers, and the generator names none
WITHOUT_GOLD = {"boxnet", "graph_color", "propositional_logic", "rubiks_cube", "rush_hour"}

# functions that run the text they are given, or evaluate it as Python
EVALUATING_CALLS = {"eval", "exec", "compile", "parse_expr", "sympify"}


def test_there_are_about_a_hundred_tasks() -> None:
    names = reasoning_gym_names()
    assert len(names) >= 100
    assert "gsm_symbolic" in names
    assert "composite" not in names


@pytest.mark.parametrize("name", reasoning_gym_names())
def test_gold_scores_one_after_the_entry_went_through_json(name: str) -> None:
    request = {"task": name, "parameters": {}, "seed": 7, "size": 2}
    # as JSON text, which is all that outlives a process
    reply = json.loads(json.dumps(answer(request)))
    for index, entry in enumerate(reply["entries"]):
        scoring = {**request, "index": index, "entry": entry}
        gold = entry["answer"]
        assert (gold is None) == (name in WITHOUT_GOLD)
        if gold is not None:
            assert score_entry(gold, scoring) == 1.0
        assert score_entry(None, scoring) < 1.0
        assert score_entry("", scoring) < 1.0


def test_a_task_without_gold_is_scored_by_what_the_question_asks() -> None:
    [question] = generate("graph_color", {"num_colors": 3}, seed=0, size=1)
    vertices = question.scoring["entry"]["metadata"]["puzzle"]["vertices"]
    assert question.gold is None
    assert score_entry(json.dumps({str(vertex): 1 for vertex in vertices}), question.scoring) < 1.0


# tasks whose generator walks over sets: without a fixed hash seed each process would make others
@pytest.mark.parametrize("name", ["gsm_symbolic", "isomorphic_strings", "polynomial_multiplication", "ransom_note"])
def test_a_seed_gives_the_same_questions_in_every_process(name: str) -> None:
    once = generate(name, {}, seed=5, size=3)
    reasoning_gym._generated.cache_clear()
    assert generate(name, {}, seed=5, size=3) == once


def test_questions_asked_for_again_come_without_another_process_and_are_nobody_elses() -> None:
    [once] = generate("chain_sum", {}, seed=11, size=1)
    made = reasoning_gym._generated.cache_info().misses
    once.scoring["entry"]["answer"] = "spoilt"
    [again] = generate("chain_sum", {}, seed=11, size=1)
    assert again.scoring["entry"]["answer"] == again.gold
    assert reasoning_gym._generated.cache_info().misses == made


def test_questions_by_name_with_parameters_and_the_runs_seed(load: Any) -> None:
    task = {"name": "rg:chain_sum", "limit": 3, "parameters": {"min_terms": 2, "max_terms": 2}}
    questions = load(task, seed=4).questions
    assert [question.kind for question in questions] == ["scorer"] * 3
    assert {question.task for question in questions} == {"rg:chain_sum"}
    assert all(question.text.count("+") + question.text.count(" - ") == 1 for question in questions)
    assert [score_entry(question.gold, question.scoring) for question in questions] == [1.0] * 3
    assert json.loads(json.dumps(questions[0].scoring)) == questions[0].scoring
    assert [q.text for q in load(task, seed=5).questions] != [q.text for q in questions]


def test_a_hundred_questions_unless_the_config_says_otherwise(load: Any) -> None:
    assert len(load({"name": "rg:chain_sum"}).questions) == 100


def test_what_is_measured_on_is_not_what_is_trained_on(load: Any) -> None:
    task = {"name": "rg:chain_sum", "limit": 5}
    trained, measured = load(task).questions, load(task | {"split": "evaluation"}).questions
    assert not {question.id for question in trained} & {question.id for question in measured}
    assert not {question.text for question in trained} & {question.text for question in measured}
    assert measured == load(task | {"split": "evaluation"}).questions
    assert [score_entry(question.gold, question.scoring) for question in measured] == [1.0] * 5


def test_offset_goes_on_where_the_limit_ended(load: Any) -> None:
    first = load({"name": "rg:chain_sum", "limit": 4}).questions
    rest = load({"name": "rg:chain_sum", "offset": 2, "limit": 2}).questions
    assert [(q.id, q.text) for q in rest] == [(q.id, q.text) for q in first[2:]]


def test_two_settings_of_one_task_fit_into_one_run(load: Any) -> None:
    hard = {"name": "rg:chain_sum", "limit": 2, "parameters": {"min_digits": 5, "max_digits": 6}}
    questions = load({"name": "rg:chain_sum", "limit": 2}, hard).questions
    assert len({question.id for question in questions}) == 4


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ({"name": "rg:chain_sun"}, "nearest: rg:chain_sum"),
        (
            {"name": "rg:chain_sum", "parameters": {"terms": 3}},
            "unknown parameter terms. The task's parameters: allow_neg",
        ),
        ({"name": "rg:chain_sum", "parameters": {"min_terms": -1}}, "AssertionError: min_terms must be positive"),
        ({"name": "rg:chain_sum", "parameters": {"seed": 3}}, "'seed' is set through the run's `seed`"),
        ({"name": "rg:chain_sum", "parameters": {"size": 3}}, "'size' is set through `limit`"),
        ({"name": "rg:chain_sum", "split": "test"}, "only have the split"),
        ({"name": "rg:composite"}, "one by one under `tasks`"),
    ],
)
def test_what_cannot_be_generated_is_told(task: dict[str, Any], said: str, load: Any) -> None:
    with pytest.raises(TaskError) as error:
        load(task)
    assert said in str(error.value)


def test_without_the_extra_there_is_a_reason_and_a_way(monkeypatch: pytest.MonkeyPatch, load: Any) -> None:
    monkeypatch.setattr(reasoning_gym.importlib.util, "find_spec", lambda name: None)
    assert reasoning_gym_names() == []
    assert "pip install" in str(reasoning_gym_missing())
    with pytest.raises(TaskError, match="pip install 'regenesis"):
        load({"name": "rg:chain_sum"})


def test_parameters_are_listed_with_their_defaults() -> None:
    parameters = reasoning_gym_parameters("chain_sum")
    assert parameters["min_terms"] == 2
    assert not {"seed", "size"} & set(parameters)


def calls_reached(name: str) -> set[str]:
    """Names of the functions a task's scorer calls, through functions of its own module."""
    from reasoning_gym.factory import DATASETS

    module = sys.modules[DATASETS[name][0].__module__]
    functions = {
        node.name: node for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.FunctionDef)
    }
    reached: set[str] = set()
    ahead = ["score_answer"]
    while ahead:
        function = functions.pop(ahead.pop(), None)
        for node in ast.walk(function) if function else ():
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                reached.add(called)
                ahead.append(called)
    return reached


def test_every_scorer_that_evaluates_is_on_the_list() -> None:
    # these evaluate the entry, which the generator made, or parse with a parser of their own
    of_their_own = {"bitwise_arithmetic", "number_sorting", "propositional_logic"}
    found = {name for name in reasoning_gym_names() if calls_reached(name) & EVALUATING_CALLS}
    assert found - of_their_own == EVALUATING_SCORERS


def test_entries_with_fractions_are_carried_whole() -> None:
    # about one question in ten of this task holds a fraction, so a handful is not enough to see it
    questions = generate("gsm_symbolic", {}, seed=0, size=60)
    assert len(questions) == 60
    assert "fraction" in str([question.scoring["entry"] for question in questions])
    assert all(score_entry(question.gold, question.scoring) == 1.0 for question in questions)
