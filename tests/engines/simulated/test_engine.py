from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from regenesis.answers import grade
from regenesis.engines.simulated import SimulatedEngine, SimulatedEngineConfig
from regenesis.engines.simulated.arithmetic import Arithmetic
from regenesis.methods import make_method
from regenesis.methods.regenesis import ReGenesisConfig
from regenesis.prompts.answering import AnsweringConfig, load_answering
from regenesis.types import Completion, Message, Question, Request, Sampling

EXACT: dict[str, Any] = {"without_answer": 0, "truncated": 0}
QUESTION = Question("sums/0", "sums", "Ada keeps the books of mill 7. What is (3 + 4) * 5?", "35", "number")


def engine(**stated: Any) -> SimulatedEngine:
    return SimulatedEngine(SimulatedEngineConfig(kind="simulated", **stated))


def answers(
    player: SimulatedEngine, *texts: str, seeds: Sequence[int] = range(1), temperature: float = 0.8, tokens: int = 1000
) -> list[Completion]:
    """Replies to a chat of users' and assistant's turns, one a seed."""

    async def ask() -> list[Completion]:
        await player.open()
        turns = tuple(Message("assistant" if place % 2 else "user", text) for place, text in enumerate(texts))
        requests = [
            Request(player.model, turns, Sampling(temperature, 0.95, tokens), seed, 0, "sums/0", "solve")
            for seed in seeds
        ]
        return [await player.complete(request) for request in requests]

    return asyncio.run(ask())


def asked(question: Question = QUESTION) -> str:
    return load_answering(AnsweringConfig()).messages(question)[-1].content


def share_right(player: SimulatedEngine, *texts: str) -> float:
    replies = answers(player, *texts, seeds=range(2000))
    return sum(grade(reply.text, "35", kind="number").correct for reply in replies) / len(replies)


@pytest.mark.parametrize("mean", [-1.0, 0.0, 1.5])
def test_answers_are_right_as_often_as_the_skill_says(mean: float) -> None:
    player = engine(skill={"mean": mean, "by_question": 0}, **EXACT)
    expected = player.chance(Arithmetic("Ada keeps the books of mill 7.", "(3 + 4) * 5"), asked())
    assert share_right(player, asked()) == pytest.approx(expected, abs=0.03)


def test_a_guideline_a_plan_and_a_hint_in_the_chat_each_make_right_answers_more_likely() -> None:
    player = engine(skill={"mean": -1, "by_question": 0, "guideline": 0.5, "plan": 0.5, "hint": 3}, **EXACT)
    guideline, plan = (
        answers(player, f"{QUESTION.text}\n\n{words}")[0].text
        for words in ("Rewrite the guideline for reasoning.", "Make a plan for this problem.")
    )
    chats = ["", guideline, f"{guideline}\n{plan}", f"{guideline}\n{plan}\nThe right answer is 35."]
    shares = [share_right(player, f"{chat}\n{asked()}") for chat in chats]
    assert shares == pytest.approx([0.269, 0.378, 0.5, 0.953], abs=0.04)


def test_questions_and_groups_keep_their_difficulty_whatever_the_model() -> None:
    one, other = engine(skill={"by_group": 1}), engine(model="simulated:other", skill={"by_group": 1})
    questions = [Arithmetic(f"Story {number // 2}.", f"{number} + 1") for number in range(20)]
    chances = [[player.chance(question, "") for question in questions] for player in (one, other)]
    assert chances[0] == chances[1]
    assert len(set(chances[0])) == 20


def test_a_reply_is_drawn_from_its_request_and_at_temperature_nought_from_the_chat_alone() -> None:
    player = engine()
    first, second, again = (answers(player, asked(), seeds=[seed])[0].text for seed in (1, 2, 1))
    assert first == again != second
    greedy = {reply.text for reply in answers(player, asked(), seeds=range(20), temperature=0)}
    assert len(greedy) == 1


def test_some_replies_state_no_answer_and_some_are_cut() -> None:
    replies = answers(engine(without_answer=0.2, truncated=0.1), asked(), seeds=range(1000))
    cut = sum(reply.finish_reason == "length" for reply in replies)
    assert cut == pytest.approx(100, abs=40)
    whole = [reply.text for reply in replies if reply.finish_reason == "stop"]
    unread = sum("\\boxed" not in text for text in whole)
    assert unread == pytest.approx(180, abs=60)


def test_a_reply_longer_than_the_limit_is_cut_there() -> None:
    (reply,) = answers(engine(**EXACT), asked(), tokens=12)
    assert (reply.finish_reason, reply.completion_tokens) == ("length", 12)
    assert len(reply.text.split()) <= 9


@pytest.mark.parametrize(
    ("last", "says"),
    [
        ("A solution of this problem:\n\\boxed{4}\nThe right answer is: 4\nReply with yes or no.", "Yes."),
        ("A solution of this problem:\n\\boxed{5}\nThe right answer is: 4\nReply with yes or no.", "No."),
        ("A solution of this problem:\nso \\boxed{5}\nReply with the answer in \\boxed{} alone", "\\boxed{5}"),
        ("What is 3 + 4?\n\nReply with the final answer in \\boxed{} and nothing else.", "\\boxed{7}"),
        ("Why?", "There is no arithmetic in this question that could be worked out by rule."),
    ],
)
def test_other_requests_are_answered_in_their_form(last: str, says: str) -> None:
    assert answers(engine(skill={"mean": 20, "by_question": 0}, **EXACT), last)[0].text == says


def test_it_writes_as_many_guidelines_as_it_is_asked_for() -> None:
    (reply,) = answers(
        engine(**EXACT), "Write 12 general guidelines for reasoning. Reply with a numbered list.", tokens=9999
    )
    lines = reply.text.splitlines()
    assert len({line.partition(" ")[2] for line in lines}) == len(lines) == 12


@pytest.mark.parametrize("prompts", ["one-chat", "paper"])
def test_plans_hold_no_results_in_the_prompts_of_a_method(prompts: str) -> None:
    method = make_method(ReGenesisConfig(prompts=prompts), load_answering(AnsweringConfig()))
    assert method is not None
    for words in ("Turn that into a plan for this problem", "Work it out into a reasoning structure"):
        (reply,) = answers(engine(**EXACT), f"{QUESTION.text}\n{words}")
        assert "=" not in reply.text
        assert reply.text.startswith("1. ")


def test_its_identity_names_it_simulated_and_tells_its_parameters_apart() -> None:
    plain = SimulatedEngineConfig(kind="simulated")
    assert plain.identity().startswith("simulated@")
    assert SimulatedEngineConfig(kind="simulated", max_in_flight=2, gain={"most": 2}).identity() == plain.identity()
    assert SimulatedEngineConfig(kind="simulated", skill={"mean": 1}).identity() != plain.identity()


def test_a_model_in_its_place_is_refused_with_what_to_do() -> None:
    for model in ("hf:org/model", "gpt-5"):
        with pytest.raises(ValueError, match="leave it out"):
            SimulatedEngineConfig(kind="simulated", model=model)
