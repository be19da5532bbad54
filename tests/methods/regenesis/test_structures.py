from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from regenesis.methods.regenesis import structures
from regenesis.methods.regenesis.structures import holds_results, is_looping

CASES = yaml.safe_load((Path(__file__).parent / "structures.yaml").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES["results"], ids=lambda case: case["why"])
def test_a_structure_that_works_the_question_out_holds_results(case: dict[str, str]) -> None:
    assert holds_results(case["structure"], case.get("question", ""))


@pytest.mark.parametrize("case", CASES["plans"], ids=lambda case: case["why"])
def test_a_plan_holds_no_results(case: dict[str, str]) -> None:
    assert not holds_results(case["structure"], case.get("question", ""))


@pytest.mark.parametrize("case", CASES["loops"], ids=lambda case: case["why"])
def test_a_plan_that_says_its_steps_again_loops(case: dict[str, str]) -> None:
    assert is_looping(case["structure"])


@pytest.mark.parametrize("case", CASES["plans"] + CASES["runs_on"], ids=lambda case: case["why"])
def test_a_plan_that_comes_to_an_end_does_not_loop(case: dict[str, str]) -> None:
    assert not is_looping(case["structure"])


def test_a_hostile_structure_is_read_in_one_go() -> None:
    assert not holds_results("= " * 200_000, "=" * 1000)
    assert not holds_results("answer " * 100_000, "")
    assert not holds_results("1 < 2 <= " * 100_000, "")


@given(
    st.lists(
        st.sampled_from([*"=≈\\ 4.<!:", "answer", "ANſWER", "final", " is ", "boxed", "BOXED", "step"]), max_size=8
    )
)
def test_the_quick_look_passes_over_nothing_that_the_patterns_find(parts: list[str]) -> None:
    text = "".join(parts)
    found = structures._COMPUTED.search(text) or structures._STATED.search(text)
    assert holds_results(text, "") == (found is not None)
