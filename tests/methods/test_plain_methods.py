"""Rejection sampling, STaR, LMSI and gold, led by the real sampler, ledger, judge and curator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.played import REFUSED, SOLUTION, question
from tests.methods.conftest import Lead

from regenesis.config import config_from_mapping
from regenesis.errors import ConfigError
from regenesis.methods import make_method, method_class, method_names
from regenesis.methods.lmsi import LMSIConfig
from regenesis.prompts import AnsweringConfig, load_answering
from regenesis.types import Choice

WRONG = SOLUTION.replace("42", "41")
PLAIN = ("rejection", "star", "lmsi")


def by_sample(*texts: Any) -> Any:
    """The n-th sample is the n-th text; all later ones are the last."""
    return lambda request: texts[min(request.sample, len(texts) - 1)]


def rationalised(text: str) -> Any:
    return lambda request: text if request.stage == "rationalise" else WRONG


# plain samples


@pytest.mark.parametrize("name", PLAIN)
async def test_a_plain_sample_is_the_answering_prompt_alone(lead: Lead, name: str) -> None:
    one = question()
    led = await lead(by_sample(SOLUTION), of=one, name=name, samples=2)
    assert {request.stage for request in led.engine.asked} == {"sample"}
    assert {request.messages for request in led.engine.asked} == {load_answering().messages(one)}
    assert [request.sample for request in led.engine.asked] == [0, 1]
    assert len({request.seed for request in led.engine.asked}) == 2


@pytest.mark.parametrize("second", PLAIN)
@pytest.mark.parametrize("first", PLAIN)
async def test_in_one_ledger_plain_samples_are_paid_for_once(
    lead: Lead, tmp_path: Path, first: str, second: str
) -> None:
    shared: dict[str, Any] = {"samples": 4, "sampling": {"temperature": 0.7}, "file": tmp_path / "shared.sqlite"}
    paid = await lead(by_sample(WRONG, SOLUTION), name=first, **shared)
    assert len(paid.engine.of_stage("sample")) == 4
    free = await lead(by_sample(WRONG, SOLUTION), name=second, **shared)
    assert free.engine.asked == []


@pytest.mark.parametrize("name", PLAIN)
async def test_a_refused_sample_is_a_broken_path(lead: Lead, name: str) -> None:
    led = await lead(by_sample(REFUSED, SOLUTION, SOLUTION), name=name, samples=3)
    assert led.outcome.judged[0].defect == "refused_sample"
    assert led.outcome.judged[1].verdict.correct


@pytest.mark.parametrize("name", PLAIN)
async def test_the_same_config_asks_the_same(lead: Lead, name: str) -> None:
    first, second = [await lead(by_sample(WRONG, SOLUTION), name=name, samples=5) for _ in range(2)]
    assert sorted(one.key for one in first.engine.asked) == sorted(one.key for one in second.engine.asked)
    assert first.outcome == second.outcome


# rejection sampling


async def test_rejection_sampling_keeps_the_right_ones(lead: Lead) -> None:
    led = await lead(by_sample(WRONG, SOLUTION, WRONG), name="rejection", samples=3)
    assert [one.verdict.status for one in led.outcome.judged] == ["incorrect", "correct", "incorrect"]
    assert led.outcome.kept == (led.outcome.judged[1],)


async def test_rejection_sampling_stops_when_it_has_kept_enough(lead: Lead) -> None:
    led = await lead(by_sample(SOLUTION), name="rejection", samples=12, wave=2, keep=1, adaptive_waves=False)
    assert len(led.engine.asked) == 2
    every = await lead(by_sample(SOLUTION), name="rejection", samples=12, wave=2, keep=1, stop_early=False)
    assert len(every.engine.asked) == 12


# STaR


async def test_star_puts_a_failed_question_once_more_with_its_answer(lead: Lead) -> None:
    led = await lead(rationalised(SOLUTION), name="star", samples=4)
    assert led.engine.stages() == ["sample"] * 4 + ["rationalise"]
    (asked,) = led.engine.of_stage("rationalise")
    assert "the right answer is 42" in asked.messages[-1].content
    (kept,) = led.outcome.kept
    assert (kept.path.hinted, kept.path.text) == (True, SOLUTION)


async def test_star_does_not_rationalise_where_a_sample_was_right(lead: Lead) -> None:
    led = await lead(by_sample(WRONG, SOLUTION), name="star", samples=4)
    assert led.engine.of_stage("rationalise") == []


async def test_rationalisation_can_be_left_out(lead: Lead) -> None:
    led = await lead(by_sample(WRONG), name="star", samples=4, rationalise=False)
    assert (led.engine.stages(), led.outcome.kept) == (["sample"] * 4, ())


async def test_the_hint_is_in_no_training_prompt_and_a_path_that_names_it_is_dropped(lead: Lead) -> None:
    led = await lead(rationalised(SOLUTION), name="star", samples=2)
    method = make_method(led.config.method, load_answering())
    (row,) = method.rows(led.outcome)
    assert row.prompt == load_answering().messages(led.outcome.question)
    told = await lead(rationalised(f"The hint says that the answer is 42.\n{SOLUTION}"), name="star", samples=2)
    assert (told.outcome.judged[-1].defect, told.outcome.kept) == ("leak", ())


async def test_a_question_without_an_answer_is_not_rationalised(lead: Lead) -> None:
    led = await lead(by_sample(WRONG), of=question(gold=None), name="star", samples=2)
    assert (led.engine.stages(), led.outcome.kept) == (["sample"] * 2, ())


@pytest.mark.parametrize("name", ["star", "rejection"])
@pytest.mark.parametrize(
    ("fields", "warned"),
    [
        ({"kind": "boolean", "gold": "yes"}, True),
        ({"kind": "choice", "gold": "A", "choices": (Choice("A", "one"), Choice("B", "two"))}, True),
        ({"kind": "number"}, False),
    ],
)
def test_chance_that_fills_the_data_is_warned_of(name: str, fields: dict[str, Any], warned: bool) -> None:
    method = make_method(method_class(name).Config(name=name, samples=8), load_answering())
    assert bool(method.warnings([question(**fields)])) is warned


# LMSI


async def test_lmsi_keeps_all_paths_that_agree_with_the_majority(lead: Lead) -> None:
    other = SOLUTION.replace("30 books", "30 volumes").replace("12 books", "12 volumes")
    led = await lead(by_sample(SOLUTION, WRONG, other, SOLUTION), name="lmsi", samples=4)
    assert [one.verdict.rule for one in led.outcome.judged] == ["vote"] * 4
    assert [one.verdict.status for one in led.outcome.judged] == ["correct", "incorrect", "correct", "correct"]
    assert len(led.outcome.kept) == 3
    assert {one.verdict.confidence for one in led.outcome.kept} == {0.75}


async def test_lmsi_reads_no_gold_answer(lead: Lead) -> None:
    texts = by_sample(WRONG, WRONG, SOLUTION)
    right, scrambled = [
        await lead(texts, of=question(gold=gold, text="How many?"), name="lmsi", samples=4) for gold in ("42", "7")
    ]
    assert right.outcome == scrambled.outcome
    assert right.outcome.question.gold is None
    assert right.engine.asked == scrambled.engine.asked


async def test_lmsi_may_be_allowed_the_gold_answer(lead: Lead) -> None:
    led = await lead(by_sample(WRONG, WRONG, SOLUTION), name="lmsi", samples=3, gold=True)
    assert [one.verdict.status for one in led.outcome.judged] == ["incorrect", "incorrect", "correct"]


async def test_a_majority_needs_votes(lead: Lead) -> None:
    led = await lead(by_sample(WRONG, SOLUTION), name="lmsi", samples=2, min_votes=2)
    assert led.outcome.kept == ()


async def test_mixed_formats_train_on_reasoning_and_on_answers_with_and_without_examples(
    lead: Lead, tmp_path: Path
) -> None:
    examples = tmp_path / "examples.jsonl"
    examples.write_text(json.dumps({"question": "1 + 1?", "solution": "It is 2.", "answer": "2"}) + "\n")
    led = await lead(by_sample(SOLUTION), name="lmsi", samples=2, mixed_formats=True, examples=str(examples))
    rows = list(make_method(led.config.method, load_answering()).rows(led.outcome))
    assert [row.form for row in rows[:4]] == ["reasoning", "answer", "examples_reasoning", "examples_answer"]
    assert [row.completion for row in rows[:2]] == [SOLUTION, "\\boxed{42}"]
    assert [message.content for message in rows[2].prompt[:2]][1] == "It is 2."
    assert [message.role for message in rows[3].prompt] == ["user", "assistant", "user"]


@pytest.mark.parametrize("text", ["{", "[]", '{"question": "q"}'])
def test_examples_at_fault_are_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.jsonl").write_text(text)
    with pytest.raises(ConfigError, match=r"method\.examples: .*bad\.jsonl"):
        make_method(LMSIConfig(examples=tmp_path / "bad.jsonl"), load_answering())


# gold


async def test_gold_takes_the_worked_solution_and_asks_nothing(lead: Lead) -> None:
    solved = question(solution="She has <<30=30>>30 books.\nWith 12 more it is 30+12=<<30+12=42>>42 books.\n#### 42")
    led = await lead(of=solved, name="gold")
    assert led.engine.asked == []
    (kept,) = led.outcome.kept
    assert kept.training_text == (
        "She has 30 books.\nWith 12 more it is 30+12=42 books.\nThe final answer is \\boxed{42}."
    )


async def test_a_question_without_a_worked_solution_is_counted(lead: Lead) -> None:
    led = await lead(name="gold")
    assert ([one.defect for one in led.outcome.judged], led.outcome.kept) == (["no_solution"], ())
    (said,) = make_method(led.config.method, load_answering()).warnings([question()])
    assert said.startswith("1 of 1 questions have no worked solution")


async def test_a_solution_that_comes_to_another_answer_is_not_trained_on(lead: Lead) -> None:
    led = await lead(of=question(solution="First there are 30.\nThen it is \\boxed{41}."), name="gold")
    assert led.outcome.kept == ()


# all of them


@pytest.mark.parametrize("name", [name for name in method_names() if name != "regenesis"])
def test_an_estimate_is_never_less_than_what_is_expected(name: str) -> None:
    method = make_method(method_class(name).Config(name=name), load_answering())
    found = method.estimate([question(number) for number in range(7)], 0.3)
    assert found.expected_chains <= found.most_chains
    for stage in found.stages.values():
        assert stage.expected_calls <= stage.most_calls
        assert stage.expected_new_tokens <= stage.most_new_tokens


@pytest.mark.parametrize("name", method_names())
def test_every_method_says_what_it_is(name: str) -> None:
    method = make_method(method_class(name).Config(name=name), load_answering(AnsweringConfig()))
    assert method.name == name
    assert method.title
    assert all(isinstance(value, str) for value in method.describe().values())
    assert method.inputs()


def test_a_config_of_a_method_has_its_own_fields() -> None:
    config = config_from_mapping({"tasks": ["gsm8k"], "method": {"name": "lmsi", "samples": 16}})
    assert config.method == LMSIConfig(samples=16)
