from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenesis.engines import thoughts
from regenesis.engines.thoughts import CLOSING, OPENING, Split, closing_of, opening_at_end, share_of_thought, split

FAMILIES = {
    "think": ("<think>\n", "\n</think>\n\n", ""),
    "thinking": ("<thinking>", "</thinking>\n", ""),
    "thought": ("<thought>\n", "\n</thought>\n", ""),
    "reasoning": ("<reasoning>", "</reasoning>\n", ""),
    "seed": ("<seed:think>", "</seed:think>", ""),
    "longcat": ("<longcat_think>\n", "\n</longcat_think>\n", ""),
    "magistral": ("[THINK]", "[/THINK]", ""),
    "kimi": ("◁think▷", "◁/think▷", ""),
    "gemma": ("<|channel>thought\n", "<channel|>", ""),
    "harmony": (
        "<|channel|>analysis<|message|>",
        "<|end|><|start|>assistant<|channel|>final<|message|>",
        "<|return|>",
    ),
    "harmony, cut to its text": ("analysisThe user asks. ", "assistantfinal", ""),
    "command": ("<|START_THINKING|>", "<|END_THINKING|><|START_RESPONSE|>", "<|END_RESPONSE|>"),
    "open thinker": (
        "<|begin_of_thought|>\n\n",
        "\n\n<|end_of_thought|>\n\n<|begin_of_solution|>\n\n",
        "\n\n<|end_of_solution|>",
    ),
    "apertus": ("<|inner_prefix|>", "<|inner_suffix|>", ""),
    "solar": ("<|think|>", "<|end|><|begin|>assistant<|content|>", "<|end|>"),
    "marco": ("<Thought>\n", "\n</Thought>\n<Output>\n", "\n</Output>"),
    "tag with attributes": ('<think duration="3">\n', "\n</think>\n\n", ""),
    "special tokens": ("<|thinking|>\n", "\n<|/thinking|>\n", ""),
    "pangu": ("[unused16]", "[unused17]", ""),
    "apriel": ("Here are my reasoning steps:\n", "\n[BEGIN FINAL RESPONSE]\n", "\n[END FINAL RESPONSE]\n<|end|>"),
    "huatuo": ("## Thinking\n\n", "\n\n## Final Response\n\n", ""),
    "granite": ("Here is my thought process:\n", "\nHere is my response:\n", ""),
    "hunyuan": ("<think>\n", "\n</think>\n<answer>\n", "\n</answer>"),
    "ernie": ("<think>\n", "\n</think>\n\n<response>\n", "\n</response>"),
}
BY_NAME = pytest.mark.parametrize("marks", FAMILIES.values(), ids=FAMILIES)
MUST_BE_CLOSED = {"granite", "apriel", "huatuo"}
words = st.text(st.characters(exclude_characters="<>[]|◁▷/"), min_size=1).filter(str.strip)


@BY_NAME
def test_a_thought_is_parted_from_the_reply(marks: tuple[str, str, str]) -> None:
    opening, closing, tail = marks
    parts = split(f"{opening}per week? 3 + 4 = 7.{closing}1. Add.\n\n\\boxed{{7}}{tail}")
    assert parts.thought.endswith("per week? 3 + 4 = 7.")
    assert parts.reply == "1. Add.\n\n\\boxed{7}"


@pytest.mark.parametrize(
    "marks",
    [marks for name, marks in FAMILIES.items() if name not in MUST_BE_CLOSED],
    ids=[name for name in FAMILIES if name not in MUST_BE_CLOSED],
)
def test_a_thought_that_never_ends_leaves_no_reply(marks: tuple[str, str, str]) -> None:
    parts = split(f"{marks[0]}per week? 3 + 4 = 7. The answer is \\boxed{{7")
    assert parts.thought.endswith("per week? 3 + 4 = 7. The answer is \\boxed{7")
    assert parts.reply == ""


