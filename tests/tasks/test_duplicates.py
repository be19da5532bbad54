"""Questions that occur more than once, and what the account of a task says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regenesis.errors import TaskError
from regenesis.tasks import GoldExample

Jsonl = Callable[..., Path]


def row(question: str, answer: Any = 1, **more: Any) -> dict[str, Any]:
    return {"question": question, "answer": answer, **more}


def mine(file: Path, **options: Any) -> dict[str, Any]:
    return {"name": "mine", "file": str(file), **options}


@pytest.mark.parametrize(
    "again", ["How many\ncafés?", "  How many  cafés? ", "How many caf\u0065\u0301s?", "How many\u00a0cafés?\u200b"]
)
def test_a_question_is_the_same_however_it_is_spaced_and_encoded(again: str, jsonl: Jsonl, load: Any) -> None:
    loaded = load(mine(jsonl(row("How many cafés?"), row(again), row("Another?"))))
    assert [question.text for question in loaded.questions] == ["How many cafés?", "Another?"]
    assert (loaded.counts[0].repeated, loaded.counts[0].questions) == (1, 2)


@pytest.mark.parametrize("other", ["What is x2?", "what is x²?", "What is x²"])
def test_another_text_is_another_question(other: str, jsonl: Jsonl, load: Any) -> None:
    assert len(load(mine(jsonl(row("What is x²?"), row(other)))).questions) == 2


def test_the_same_words_with_other_options_are_another_question(jsonl: Jsonl, load: Any) -> None:
    file = jsonl(
        row("Which?", "red", choices=["red", "blue"]),
        row("Which?", "red", choices=["red", "green"]),
        row("Which?", "red", choices=["red", "blue"]),
    )
    assert len(load(mine(file)).questions) == 2


def test_rows_that_contradict_each_other_are_set_aside(jsonl: Jsonl, load: Any) -> None:
    loaded = load(mine(jsonl(row("q", 12), row("r", 5), row("q", 12), row("q", 13))))
    assert [question.text for question in loaded.questions] == ["r"]
    [found] = loaded.set_aside
    assert (found.task, found.text) == ("mine", "q")
    assert [(one["line"], one["gold"]) for one in found.rows] == [(1, "12"), (4, "13")]
    assert loaded.counts[0].set_aside == 1


@pytest.mark.parametrize("other", ["12", "12.0", "twelve", "12 pears", "so 3 * 4 = 12\n#### 12"])
def test_two_spellings_of_an_answer_are_no_contradiction(other: str, jsonl: Jsonl, load: Any) -> None:
    loaded = load(mine(jsonl(row("q", "12"), row("q", other))))
    assert [question.gold for question in loaded.questions] == ["12"]
    assert loaded.set_aside == []


def test_a_row_without_gold_takes_that_of_its_repetition(jsonl: Jsonl, load: Any) -> None:
    loaded = load(mine(jsonl(row("q", "N/A"), row("q", 12))))
    assert [question.gold for question in loaded.questions] == ["12"]
    assert loaded.counts[0].without_gold == 0


def test_a_limit_counts_what_is_asked(jsonl: Jsonl, load: Any) -> None:
    file = jsonl(row("a"), row("a"), row("b", 1), row("b", 2), row("c"), row("d"))
    assert [question.text for question in load(mine(file, limit=2)).questions] == ["a", "b"]
    assert [question.text for question in load(mine(file, limit=3)).questions] == ["a", "c", "d"]
    assert [question.text for question in load(mine(file, offset=1, limit=2)).questions] == ["c", "d"]


def test_a_question_of_two_tasks_is_asked_once(jsonl: Jsonl, load: Any) -> None:
    first, second = jsonl(row("q"), row("r"), name="one.jsonl"), jsonl(row("r"), row("s"), name="two.jsonl")
    loaded = load({"name": "one", "file": str(first)}, {"name": "two", "file": str(second)})
    assert [question.id.partition("/")[0] for question in loaded.questions] == ["one", "one", "two"]
    assert [count.repeated for count in loaded.counts] == [0, 1]


def test_what_is_measured_on_is_taken_as_it_stands(jsonl: Jsonl, load: Any) -> None:
    assert len(load(mine(jsonl(row("q"), row("q"))), once=False).questions) == 2


def test_nothing_but_contradictions_is_an_error_that_says_so(jsonl: Jsonl, load: Any) -> None:
    with pytest.raises(TaskError, match="Correct its gold answers"):
        load(mine(jsonl(row("q", 1), row("q", 2))))


def test_many_equal_rows_get_their_ids_one_by_one(jsonl: Jsonl, load: Any) -> None:
    questions = load(mine(jsonl(*[row("q")] * 20_000)), once=False).questions
    assert questions[-1].id == f"{questions[0].id}-20000"


def test_the_account_counts_kinds_and_shows_golds_beside_their_cells(jsonl: Jsonl, load: Any) -> None:
    file = jsonl(row("a", "so 3*4 = 12\n#### 12"), row("b", "Paris"), row("c", "n/a"), row("d", "yes"))
    count = load(mine(file)).counts[0]
    assert sorted(count.kinds.items()) == [("boolean", 1), ("number", 2), ("text", 1)]
    assert count.examples[0] == GoldExample("so 3*4 = 12\n#### 12", "12", "number")
    assert len(count.examples) == 3
    assert count.why_without == {"placeholder": 1}


def test_the_account_shows_an_option_with_its_text(jsonl: Jsonl, load: Any) -> None:
    count = load(mine(jsonl(row("Which?", 1, choices=["red", "blue"])))).counts[0]
    assert count.examples == (GoldExample("1", "B (blue)", "choice"),)
    assert count.kinds == {"choice": 1}


def test_letters_are_labels_where_all_golds_are(jsonl: Jsonl, load: Any) -> None:
    loaded = load(mine(jsonl(row("(A) red (B) blue?", "A"), row("(A) sun (B) moon?", "B"))))
    assert {question.kind for question in loaded.questions} == {"choice"}
    assert loaded.counts[0].notes == ("a single letter is read as the label of an option in the question",)


def test_a_limit_does_not_change_how_a_column_is_read(jsonl: Jsonl, load: Any) -> None:
    file = jsonl(row("a", "C"), *[row(f"q{number}", "zinc") for number in range(9)])
    assert load(mine(file, limit=1)).questions[0] == load(mine(file)).questions[0]
