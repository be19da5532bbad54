"""Which columns of a table hold what: layouts as they are published, and what is asked where that cannot be told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from regenesis.errors import TaskError

Jsonl = Callable[..., Any]

OPTIONS = ["wool", "iron", "clay", "milk"]
LETTERS = dict(zip("ABCD", OPTIONS, strict=True))
WHICH = "Which of these is a metal?"
SHOWN = f"{WHICH}\n(A) wool\n(B) iron\n(C) clay\n(D) milk"


def own(file: Any, **options: Any) -> dict[str, Any]:
    return {"name": "mine", "file": str(file), **options}


def spread(form: str, marks: str = "ABCD") -> dict[str, str]:
    """The options in one column each."""
    return {form.format(mark): option for mark, option in zip(marks, OPTIONS, strict=True)}


GOLD_NAMES = [
    "expected_answer", "Answer", "final_answer", "Final Answer", "golden_answer", "gold_answer", "ground_truth",
    "groundTruth", "answerKey", "correct_answer", "Correct Answer", "reference_answer", "label", "correct", "expected",
    "output", "TARGET", "numerical_answer",
]  # fmt: skip


@pytest.mark.parametrize("name", GOLD_NAMES)
def test_a_gold_column_may_have_any_of_its_usual_names(name: str, jsonl: Jsonl, load: Any) -> None:
    loaded = load(own(jsonl({"question": "6 * 7?", name: "42", "source": "x"})))
    assert [(q.gold, q.kind) for q in loaded.questions] == [("42", "number")]
    assert loaded.notes == [f"mine: gold answer from `{name}`"]
    assert loaded.counts[0].unused == ("source",)


@pytest.mark.parametrize(
    "name", ["Question", "question_text", "PROBLEM", "problem_statement", "query", "instruction", "stem"]
)
def test_a_question_column_may_have_any_of_its_usual_names(name: str, jsonl: Jsonl, load: Any) -> None:
    assert load(own(jsonl({name: "6 * 7?", "answer": "42"}))).questions[0].text == "6 * 7?"


LAYOUTS: dict[str, tuple[dict[str, Any], str, str | None, str]] = {
    "an empty answer beside one that is filled": (
        {"question": "6 * 7?", "answer": None, "answer_number": 42, "equation_solution": None},
        "6 * 7?",
        "42",
        "number",
    ),
    "an empty answer beside a solution": (
        {"prompt": "6 * 7?", "solution": "42", "answer": None, "rate": 0.5},
        "6 * 7?",
        "42",
        "number",
    ),
    "labels of a passage's parts": (
        {"question": "Is it so?", "context": {"contexts": ["x"], "labels": ["AIM"]}, "final_decision": "yes"},
        "Is it so?",
        "yes",
        "boolean",
    ),
    # name: row, question, gold, kind
    "verl": (
        {
            "data_source": "sums",
            "prompt": [{"role": "user", "content": "6 * 7?"}],
            "ability": "math",
            "reward_model": {"style": "rule", "ground_truth": "42"},
            "extra_info": {"split": "train", "index": 0, "answer": "6 * 7 = 42\n#### 42", "question": "6 * 7?"},
        },
        "6 * 7?",
        "42",
        "number",
    ),
    "verl out of a CSV": (
        {
            "prompt": "[{'content': '6 * 7?', 'role': 'user'}]",
            "reward_model": "{'ground_truth': '42', 'style': 'rule'}",
        },
        "6 * 7?",
        "42",
        "number",
    ),
    "flattened": ({"question": "6 * 7?", "reward_model.ground_truth": "42"}, "6 * 7?", "42", "number"),
    "trl chat": (
        {
            "prompt": [{"role": "user", "content": "6 * 7?"}],
            "completion": [{"role": "assistant", "content": "42"}],
        },
        "6 * 7?",
        "42",
        "number",
    ),
    "trl prompt only": (
        {"prompt": [{"role": "user", "content": "6 * 7?"}], "solution": "42"},
        "6 * 7?",
        "42",
        "number",
    ),
    "openai": (
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "6 * 7?"},
                {"role": "assistant", "content": "42"},
            ]
        },
        "6 * 7?",
        "42",
        "number",
    ),
    "openai parts": (
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "6 * 7?"}]}], "answer": 42},
        "6 * 7?",
        "42",
        "number",
    ),
    "sharegpt": (
        {"conversations": [{"from": "human", "value": "6 * 7?"}, {"from": "gpt", "value": "42"}]},
        "6 * 7?",
        "42",
        "number",
    ),
    "several turns": (
        {
            "conversations": [
                {"from": "human", "value": "Hello"},
                {"from": "gpt", "value": "Hello!"},
                {"from": "human", "value": "6 * 7?"},
                {"from": "gpt", "value": "42"},
            ]
        },
        "6 * 7?",
        "42",
        "number",
    ),
    "solution and result": (
        {"problem": "6 * 7?", "solution": "We multiply. \\boxed{42}", "answer": "42", "level": 1},
        "6 * 7?",
        "42",
        "number",
    ),
    "worked answer and result": (
        {"question": "6 * 7?", "answer": "6 * 7 = 42\n#### 42", "final_answer": "42"},
        "6 * 7?",
        "42",
        "number",
    ),
    "instruction without input": ({"instruction": "6 * 7?", "input": "", "output": "42"}, "6 * 7?", "42", "number"),
    "aliases": (
        {"question": "Capital?", "answer": {"value": "Paris", "aliases": ["Lutetia"]}},
        "Capital?",
        "Paris",
        "text",
    ),
    "category called label": ({"question": "6 * 7?", "answer": "42", "label": "sums"}, "6 * 7?", "42", "number"),
    "letters": ({"question": WHICH, **LETTERS, "answer": "B"}, SHOWN, "B", "choice"),
    "letters, gold as text": ({"question": WHICH, **LETTERS, "answer": "iron"}, SHOWN, "B", "choice"),
    "letters, gold as a sentence": (
        {"question": WHICH, **LETTERS, "answer": "The answer is (B)."},
        SHOWN,
        "B",
        "choice",
    ),
    "letters, gold as label and text": ({"question": WHICH, **LETTERS, "answer": "B. iron"}, SHOWN, "B", "choice"),
    "letters behind brackets": ({"question": WHICH, **spread("{})", "abcd"), "answer": "b"}, SHOWN, "B", "choice"),
    "option_a": ({"question": WHICH, **spread("option_{}", "abcd"), "answer": "option_b"}, SHOWN, "B", "choice"),
    "Option A": ({"Question": WHICH, **spread("Option {}"), "Correct Answer": "Option B"}, SHOWN, "B", "choice"),
    "option1": ({"question": WHICH, **spread("option{}", "1234"), "answer": "option2"}, SHOWN, "B", "choice"),
    "answerA": ({"question": WHICH, **spread("answer{}"), "label": "B"}, SHOWN, "B", "choice"),
    "a_option": ({"question": WHICH, **spread("{}_option", "abcd"), "answer": "b"}, SHOWN, "B", "choice"),
    "opa": ({"question": WHICH, **spread("op{}", "abcd"), "cop": "b"}, SHOWN, "B", "choice"),
    "endings": ({"ctx": WHICH, "endings": OPTIONS, "label": "iron"}, SHOWN, "B", "choice"),
    "answers and a label": ({"question": WHICH, "answers": OPTIONS, "label": "B"}, SHOWN, "B", "choice"),
    "choices in a nested question": (
        {
            "question": {"stem": WHICH, "choices": [{"label": k, "text": v} for k, v in LETTERS.items()]},
            "answerKey": "B",
        },
        SHOWN,
        "B",
        "choice",
    ),
    "answer and its label": (
        {"question": WHICH, "options": LETTERS, "answer": "iron", "answer_idx": "B"},
        SHOWN,
        "B",
        "choice",
    ),
    "label and its position": (
        {"question": WHICH, "options": OPTIONS, "answer": "B", "answer_index": 1},
        SHOWN,
        "B",
        "choice",
    ),
    "flags": ({"question": WHICH, "mc1_targets": {"choices": OPTIONS, "labels": [0, 1, 0, 0]}}, SHOWN, "B", "choice"),
    "flags of two kinds": (
        {
            "question": WHICH,
            "mc1_targets": {"choices": OPTIONS, "labels": [0, 1, 0, 0]},
            "mc2_targets": {"choices": OPTIONS, "labels": [0, 1, 0, 1]},
        },
        SHOWN,
        "B",
        "choice",
    ),
    "scores": (
        {
            "inputs": WHICH,
            "targets": ["iron"],
            "multiple_choice_targets": OPTIONS,
            "multiple_choice_scores": [0, 1, 0, 0],
        },
        SHOWN,
        "B",
        "choice",
    ),
    "options in a line": (
        {"Problem": WHICH, "options": "a ) wool , b ) iron , c ) clay , d ) milk", "correct": "b"},
        f"{WHICH}\n(a) wool\n(b) iron\n(c) clay\n(d) milk",
        "b",
        "choice",
    ),
    "columns filled up with null": (
        {"question": WHICH, "A": "wool", "B": "iron", "C": None, "D": "", "answer": "B"},
        f"{WHICH}\n(A) wool\n(B) iron",
        "B",
        "choice",
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_published_layouts_need_no_fields(name: str, jsonl: Jsonl, load: Any) -> None:
    row, text, gold, kind = LAYOUTS[name]
    [question] = load(own(jsonl(row))).questions
    assert (question.text, question.gold, question.kind) == (text, gold, kind)


POSITIONS: dict[str, tuple[list[Any], list[str]]] = {
    "whole numbers from 0": ([0, 3, 1], ["A", "D", "B"]),
    "floats from 0": ([1.0, 0.0, 2.0], ["B", "A", "C"]),
    "texts from 0": (["1", "0"], ["B", "A"]),
    "texts of floats from 0": (["1.0", "0.0"], ["B", "A"]),
    "from 1": ([4, 1, 2], ["D", "A", "B"]),
    "texts from 1": (["2", "4"], ["B", "D"]),
    "dressed up": (["option 2", "(4)", "Choice 1", "3."], ["B", "D", "A", "C"]),
    "of which one is held back": ([1, -1, 0], ["B", "A"]),
    "numbers that tell nothing count from 0": ([1, 2.0, "1"], ["B", "C", "B"]),
}


@pytest.mark.parametrize("name", POSITIONS)
def test_positions_are_told_from_the_whole_column(name: str, jsonl: Jsonl, load: Any) -> None:
    cells, golds = POSITIONS[name]
    rows = [{"question": f"{WHICH} {number}", "choices": OPTIONS, "label": cell} for number, cell in enumerate(cells)]
    loaded = load(own(jsonl(*rows)))
    assert [q.gold for q in loaded.questions if q.gold] == golds
    assert any("`label` holds positions of options, the first being" in note for note in loaded.notes)


def test_where_positions_begin_is_looked_for_beyond_the_first_rows(jsonl: Jsonl, load: Any) -> None:
    rows = [
        {"question": f"{WHICH} {number}", "choices": OPTIONS, "label": str(number % 3 + 1)} for number in range(300)
    ]
    loaded = load(own(jsonl(*rows, {"question": WHICH, "choices": OPTIONS, "label": "4"}), limit=1))
    assert loaded.questions[0].gold == "A"


def test_positions_come_before_options_that_read_like_numbers(jsonl: Jsonl, load: Any) -> None:
    rows = [
        {"question": "3!?", "choices": ["8", "2", "6", "1"], "answer": 2},
        {"question": "2 + 2?", "choices": ["4", "2", "1", "3"], "answer": 0},
    ]
    assert [q.gold for q in load(own(jsonl(*rows))).questions] == ["C", "A"]


def test_labels_that_are_numbers_are_no_positions(jsonl: Jsonl, load: Any) -> None:
    choices = {"label": ["1", "2", "3"], "text": OPTIONS[:3]}
    rows = [{"question": WHICH, "choices": choices, "answerKey": key} for key in ("2", "1")]
    assert load(own(jsonl(rows[0]))).questions[0].gold == "2"


def test_texts_that_may_count_from_0_or_1_are_asked_about(jsonl: Jsonl, load: Any) -> None:
    file = jsonl(
        {"question": WHICH, "choices": OPTIONS, "label": "2"}, {"question": "r", "choices": OPTIONS, "label": "1"}
    )
    with pytest.raises(TaskError) as error:
        load(own(file))
    assert 'fields: {gold: "{{ (label | int - 1) | letter }}"} if it is 1' in str(error.value)
    assert load(own(file, fields={"gold": "{{ (label | int - 1) | letter }}"})).questions[0].gold == "B"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            {"question": "q", "answer": "3", "final_answer": "4"},
            "`answer` and `final_answer` may all hold the gold answer, and differ. Name the right one: fields: {gold: ",
        ),
        (
            {"instruction": "Add.", "input": "6, 7", "output": "13"},
            "`instruction` and `input` may all hold the question",
        ),
        (
            {"question": "q", "choices": OPTIONS, **LETTERS, "answer": "A"},
            "`choices` and `A, B, C, D` may all hold the opt",
        ),
        ({"question": "q", **LETTERS, **spread("option{}", "1234"), "answer": "A"}, 'fields: {choices: "A, B, C, D"}'),
        (
            {"question": "a plus b?", "a": 3, "b": 4, "answer": 7},
            "a, b look like options, but `answer` names one of them in only 0 of 1 rows",
        ),
        ({"question": "b minus a?", "a": 3, "b": 4, "answer": 1}, "a, b look like options, but `answer` names"),
        (
            {"question": "q", "distractor1": "wool", "distractor2": "clay", "correct_answer": "iron"},
            'fields: {choices: "{{ [correct_answer, distractor1, distractor2] | sort }}"}',
        ),
        (
            {"Question": "q", "Correct Answer": "iron", "Incorrect Answer 1": "wool", "Incorrect Answer 2": "clay"},
            "{{ [row['Correct Answer'], row['Incorrect Answer 1'], row['Incorrect Answer 2']] | sort }}",
        ),
        (
            {"question": "q", "correct_answer": "iron", "incorrect_answers": ["wool", "clay"]},
            'fields: {choices: "{{ (incorrect_answers + [correct_answer]) | sort }}"}',
        ),
        (
            {"question": "q", "answer1": "wool", "answer2": "iron"},
            "answer1, answer2 look like options, but no column says",
        ),
        ({"question": "q", "cands": OPTIONS, "answer": "B"}, "fields: {choices: cands}"),
        ({"messages": [{"role": "assistant", "content": "hi"}], "answer": "1"}, "its chat has no user message"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}], "answer": "1"},
            "its chat contains parts that are not text (image_url)",
        ),
        ({"question": "q", "choices": OPTIONS, "answer": [1, 1, 0, 0]}, "marks 2 of its options as correct"),
    ],
)
def test_what_cannot_be_told_is_asked(row: dict[str, Any], said: str, jsonl: Jsonl, load: Any) -> None:
    with pytest.raises(TaskError) as error:
        load(own(jsonl(row)))
    assert said in str(error.value)


def test_the_way_out_that_is_named_works(jsonl: Jsonl, load: Any) -> None:
    operands = jsonl({"question": "a plus b?", "a": 3, "b": 4, "answer": 7})
    assert load(own(operands, fields={"choices": None})).questions[0].gold == "7"
    wrong = jsonl(
        {"Question": "q", "Correct Answer": "iron", "Incorrect Answer 1": "wool", "Incorrect Answer 2": "clay"}
    )
    fields = {"choices": "{{ [row['Correct Answer'], row['Incorrect Answer 1'], row['Incorrect Answer 2']] | sort }}"}
    [question] = load(own(wrong, fields=fields)).questions
    assert (question.text, question.gold) == ("q\n(A) clay\n(B) iron\n(C) wool", "B")


VERL = {"prompt": [{"role": "user", "content": "6 * 7?"}], "reward_model": {"ground_truth": "42"}, "info": {"no": "x7"}}


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "prompt[0].content", "gold": "reward_model.ground_truth", "id": "info.no"},
        {"text": "prompt[-1]['content']", "gold": "reward_model['ground_truth']", "id": 'info["no"]'},
        {"text": "prompt", "gold": "{{ reward_model.ground_truth }}", "id": "info.no"},
    ],
)
def test_fields_may_name_parts_of_columns(fields: dict[str, str], jsonl: Jsonl, load: Any) -> None:
    loaded = load(own(jsonl(VERL), fields=fields))
    assert [(q.id, q.text, q.gold) for q in loaded.questions] == [("mine/own/x7", "6 * 7?", "42")]
    assert loaded.counts[0].unused == ()


def test_options_may_be_named_by_their_parts(jsonl: Jsonl, load: Any) -> None:
    row = {"question": WHICH, "given": {"first": "wool", "second": "iron"}, "answer": "iron"}
    [question] = load(own(jsonl(row), fields={"choices": "given.first, given.second"})).questions
    assert (question.text, question.gold) == (f"{WHICH}\n(A) wool\n(B) iron", "B")


@pytest.mark.parametrize(
    ("stated", "meant"),
    [
        ("ground_truth", "reward_model.ground_truth"),
        ("reward_model.groundtruth", "reward_model.ground_truth"),
        ("prompt[0].contents", "prompt[0].content"),
        ("Reward_Model", "reward_model"),
    ],
)
def test_a_misspelt_part_is_answered_with_the_nearest(stated: str, meant: str, jsonl: Jsonl, load: Any) -> None:
    with pytest.raises(TaskError) as error:
        load(own(jsonl(VERL), fields={"text": "prompt", "gold": stated}))
    assert f"did you mean `{meant}`?" in str(error.value)


def test_a_part_that_a_row_lacks_makes_a_bad_row(jsonl: Jsonl, load: Any) -> None:
    file = jsonl(VERL, {**VERL, "reward_model": {"style": "rule"}}, {**VERL, "reward_model": None})
    loaded = load(own(file, fields={"gold": "reward_model.ground_truth"}, on_bad_row="skip"))
    assert [row.reason for row in loaded.bad_rows] == [
        "has no `reward_model.ground_truth` (there is {'style': 'rule'})"
    ]


def test_a_system_turn_that_differs_between_rows_belongs_to_the_question(jsonl: Jsonl, load: Any) -> None:
    rows = [
        {"messages": [{"role": "system", "content": said}, {"role": "user", "content": "How many?"}], "answer": "1"}
        for said in ("There is one hen.", "There are two hens.")
    ]
    loaded = load(own(jsonl(*rows)))
    assert [q.text for q in loaded.questions] == ["There is one hen.\n\nHow many?", "There are two hens.\n\nHow many?"]
    assert "the system message, which differs between rows, is prepended" in loaded.notes[0]


def test_a_system_turn_that_is_always_the_same_is_left_out_and_told(jsonl: Jsonl, load: Any) -> None:
    row = {
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "6 * 7?"}],
        "answer": "42",
    }
    loaded = load(own(jsonl(row)))
    assert loaded.questions[0].text == "6 * 7?"
    assert "the system message, the same in all rows looked at, is dropped ('Be brief.')" in loaded.notes[0]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            {"passage": "A long one.", "question": "Is it?", "answer": True},
            '`passage` is not shown to the model; if the question needs it: fields: {text: "{{ passage }}\\n\\n{{',
        ),
        ({"question": "q", "my_truth": "4"}, "if `my_truth` holds them: fields: {gold: my_truth}"),
        ({"question": "q"}, "no gold answers: no column is named answer, gold, target, solution or the like"),
    ],
)
def test_what_may_be_missed_is_told(row: dict[str, Any], said: str, jsonl: Jsonl, load: Any) -> None:
    assert any(said in note for note in load(own(jsonl(row))).notes)


def test_ids_of_another_name_are_taken_where_they_tell_rows_apart(jsonl: Jsonl, load: Any) -> None:
    rows = [{"question": f"q{number}", "answer": 1, "question_id": f"x{number}"} for number in range(2)]
    assert [q.id for q in load(own(jsonl(*rows))).questions] == ["mine/own/x0", "mine/own/x1"]
    alike = [{**row, "question_id": "x"} for row in rows]
    assert len({q.id for q in load(own(jsonl(*alike))).questions}) == 2


def test_a_column_found_by_its_name_alone_says_what_is_wrong_with_its_cells(jsonl: Jsonl, load: Any) -> None:
    with pytest.raises(TaskError, match="is an object of grade"):
        load(own(jsonl({"question": "q", "answer": {"grade": 1}})))


def test_a_lone_letter_without_options_is_read_by_its_looks(jsonl: Jsonl, load: Any) -> None:
    [question] = load(own(jsonl({"question": "(A) wool or (B) iron?", "answer": "B"}))).questions
    assert (question.gold, question.kind) == ("B", "choice")


def test_wrong_options_beside_several_right_answers_are_put_together_by_what_is_advised(
    jsonl: Jsonl, load: Any
) -> None:
    row = {"question": "Who?", "correct_answers": ["Ann", "Anne"], "incorrect_answers": ["Bo", "Cy"]}
    with pytest.raises(TaskError, match=r"incorrect_answers \+ \[correct_answers\[0\]\]"):
        load(own(jsonl(row)))
    fields = {"choices": "{{ (incorrect_answers + [correct_answers[0]]) | sort }}"}
    [question] = load(own(jsonl(row), fields=fields)).questions
    assert (question.gold, [choice.text for choice in question.choices]) == ("A", ["Ann", "Bo", "Cy"])