@pytest.mark.parametrize(
    "name", ["think", "seed", "magistral", "kimi", "gemma", "harmony", "command", "hunyuan", "apriel"]
)
def test_a_thought_that_the_prompt_opened_is_known_by_its_closing_alone(name: str) -> None:
    opening, closing, tail = FAMILIES[name]
    expected = Split("per week? 3 + 4 = 7.", "1. Add.")
    assert split(f"per week? 3 + 4 = 7.{closing}1. Add.{tail}") == expected
    assert split(f"per week? 3 + 4 = 7.{closing}1. Add.{tail}", opening.strip()) == expected


def test_where_the_prompt_opened_a_thought_a_text_without_marks_is_thought() -> None:
    for opening in ("<think>", "[unused16]", "Here are my reasoning steps:"):
        assert split("per week? 3 + 4", opening) == Split("per week? 3 + 4", "")


@pytest.mark.parametrize(
    ("text", "thought", "reply"),
    [
        ("<think>\n\n</think>\n\n1. Add.", "", "1. Add."),
        ("</think>\n\n1. Add.", "", "1. Add."),
        ("\n <think>a</think>1. Add.", "a", "1. Add."),
        ("<think>a</think>\n<think>b</think>\n1. Add.", "a\n\nb", "1. Add."),
        ("<think>a</think>\n\n</think>\n1. Add.", "a", "1. Add."),
        ("a.\n</think>\nb.\n</think>\n1. Add.", "a.\n</think>\nb.", "1. Add."),
        ("<think>Should I write `</answer>`?</think>1. Add.", "Should I write `</answer>`?", "1. Add."),
        ("<think>a</think><answer>7</answer>", "a", "7"),
        ("<think>a</think><answer>7", "a", "7"),
        ("<think>a</think><answer>7</answer> and <answer>8</answer>", "a", "<answer>7</answer> and <answer>8</answer>"),
        ("<|channel|>final<|message|>1. Add.<|return|>", "", "1. Add."),
        (
            "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>commentary<|message|>b<|end|>"
            "<|start|>assistant<|channel|>final<|message|>1. Add.",
            "a\n\nb",
            "1. Add.",
        ),
        ("analysisWe add.assistantcommentaryI say so.assistantfinal1. Add.", "We add.\n\nI say so.", "1. Add."),
        ("<|channel|>analysis<|message|>a<|end|>", "a", ""),
        ("<think>", "", ""),
    ],
)
def test_a_thought_in_an_unusual_place_is_parted_all_the_same(text: str, thought: str, reply: str) -> None:
    assert split(text) == Split(thought, reply)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1. Add.\n\n\\boxed{7}\n",
        "Put it between <think> and </think>.",
        "1. Write <think> first.\n2. Then the thought.\n</think>\n3. Done.",
        "The tag `</think>` closes it.",
        "Write </think> last",
        'It ends in "</think>"',
        "analysis of the sum: 7",
        "Here is my thought process: first I add.",
        "[THINKING] about it",
        "Here are my reasoning steps: 1. Add. 2. It is 7.",
        "## Thinking\n\n1. Add.\n\n\\boxed{7}",
        "The final step: <answer>7</answer>",
        "<b>bold</b> words",
        "Thinking: 3 < 4 and 5 > 4",
    ],
)
def test_marks_that_an_ordinary_reply_speaks_of_stay_in_it(text: str) -> None:
    assert split(text) == Split("", text)


@given(st.sampled_from(sorted(FAMILIES)), words, words)
def test_whatever_stands_between_the_marks_is_found_again(name: str, thought: str, reply: str) -> None:
    opening, closing, tail = FAMILIES[name]
    parts = split(f"{opening}{thought}{closing}{reply}{tail}")
    assert (parts.thought.endswith(thought.strip()), parts.reply) == (True, reply.strip())


