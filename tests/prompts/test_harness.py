from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any

import pytest

from regenesis.errors import ConfigError
from regenesis.prompts import AnsweringConfig
from regenesis.prompts.harness import HarnessPrompt, is_harness_prompt
from regenesis.types import Question, SourceRow

INSTALLED = importlib.util.find_spec("lm_eval") is not None
needs_the_harness = pytest.mark.skipif(not INSTALLED, reason="lm-evaluation-harness is not installed")

SUM = SourceRow("openai/gsm8k", "main", {"question": "What is 2 + 2?", "answer": "2 + 2 = 4\n#### 4"})
DATE = SourceRow(
    "lukaemon/bbh", "date_understanding", {"input": "What day is it?\nOptions:\n(A) 1\n(B) 2", "target": "(A)"}
)
WAY = SourceRow(
    "lukaemon/bbh", "navigate", {"input": "Take 2 steps. Do you return?\nOptions:\n- Yes\n- No", "target": "No"}
)


def question(name: str) -> Question:
    return Question(name, "task", "the text that regenesis shows", "4", "number")


def prompt(name: str, rows: Mapping[str, SourceRow | None], **answering: Any) -> HarnessPrompt:
    return HarnessPrompt(AnsweringConfig(prompt=f"lm-eval/{name}", **answering), rows)


@pytest.mark.parametrize(
    ("name", "is_one"), [("lm-eval/gsm8k", True), ("direct", False), ("./lm.j2", False), (None, False)]
)
def test_prompts_of_the_harness_are_told_by_their_prefix(name: str | None, is_one: bool) -> None:
    assert is_harness_prompt(name) is is_one


@pytest.mark.skipif(INSTALLED, reason="lm-evaluation-harness is installed")
def test_without_the_harness_it_says_what_to_install() -> None:
    with pytest.raises(ConfigError, match=r"pip install 'regenesis\[lm-eval\]'"):
        prompt("gsm8k_cot_zeroshot", {"a": SUM})


@needs_the_harness
def test_a_question_is_asked_as_the_harness_asks_its_row() -> None:
    (asked,) = prompt("gsm8k_cot_zeroshot", {"a": SUM}).messages(question("a"))
    assert (asked.role, asked.content) == ("user", "Q: What is 2 + 2?\nA: Let's think step by step.")


@needs_the_harness
def test_each_question_of_a_group_is_asked_by_the_task_of_its_part() -> None:
    rows = {"a": DATE, "b": WAY}
    asking = prompt("bbh_cot_zeroshot", rows)
    for name, part in (("a", "date_understanding"), ("b", "navigate")):
        alone = prompt(f"bbh_cot_zeroshot_{part}", {name: rows[name]})
        assert asking.messages(question(name)) == alone.messages(question(name))
        assert asking.messages(question(name))[0].role == "system"


@needs_the_harness
def test_examples_that_stand_in_the_tasks_file_come_first() -> None:
    asked = prompt("gsm8k_cot", {"a": SUM}).messages(question("a"))
    assert [turn.role for turn in asked] == ["user", "assistant"] * 8 + ["user"]


@needs_the_harness
def test_a_system_message_comes_before_the_description() -> None:
    system = prompt("bbh_cot_zeroshot", {"a": DATE}, system="Be brief.").messages(question("a"))[0]
    assert system.content.startswith("Be brief.\n\nInfer")


@needs_the_harness
@pytest.mark.parametrize(
    ("reply", "kept"),
    [("It is 4.", "It is 4."), ("It is 4.\nQ: What is 3?\nA: 9", "It is 4.\n"), ("4</s>Q:", "4"), ("Q: x", "")],
)
def test_a_reply_ends_where_the_harness_stops_it(reply: str, kept: str) -> None:
    assert prompt("gsm8k_cot_zeroshot", {"a": SUM}).cut(question("a"), reply) == kept


@needs_the_harness
def test_the_digest_is_that_of_the_prompt_and_not_of_the_questions() -> None:
    other = SourceRow("openai/gsm8k", "main", {"question": "What is 3 + 3?", "answer": "#### 6"})
    first, second = prompt("gsm8k_cot_zeroshot", {"a": SUM}), prompt("gsm8k_cot_zeroshot", {"b": other})
    assert first.digest == second.digest
    assert first.digest != prompt("gsm8k_cot", {"a": SUM}).digest
    assert first.digest != prompt("gsm8k_cot_zeroshot", {"a": SUM}, system="Be brief.").digest


@needs_the_harness
@pytest.mark.parametrize(
    ("name", "row", "complaint"),
    [
        ("gsm8k_cot_zershot", SUM, "has no task 'gsm8k_cot_zershot'; nearest: gsm8k_cot_zeroshot"),
        ("gsm8k", SUM, "draws its 5 examples from another split"),
        ("arc_challenge", SourceRow("allenai/ai2_arc", "ARC-Challenge", {"question": "?"}), "compares log-likelihoods"),
        (
            "arc_challenge_chat",
            SourceRow("allenai/ai2_arc", "ARC-Challenge", {"question": "?"}),
            "begins the model's reply",
        ),
        ("gsm8k_cot_zeroshot", DATE, r"asks questions of openai/gsm8k \(main\), and a is one of lukaemon/bbh"),
        ("bbh_cot_zeroshot_navigate", DATE, r"SaylorTwift/bbh \(navigate\), and a is one of lukaemon/bbh \(date"),
        ("gsm8k_cot_zeroshot", SourceRow("", "", {"text": "?"}), "their rows have the columns text"),
    ],
)
def test_what_cannot_be_asked_is_said_at_the_start(name: str, row: SourceRow, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        prompt(name, {"a": row})


@needs_the_harness
def test_generated_questions_have_no_rows_to_ask() -> None:
    with pytest.raises(ConfigError, match="a is generated"):
        prompt("gsm8k_cot_zeroshot", {"a": None})
