from __future__ import annotations

import hashlib
import json
import os
import pickle
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.helpers.played import request

from regenesis.types import Choice, GradedPath, Message, Question, ReasoningPath, Request, Sampling, Verdict, seed_from

TEXTS = st.text(max_size=40)
MESSAGES = st.lists(st.builds(Message, st.sampled_from(["system", "user", "assistant"]), TEXTS), max_size=4)
SAMPLINGS = st.builds(
    Sampling,
    st.floats(0, 5, allow_nan=False),
    st.floats(0.01, 1, allow_nan=False),
    st.integers(1, 10_000),
)
REQUESTS = st.builds(
    Request,
    model=TEXTS,
    messages=MESSAGES.map(tuple),
    sampling=SAMPLINGS,
    seed=st.integers(0, 2**31 - 1),
    sample=st.integers(0, 1000),
    question_id=TEXTS,
    stage=st.sampled_from(["adapt", "structure", "solve"]),
)
SHAPING = ("model", "messages", "sampling", "seed", "sample")


def shape(one: Request) -> tuple[object, ...]:
    return tuple(getattr(one, name) for name in SHAPING)


@given(REQUESTS, REQUESTS)
def test_requests_share_a_key_exactly_if_all_that_shapes_the_completion_is_equal(one: Request, other: Request) -> None:
    assert (one.key == other.key) == (shape(one) == shape(other))


@given(REQUESTS)
def test_the_key_is_the_hash_that_ledgers_have_always_been_keyed_by(one: Request) -> None:
    drawn = [one.sampling.temperature, one.sampling.top_p, one.sampling.max_tokens]
    hashed = [one.model, [[turn.role, turn.content] for turn in one.messages], drawn, one.seed, one.sample]
    body = json.dumps(hashed, separators=(",", ":")).encode()
    assert one.key == hashlib.blake2b(body, digest_size=16).hexdigest()


@pytest.mark.parametrize("name", SHAPING)
@given(one=REQUESTS, other=REQUESTS)
def test_changing_any_one_shaping_part_changes_the_key(name: str, one: Request, other: Request) -> None:
    assume(getattr(one, name) != getattr(other, name))
    assert replace(one, **{name: getattr(other, name)}).key != one.key


@given(REQUESTS, st.integers(0, 50), st.integers(0, 50))
def test_samples_of_one_prompt_have_keys_of_their_own(one: Request, first: int, second: int) -> None:
    assert (replace(one, sample=first).key == replace(one, sample=second).key) == (first == second)


@given(REQUESTS, TEXTS, st.sampled_from(["adapt", "solve"]))
def test_labels_do_not_enter_the_key(one: Request, question_id: str, stage: str) -> None:
    assert replace(one, question_id=question_id, stage=stage).key == one.key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([Message("user", "ab")], [Message("user", "a"), Message("user", "b")]),
        ([Message("user", 'a"],["user","b')], [Message("user", "a"), Message("user", "b")]),
        ([Message("user", "a ")], [Message("user", "a")]),
        ([Message("user", "é")], [Message("user", "e\u0301")]),
        ([Message("user", "\ud800")], [Message("user", "?")]),
        ([Message("user", "a")], [Message("assistant", "a")]),
    ],
)
def test_chats_that_look_alike_have_keys_of_their_own(one: list[Message], other: list[Message]) -> None:
    assert request(messages=one).key != request(messages=other).key


def test_a_whole_temperature_is_the_same_as_an_integer_one() -> None:
    whole, decimal = (request(sampling=Sampling(value, 1, 10)) for value in (1, 1.0))
    assert whole == decimal
    assert whole.key == decimal.key


def test_a_key_is_32_hex_digits() -> None:
    assert len(request().key) == 32
    int(request().key, 16)


PARTS = st.lists(st.one_of(TEXTS, st.integers()), max_size=5)


@given(PARTS)
def test_a_seed_is_in_range(parts: list[str | int]) -> None:
    assert 0 <= seed_from(*parts) < 2**31


def test_seeds_of_different_names_differ() -> None:
    names = [(0, f"q{q}", g, stage, sample) for q in range(20) for g in "abcde" for stage in "xyz" for sample in (0, 1)]
    assert len({seed_from(*name) for name in names}) == len(names)


@pytest.mark.parametrize(("one", "other"), [(("a", "bc"), ("ab", "c")), (("1",), (1,)), (("a",), ("a", ""))])
def test_a_seed_keeps_its_parts_apart(one: tuple[str | int, ...], other: tuple[str | int, ...]) -> None:
    assert seed_from(*one) != seed_from(*other)


def test_keys_and_seeds_are_the_same_in_every_process() -> None:
    code = (
        "from regenesis.types import *\n"
        "r = Request('m', (Message('user', 'é'),), Sampling(0.7, 0.95, 8), 3, 1, 'q', 'solve')\n"
        "print(r.key, seed_from(0, 'q', 'guideline', 'solve', 1))"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "random")
    }
    here = Request("m", (Message("user", "é"),), Sampling(0.7, 0.95, 8), 3, 1, "q", "solve")
    assert printed == {f"{here.key} {seed_from(0, 'q', 'guideline', 'solve', 1)}\n"}


def test_keys_and_seeds_do_not_change_from_version_to_version() -> None:
    # a ledger written today must be found again by every later version
    here = Request("m", (Message("user", "é"),), Sampling(0.7, 0.95, 8), 3, 1, "q", "solve")
    assert here.key == "8362132f1e283280d10a3d9ee0b6b73d"
    assert seed_from(0, "q", "guideline", "solve", 1) == 876826383


@given(REQUESTS)
def test_a_request_serialises_to_plain_json(one: Request) -> None:
    body = json.loads(json.dumps(one.to_json()))
    assert body["messages"] == [{"role": message.role, "content": message.content} for message in one.messages]
    assert body["sampling"]["max_tokens"] == one.sampling.max_tokens


@pytest.mark.parametrize(
    "noun",
    [
        Question("q", "task", "text", "A", "choice", (Choice("A", "one"),), {"task": "t"}, ("a",), "solved", "story"),
        ReasoningPath("q", "regenesis", "g", True, (("solve", "key", "text"),), "text", 1, retries=("adapt",)),
        Verdict("correct", "1", "why", "rule", 0.5),
    ],
)
def test_what_other_processes_are_sent_comes_back_as_it_was(noun: object) -> None:
    assert pickle.loads(pickle.dumps(noun)) == noun


@pytest.mark.parametrize(
    ("status", "defect", "keepable"),
    [
        ("correct", None, True),
        ("correct", "leak", False),
        ("incorrect", None, False),
        ("unparsed", None, False),
    ],
)
def test_only_a_right_and_fit_path_may_be_kept(status: str, defect: str | None, keepable: bool) -> None:
    verdict = Verdict(status, "1", "why", "rule")  # type: ignore[arg-type]
    path = ReasoningPath("q", "regenesis", "g", False, (), "text", 1)
    assert GradedPath(path, verdict, defect, "text").keepable is keepable
