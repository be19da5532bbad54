"""What a run records of who wrote its rows."""

from __future__ import annotations

from typing import Any

import pytest
from tests.helpers.played import question

from regenesis.methods import make_method, method_class
from regenesis.prompts import load_answering
from regenesis.report.provenance import Provenance
from regenesis.synthesis.inputs import shown_to

RECORDED = [
    ("rejection", {}, ["1"], ("model", "gold")),
    ("gold", {}, ["1"], ("people", "gold")),
    ("lmsi", {}, ["1"], ("model", "majority")),
    ("lmsi", {"gold": True}, ["1", None], ("model", "both")),
    ("regenesis", {}, ["1", "2"], ("model", "gold")),
    ("regenesis", {}, ["1", None], ("model", "both")),
    ("regenesis", {"vote": "never"}, ["1", None], ("model", "gold")),
]


@pytest.mark.parametrize(("name", "fields", "golds", "expected"), RECORDED)
def test_it_is_what_the_method_and_its_questions_say(
    name: str, fields: dict[str, Any], golds: list[str | None], expected: tuple[str, str]
) -> None:
    method = make_method(method_class(name).Config(name=name, **fields), load_answering())
    questions = shown_to(method, [question(number, gold=gold) for number, gold in enumerate(golds)])
    found = Provenance.of(method, questions)
    assert (found.written_by, found.checked_against) == expected
    assert Provenance.from_record(found.record()) == found


@pytest.mark.parametrize("record", [None, [], "people", {}, {"written_by": 3}, {"written_by": ["people"]}])
def test_what_is_no_record_reads_as_the_defaults(record: Any) -> None:
    assert Provenance.from_record(record) == Provenance()
