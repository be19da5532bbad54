from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from regenesis import quoting
from regenesis.quoting import quoted, quoted_plainly

TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


@given(TEXTS)
@example("\x7f")
@example('"\\/\b\f\n\r\t\x00\x1f\u2028é\U0001f600\ud800')
@example("long " * 10_000)
def test_a_text_is_quoted_as_json_writes_it(text: str) -> None:
    assert quoted(text) == json.dumps(text)
    assert quoted_plainly(text) == json.dumps(text, ensure_ascii=False)


def test_long_texts_and_many_are_not_remembered() -> None:
    quoting._remembered.cache_clear()
    quoted("long " * 10_000)
    assert quoting._remembered.cache_info().currsize == 0
    for number in range(3000):
        quoted(str(number))
    assert quoting._remembered.cache_info().currsize < 2000
