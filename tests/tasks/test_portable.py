"""Values as JSON and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenesis.tasks.portable import pack, unpack

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
written = (
    st.fractions() | st.decimals(allow_nan=False) | st.complex_numbers(allow_nan=False) | st.dates() | st.datetimes()
)
keys = st.text() | st.integers() | st.tuples(st.integers(), st.integers())
values = st.recursive(
    scalars | written,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(keys, inner)
        | st.frozensets(st.integers())
        | st.sets(st.text())
        | st.dictionaries(st.just("~"), inner)
    ),
    max_leaves=20,
)


def types(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value), [types(item) for item in value]
    if isinstance(value, dict):
        return dict, [(types(key), types(item)) for key, item in value.items()]
    return type(value)


@given(values)
def test_nothing_is_lost_on_the_way_through_json(value: Any) -> None:
    back = unpack(json.loads(json.dumps(pack(value))))
    assert back == value
    assert types(back) == types(value)


@pytest.mark.parametrize("value", [object(), b"x", {"a": [b"x"]}])
def test_what_json_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="cannot be stored as JSON"):
        pack(value)
