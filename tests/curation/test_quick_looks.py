"""The cheap looks that spare most paths an expensive one must never spare a path that the expensive one would catch."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regenesis.curation.arithmetic import _REWRITTEN
from regenesis.curation.boxes import _boxes, boxes, unwrap
from regenesis.curation.equations import _false_equations, _false_equations_in
from regenesis.curation.garbage import _ARTEFACTS_BEGIN, _CONSONANTS, _LETTERS, _TOKENIZER_MARK, _VOWELS
from regenesis.curation.leak_patterns import PATTERNS
from regenesis.curation.leaks import _COMPILED, find_leak
from regenesis.curation.opposed import _ANSWER_IS, _STATED
from regenesis.curation.outputs import _ANNOUNCES_PROGRAM, _NUMBERED_REPLY, _OBSERVATION, _PROGRAMS, _TAGS
from regenesis.curation.repetition import _LONGEST_RULE, _RULE, _RUN, _cycles_with, has_cycle, has_run
from regenesis.curation.steps import _FINAL, _FINALLY, _steps, too_few_steps
from regenesis.curation.text import lowered
from regenesis.curation.turns import _SPEAKER, _SPEAKERS, TEMPLATE_TOKEN

EVERY_PATTERN = [pattern for patterns in _COMPILED.values() for _, pattern in patterns]
EVERY_CHARACTER = "".join(map(chr, range(0x110000)))
GATED = [
    (_TAGS, ["<"]),
    (_OBSERVATION, ["Observation"]),
    (_NUMBERED_REPLY, ["]:"]),
    (_ANNOUNCES_PROGRAM, _PROGRAMS),
    (_SPEAKER, _SPEAKERS),
    (_FINAL, _FINALLY),
]
LINES = [
    "So 3 + 4 = 8 apples.", "We add them.", "= 7", "  \\approx 8", "\\[ 2 \\times 3", "= 5 \\]", "\\\\[",
    "5 + 5 = 11", "\\]", "\\text{boxes} \\times 4 = 9", "x 3 = 12", "That is wrong.", "- 2 * 2 = 5", "**6 / 2 = 4**",
    "\\frac{1}", "{2} + 1 = 3", "[3 + 3", "= 7]", "72 / 7 = 10.29", "10.29 * 7 = 72",
    "Xavier has 3 - 1 = 1.", "9 * 9 is 80", "#### 4", "& = 12 \\\\",
]  # fmt: skip


def test_lower_case_is_the_same_to_a_pattern_of_letters_as_case_ignored() -> None:
    lower = lowered(EVERY_CHARACTER)
    assert len(lower) == len(EVERY_CHARACTER)
    for letter in "abcdefghijklmnopqrstuvwxyz":
        found = [match.start() for match in re.finditer(letter, EVERY_CHARACTER, re.IGNORECASE)]
        assert [match.start() for match in re.finditer(letter, lower)] == found


@pytest.mark.parametrize("pattern", [pattern for patterns in PATTERNS.values() for _, pattern in patterns])
def test_a_leak_pattern_is_in_lower_case_and_starts_at_a_word_or_a_line(pattern: str) -> None:
    assert pattern.startswith(("^", r"\b"))
    assert re.sub(r"\\.|\(\?P", "", pattern).islower()


@pytest.mark.parametrize("pattern", EVERY_PATTERN, ids=lambda pattern: pattern.pattern[:40])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_text_says_one_of_the_words_of_each_leak_pattern_that_it_matches(
    pattern: re.Pattern[str], data: st.DataObject
) -> None:
    text = data.draw(st.from_regex(pattern))
    assert find_leak(text, "")
    assert find_leak(f"We add 3 and 4.\n{text}", "") or not pattern.search(f"we add 3 and 4.\n{lowered(text)}")


@pytest.mark.parametrize(("pattern", "pieces"), GATED, ids=[pattern.pattern[:30] for pattern, _ in GATED])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_whatever_matches_holds_a_piece_that_is_looked_for(
    pattern: re.Pattern[str], pieces: Sequence[str], data: st.DataObject
) -> None:
    found = pattern.search(data.draw(st.from_regex(pattern)))
    assert found is not None
    assert any(piece in found[0] or piece in lowered(found[0]) for piece in pieces)


@settings(max_examples=50, deadline=None)
@given(st.from_regex(_STATED))
def test_whatever_states_an_answer_says_that_the_answer_is(text: str) -> None:
    assert _ANSWER_IS.search(text)


@pytest.mark.parametrize("pattern", [TEMPLATE_TOKEN, _TOKENIZER_MARK])
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_an_artefact_in_ascii_begins_as_is_looked_for(pattern: re.Pattern[str], data: st.DataObject) -> None:
    found = pattern.search(data.draw(st.from_regex(pattern, alphabet=st.characters(codec="ascii"))))
    assert found is not None
    assert found[0].startswith(_ARTEFACTS_BEGIN)


@given(
    st.lists(st.sampled_from(["\\", "\\boxed", "\\fbox", "{", "}", " ", "5", "ed", "\\{"]), max_size=20).map("".join)
)
def test_nothing_before_the_first_box_changes_what_the_boxes_are(text: str) -> None:
    assert boxes(text) == tuple(_boxes(text, 0))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from(["\n", "\n\n", " "])), max_size=12))
def test_equations_read_part_by_part_are_those_of_the_whole(pieces: list[tuple[str, str]]) -> None:
    text = "".join(line + end for line, end in pieces).strip()
    assert list(_false_equations(text)) == list(_false_equations_in(unwrap(text), "", {}, even_doubted=False))


@given(st.text(alphabet="ab 1-\n", max_size=12), st.integers(1, 70))
def test_the_quick_look_for_runs_sees_every_run(unit: str, times: int) -> None:
    text = f"So {unit * times} then"
    long = any(not _RULE.fullmatch(run[0]) or len(run[0]) > _LONGEST_RULE for run in _RUN.finditer(text))
    assert has_run(text) == long


@pytest.mark.parametrize(("needed", "pattern", "by"), _REWRITTEN, ids=[one[1].pattern[:40] for one in _REWRITTEN])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_whatever_arithmetic_is_written_anew_holds_a_piece_that_is_looked_for(
    needed: Sequence[str], pattern: re.Pattern[str], by: str, data: st.DataObject
) -> None:
    found = pattern.search(data.draw(st.from_regex(pattern)))
    assert found is not None
    assert any(piece in found[0] for piece in needed)


@given(st.lists(st.sampled_from(["Add.", "Sum!", "1 2", "So."]), max_size=30))
def test_the_quick_look_for_cycles_sees_every_cycle(units: list[str]) -> None:
    assert has_cycle("\n".join(units)) == any(_cycles_with(units, period) for period in range(1, 7))


@given(st.text(alphabet="aeybcdßŁ1 ", min_size=6, max_size=40))
def test_what_cannot_be_a_word_holds_five_consonants_in_a_row(text: str) -> None:
    folded = text.casefold()
    words = [word for word in _LETTERS.findall(folded) if len(word) > 4 and word.isascii()]
    assert _CONSONANTS.search(folded) or not any(_VOWELS.isdisjoint(word) for word in words)


@given(st.text(alphabet="9ab=7+ \n.-", max_size=60), st.text(alphabet="9ab=7+ ", max_size=20), st.integers(0, 6))
def test_enough_steps_are_enough_wherever_counting_ends(text: str, plan: str, minimum: int) -> None:
    steps = list(_steps(text, " ", (plan,)))
    worked_out = any(not instructs for _, instructs in steps)
    total = sum(count for count, _ in steps) if worked_out else 0
    assert too_few_steps(text, "", minimum, led_by=(plan,)) == (total < minimum)
