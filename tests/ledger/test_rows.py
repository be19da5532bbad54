from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.helpers.played import completion, request

from regenesis.ledger.rows import row_of
from regenesis.types import Message

TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=30)


@given(TEXTS, TEXTS, st.lists(st.builds(Message, st.sampled_from(["system", "user", "assistant"]), TEXTS), max_size=4))
def test_a_request_is_written_down_as_plain_json_without_spaces(
    model: str, question_id: str, messages: list[Message]
) -> None:
    asked = replace(request(messages=messages), model=model, question_id=question_id)
    written = json.dumps(asked.to_json(), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    assert row_of(asked, completion("text"))["request"] == written
