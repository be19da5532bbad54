"""What the rows of a dataset are, counted in parts."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from regenesis.dataset.card import Contents

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "question_id": st.sampled_from("abc"),
            "hinted": st.booleans(),
            "tokens": st.integers(0, 9),
            "task": st.sampled_from("xy"),
            "rule": st.sampled_from("pq"),
        }
    ),
    max_size=12,
)


def counted(rows: list[dict[str, Any]]) -> Contents:
    contents = Contents()
    for row in rows:
        contents.count(row)
    return contents


@given(st.lists(ROWS, max_size=4))
def test_parts_add_up_also_where_a_question_goes_on_in_the_next(parts: list[list[dict[str, Any]]]) -> None:
    whole = Contents()
    for part in parts:
        whole += counted(part)
    assert whole == counted([row for part in parts for row in part])
