"""The cheap looks that spare most paths an expensive one must never spare a path that the expensive one would catch."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regenesis.curation.arithmetic import _REWRITTEN
from regenesis.curation.garbage import _CONSONANTS, _LETTERS, _VOWELS
from regenesis.curation.leak_patterns import PATTERNS
from regenesis.curation.leaks import _COMPILED, _may_leak
from regenesis.curation.repetition import _LONGEST_RULE, _RULE, _RUN, _cycles_with, has_cycle, has_run
from regenesis.curation.steps import _steps, too_few_steps

EVERY_PATTERN = [pattern for patterns in _COMPILED.values() for pattern in patterns]


@pytest.mark.parametrize("pattern", [pattern for patterns in PATTERNS.values() for pattern in patterns])
def test_a_leak_pattern_starts_at_a_word_or_a_line(pattern: str) -> None:
    assert pattern.startswith(("^", r"\b"))


@pytest.mark.parametrize("pattern", EVERY_PATTERN, ids=lambda pattern: pattern.pattern[:40])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_the_quick_look_for_leaks_sees_whatever_a_pattern_matches(
    pattern: re.Pattern[str], data: st.DataObject
) -> None:
    text = data.draw(st.from_regex(pattern))
    assert _may_leak(text)
    assert _may_leak(f"We add 3 and 4.\n{text}") or not pattern.search(f"We add 3 and 4.\n{text}")


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