@given(words)
def test_a_text_without_marks_is_a_reply_as_it_stands(text: str) -> None:
    if not text.lstrip().startswith(("analysis", "commentary", "Here")) and "assistantfinal" not in text:
        assert split(text) == Split("", text)


MARKS = sorted({mark for marks in FAMILIES.values() for mark in marks if mark})


@given(st.lists(st.sampled_from(MARKS) | st.text(max_size=6)).map("".join), st.sampled_from(["", "<think>", "[THINK]"]))
def test_any_order_of_marks_gives_two_texts_that_hold_nothing_new(text: str, opened: str) -> None:
    parts = split(text, opened)
    assert len(parts.thought) + len(parts.reply) <= len(opened + text) + 2 * text.count("\n") + 2 * len(MARKS) + len(
        text
    )
    assert parts.reply in text


@pytest.mark.parametrize(
    "piece",
    ["<think>", "</think> a", "a.\n</think>\n", "<think>a</think>", "<|channel|>", "assistant", "<|end|> ", "\n"],
)
def test_a_text_full_of_marks_is_read_all_the_same(piece: str) -> None:
    split(piece * 20_000)
    split(piece * 20_000, "<think>")


@pytest.mark.parametrize(
    ("prompt", "opening"),
    [
        ("<|Assistant|><think>\n", "<think>"),
        ("<|im_start|>assistant\n<think>", "<think>"),
        ("<|im_start|>assistant\n<think>\n\n</think>\n\n", ""),
        ("<|im_start|>assistant\n", ""),
        ("<|start|>assistant<|channel|>analysis<|message|>", "<|start|>assistant<|channel|>analysis<|message|>"),
        ("<|turn>model\n<|channel>thought\n", "<|channel>thought"),
        ("[INST]Why?[/INST][THINK]", "[THINK]"),
        ("", ""),
    ],
)
def test_what_opens_a_thought_is_seen_at_the_end_of_a_prompt(prompt: str, opening: str) -> None:
    assert opening_at_end(prompt) == opening


IN_PLAIN_WORDS = {"granite", "huatuo", "harmony, cut to its text"}


@pytest.mark.parametrize("name", sorted(FAMILIES.keys() - IN_PLAIN_WORDS))
def test_a_thought_closed_as_its_opening_asks_is_parted_from_the_reply(name: str) -> None:
    opening = FAMILIES[name][0].strip()
    assert split(f"{opening}\nper week?{closing_of(opening)}1. Add.") == Split("per week?", "1. Add.")
    assert split(f"per week?{closing_of(opening)}1. Add.", opening) == Split("per week?", "1. Add.")
    assert re.fullmatch(OPENING, opening)
    assert re.fullmatch(CLOSING, closing_of(opening))


@pytest.mark.parametrize(
    "template",
    [
        "<|user|>\n{{ m.content }}<|end|>\n<|assistant|>\n",
        "{% set analysisResult = m.content %}[INST]{{ m.content }}[/INST]",
        "<|start_header_id|>assistant<|end_header_id|>",
    ],
)
def test_a_chat_template_without_thoughts_holds_no_mark_of_one(template: str) -> None:
    assert not re.search(f"{OPENING}|{CLOSING}", template)


@pytest.mark.parametrize(
    ("thought", "reply", "share"), [("", "four", 0), ("abcd", "", 10), ("abc", "d", 7), ("", "", 0)]
)
def test_tokens_are_shared_out_by_the_length_of_thought_and_reply(thought: str, reply: str, share: int) -> None:
    assert share_of_thought(10, thought, reply) == share


@given(st.sampled_from([opening for opening, _, _ in FAMILIES.values()]), st.integers(0, 3), st.text(max_size=5))
def test_the_quick_look_passes_over_no_opening(opening: str, cut: int, after: str) -> None:
    text = f" \n{opening[cut:]}{after}"
    assert (thoughts._ANY_OPENING.match(text) is not None) == any(one.match(text) for one in thoughts._OPENINGS)
