from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from regenesis import quoting
from regenesis.quoting import encoder, quoted, quoted_plainly

TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


@given(TEXTS)
@example("\x7f")
@example('"\\/\b\f\n\r\t\x00\x1f\u2028é\U0001f600\ud800')
@example("long " * 10_000)
def test_a_text_is_quoted_as_json_writes_it(text: str) -> None:
    assert quoted(text) == json.dumps(text)
    assert quoted_plainly(text) == json.dumps(text, ensure_ascii=False)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("in_c", [True, False])
@pytest.mark.parametrize("ensure_ascii", [True, False])
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@given(value=VALUES)
@settings(max_examples=30)
def test_values_are_encoded_as_json_encodes_them(
    separators: tuple[str, str], ensure_ascii: bool, in_c: bool, value: Any
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if not in_c:
            patch.setattr("json.encoder.c_make_encoder", None)
        encode = encoder(*separators, ensure_ascii=ensure_ascii)
        assert encode(value) == json.dumps(value, ensure_ascii=ensure_ascii, separators=separators)


def test_what_json_cannot_hold_is_an_error() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        encoder(",", ":")({"a": {1}})


def test_long_texts_and_many_are_not_remembered() -> None:
    quoting._remembered.cache_clear()
    quoted("long " * 10_000)
    assert quoting._remembered.cache_info().currsize == 0
    for number in range(3000):
        quoted(str(number))
    assert quoting._remembered.cache_info().currsize < 2000
