"""The curator as a whole: the order of defects, the published options, and laws of cleaning."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenesis.config import CurationConfig, load_config
from regenesis.curation import DEFECTS, Curator
from regenesis.curation.numbered import OPENING
from regenesis.prompts import load_answering
from regenesis.types import Question, ReasoningPath

GOOD = "She has 16 - 3 - 4 = 9 eggs left.\nThey sell for 9 * 2 = 18 dollars.\nThe answer is \\boxed{18}."
QUESTION = Question("q", "t", "What do the eggs sell for?", "18", "number")
PAPER = CurationConfig(numbered_list="require", boxed="unwrap")

FRAGMENTS = st.sampled_from(
    [
        "Sure! ",
        "Here is the solution:\n",
        "Following the reasoning structure, ",
        "\n1. 3 + 4 = 7",
        "\n2. 7 * 2 = 14",
        " \\boxed{14} ",
        "\\boxed{",
        "}",
        "\n\nQuestion: What is 1 + 1?",
        "\nUser: hi",
        "<|im_end|>",
        "\ud83d",
        "\ude00",
        "\r\n",
        "\n\n\n",
        "\ufeff",
        "The answer is 14.",
        "x",
        " ",
    ]
)
TEXTS = st.lists(FRAGMENTS | st.text(max_size=8), max_size=12).map("".join)


@pytest.mark.parametrize(
    ("change", "text", "expected"),
    [
        ({}, GOOD, None),
        ({"defect": "broken_structure", "truncated": True}, "", "broken_structure"),
        ({"truncated": True}, "", "truncated"),
        ({"tokens": 0}, " \n", "empty"),
        ({"tokens": 5}, "The answer is \\boxed{18}.", "no_steps"),
        ({"tokens": 19}, GOOD, "too_short"),
        ({"tokens": 20}, GOOD, None),
        ({"tokens": 1000}, GOOD, None),
        ({"tokens": 1001}, GOOD, "too_long"),
        ({}, GOOD + " So 18." * 9 + "\ufffd", "repetition"),
        ({}, GOOD + "\ufffd \\boxed{", "garbage"),
        ({}, "User: hi\n" + GOOD + " \\boxed{", "broken_box"),
        ({}, "User: hi\nThe hint helps.\n" + GOOD, "invented_turn"),
        ({}, "The hint helps.\n" + GOOD, "leak"),
    ],
)
def test_the_first_reason_in_the_fixed_order_is_named(
    change: dict[str, object], text: str, expected: str | None, path_of: Callable[..., ReasoningPath]
) -> None:
    assert Curator(CurationConfig()).defect(path_of(text, **change), text, QUESTION) == expected
    assert expected in (*DEFECTS, None, "broken_structure")


def test_a_phrase_of_the_prompt_set_must_not_leak_whatever_its_case(path_of: Callable[..., ReasoningPath]) -> None:
    curator = Curator(CurationConfig(), scaffold=["Worked Blueprint"])
    text = GOOD + " This ends the worked\nblueprint."
    assert curator.defect(path_of(text), text, QUESTION) == "leak"
    assert curator.defect(path_of(GOOD), GOOD, QUESTION) is None


def test_a_path_without_a_box_is_dropped_unless_the_config_lets_it_pass(path_of: Callable[..., ReasoningPath]) -> None:
    text = "16 - 3 - 4 = 9 eggs are left. 9 * 2 = 18, so she makes 18 dollars every day at the market."
    assert Curator(CurationConfig()).defect(path_of(text), text, QUESTION) == "unboxed"
    assert Curator(CurationConfig(require_box=False)).defect(path_of(text), text, QUESTION) is None


def test_the_box_that_is_taken_off_counts_as_one(path_of: Callable[..., ReasoningPath]) -> None:
    curator = Curator(CurationConfig(boxed="unwrap"))
    path = path_of(GOOD)
    assert curator.defect(path, curator.clean(path, QUESTION), QUESTION) is None


def test_a_path_without_a_numbered_list_is_dropped_where_one_is_required(path_of: Callable[..., ReasoningPath]) -> None:
    assert Curator(PAPER).defect(path_of(GOOD), GOOD, QUESTION) == "no_list"


def test_the_published_options_open_with_the_list_and_take_the_box_off(path_of: Callable[..., ReasoningPath]) -> None:
    path = path_of("Let me see.\n\n1. 16 - 3 - 4 = 9\n2. 9 * 2 = 18\n\nThe answer is $\\boxed{18}$.")
    text = Curator(PAPER).clean(path, QUESTION)
    assert text == f"{OPENING}\n\n1. 16 - 3 - 4 = 9\n2. 9 * 2 = 18\n\nThe answer is $18$."
    assert Curator(PAPER).defect(path, text, QUESTION) is None


def test_the_paper_preset_turns_the_other_filters_off(path_of: Callable[..., ReasoningPath], tmp_path: object) -> None:
    text = "1. loop\n2. " + "the same again " * 30 + "\\boxed{18}"
    file = tmp_path / "config.yaml"  # type: ignore[operator]
    file.write_text("preset: paper\ntasks: [{name: gsm8k}]\n")
    curator = Curator(load_config(file).curation)
    assert curator.defect(path_of(text, tokens=3), text, QUESTION) is None
    assert curator.defect(path_of(text, tokens=800), text, QUESTION) == "too_long"


def test_a_good_path_is_left_as_it_is(path_of: Callable[..., ReasoningPath]) -> None:
    assert Curator(CurationConfig()).clean(path_of(GOOD), QUESTION) == GOOD


@given(TEXTS, st.sampled_from([CurationConfig(), PAPER]))
def test_cleaning_twice_is_cleaning_once(
    path_of: Callable[..., ReasoningPath], text: str, config: CurationConfig
) -> None:
    curator = Curator(config)
    once = curator.clean(path_of(text), QUESTION)
    assert curator.clean(path_of(once), QUESTION) == once


@pytest.mark.parametrize(
    "text",
    [
        "Certainly, Answer: Question: 3 + 4 [INST]",
        "Sure! Answer: 7\nUser: and now?",
        "Okay. Great! Answer: 7 <|im_end|> more",
        "Following the reasoning structure, answer: 7\n\n# Question: and 8?",
        "Sure! **Answer:** 7\n\nUser: thanks\n\nSure! **Answer:** 8",
    ],
)
def test_what_an_opening_hid_is_cut_in_the_same_cleaning(path_of: Callable[..., ReasoningPath], text: str) -> None:
    once = Curator(CurationConfig()).clean(path_of(text), QUESTION)
    assert Curator(CurationConfig()).clean(path_of(once), QUESTION) == once
    assert "[INST]" not in once
    assert "User:" not in once


@given(TEXTS | st.text())
def test_cleaned_text_can_be_stored_and_any_text_has_a_known_fate(
    path_of: Callable[..., ReasoningPath], text: str
) -> None:
    curator = Curator(CurationConfig())
    cleaned = curator.clean(path_of(text), QUESTION)
    cleaned.encode()
    assert curator.defect(path_of(text), cleaned, QUESTION) in (*DEFECTS, None)


@pytest.mark.parametrize("form", load_answering().scaffold)
def test_words_that_ask_for_the_form_of_the_answer_are_scaffold(
    form: str, path_of: Callable[..., ReasoningPath]
) -> None:
    text = f"16 - 7 = 9 eggs are left.\nThey sell for 9 * 2 = 18 dollars.\nWrite {form} here: \\boxed{{18}}"
    curator = Curator(CurationConfig(), scaffold=load_answering().scaffold)
    assert curator.defect(path_of(text), text, QUESTION) == "leak"


def test_a_path_that_repeats_its_plan_has_no_steps(path_of: Callable[..., ReasoningPath]) -> None:
    plan = "1. The eggs that are left after breakfast.\n2. What these are sold for at the market."
    text = f"{plan}\n\\boxed{{18}}"
    steps = (("structure", "a", plan), ("solve", "b", text), ("judge", "c", "yes"))
    assert Curator(CurationConfig()).defect(path_of(text, steps=steps), text, QUESTION) == "no_steps"
    assert Curator(CurationConfig()).defect(path_of(text), text, QUESTION) is None
