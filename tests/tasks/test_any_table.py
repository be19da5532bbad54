"""Whatever a file holds: questions, or one sentence that says what is wrong with it. Never a traceback."""

from __future__ import annotations

import bz2
import gzip
import json
import string
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regenesis.config import config_from_mapping
from regenesis.errors import TaskError
from regenesis.tasks import load_questions
from regenesis.tasks.files import open_file
from regenesis.tasks.literals import read_literal

ENDINGS = [".jsonl", ".json", ".ndjson", ".csv", ".tsv", ".parquet", ".csv.gz", ".jsonl.bz2"]
NAMES = [
    "question", "prompt", "messages", "answer", "label", "solution", "choices", "options", "answers", "A", "B", "C",
    "option1", "option2", "distractor1", "distractor2", "mc1_targets", "reward_model", "id", "context", "x.y", "a[0]",
]  # fmt: skip
KEYS = ["role", "content", "from", "value", "label", "text", "labels", "choices", "ground_truth", "A", "B", "answer"]

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 9)
    | st.floats(allow_nan=True)
    | st.sampled_from(["A", "b)", "1", "1.0", "user", "[1]", "['a' 'b']", "A) x B) y", "\ud800", ""])
    | st.text(max_size=8)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=8,
)
rows = st.lists(st.dictionaries(st.sampled_from(NAMES), values, max_size=5), min_size=1, max_size=4)
quick = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def tried(file: Path, **options: Any) -> None:
    task = {"name": "mine", "file": str(file), "on_bad_row": "skip", **options}
    with suppress(TaskError):
        load_questions(config_from_mapping({"tasks": [task]}).tasks)


@quick
@given(rows=rows)
def test_any_json_rows(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    tried(file)


@quick
@given(document=values)
def test_any_json_document(document: Any, tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps(document))
    tried(tmp_path / "t.json")


@quick
@given(rows=rows, stated=st.text(string.ascii_letters + ".[]-1'\"", min_size=1, max_size=12) | st.sampled_from(NAMES))
def test_any_name_in_fields(rows: list[dict[str, Any]], stated: str, tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text("".join(json.dumps({**row, "question": "q"}) + "\n" for row in rows))
    tried(file, fields={"text": "question", "gold": stated})
    tried(file, fields={"text": "question", "choices": f"{stated}, question"})


@quick
@pytest.mark.parametrize("ending", ENDINGS)
@given(content=st.binary(max_size=80) | st.text(',;\t|"\n\r qaé’я', max_size=60).map(str.encode))
def test_any_bytes(ending: str, content: bytes, tmp_path: Path) -> None:
    file = tmp_path / f"t{ending}"
    for written in (content, gzip.compress(content), bz2.compress(content)[:-4]):
        file.write_bytes(written)
        tried(file)


@quick
@given(text=st.text("[](){}'\",:0a \n\\N", max_size=40) | st.text(max_size=30))
def test_any_text_is_a_literal_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        read_literal(text)


@pytest.mark.parametrize("opening", ["[", "(", "{'a':", "{", "-", "'"])
def test_literals_nested_too_deep_are_refused(opening: str) -> None:
    for depth in (500, 50_000):
        with suppress(ValueError):
            read_literal(opening * depth)


def test_a_large_file_is_opened_without_reading_it_all_into_memory(tmp_path: Path) -> None:
    import tracemalloc

    file = tmp_path / "t.csv"
    file.write_text(
        "question,answer\n" + "".join(f"what is {number} plus one?,{number + 1}\n" for number in range(50_000))
    )
    tracemalloc.start()
    count = sum(1 for _ in open_file(file).read())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 50_000
    assert peak < 8e6
