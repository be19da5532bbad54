"""Values that tables hold as text."""

from __future__ import annotations

from typing import Any

import pytest

from regenesis.tasks.literals import read_literal

WRITTEN: list[tuple[str, Any]] = [
    ('["a", "b"]', ["a", "b"]),
    ("['a', 'b']", ["a", "b"]),
    ("['a' 'b'\n 'c']", ["a", "b", "c"]),
    ("[1 2 3]", [1, 2, 3]),
    ("('a', 2)", ("a", 2)),
    ("{'A': 'x', 'B': None, 'C': nan, 'D': True}", {"A": "x", "B": None, "C": None, "D": True}),
    ("{'text': array(['a', 'b'], dtype=object), 'n': array([1, 2])}", {"text": ["a", "b"], "n": [1, 2]}),
    ("[{'role': 'user', 'content': 'x'}\n {'role': 'user', 'content': 'y'}]", [
        {"role": "user", "content": "x"}, {"role": "user", "content": "y"},
    ]),
    (r"['$\frac{1}{2}$', '\theta', '\neq 2']", [r"$\frac{1}{2}$", r"\theta", r"\neq 2"]),
    (r"['$\\frac{1}{2}$', 'a\nb']", [r"$\frac{1}{2}$", "a\nb"]),
    ("[-1, 2.5]", [-1, 2.5]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), WRITTEN)
def test_json_and_what_python_prints_are_read(text: str, value: Any) -> None:
    assert read_literal(text) == value


@pytest.mark.parametrize(
    "text", ["", "red, blue of", "[a, b]", "__import__('os').getcwd()", "[x for x in 'ab']", "['a'"]
)
def test_other_text_is_no_literal(text: str) -> None:
    with pytest.raises(ValueError):
        read_literal(text)
