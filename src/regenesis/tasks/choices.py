"""The options of a multiple-choice question: reading them and showing them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from regenesis.tasks.kinds import option_letter
from regenesis.tasks.literals import read_literal
from regenesis.tasks.rows import RowError, shorten
from regenesis.types import Choice

# names of an option's label and of its text
_PARTS = (("label", "text"), ("key", "text"), ("key", "value"), ("id", "text"), ("letter", "text"), ("label", "value"))
# how a label stands before an option's text: `(A) x`, `A) x`, `A. x` or `A: x`
_LABEL_STYLES = tuple(
    re.compile(rf"(?:(?<=^)|(?<=[\s,;|])){label}\s*")
    for label in (r"\(([A-Za-z0-9])\)", r"([A-Za-z0-9])\s?\)", r"([A-Za-z0-9])[.:](?=\s)")
)


def read_choices(value: Any) -> tuple[Choice, ...]:
    """Reads options from any of their usual shapes.

    Args:
        value: A list of texts (labelled A, B, …, or by the letters they begin with), a list of `{"label", "text"}`,
            `{"label": […], "text": […]}`, `{"A": "…", …}`, one of those written as text, lines such as `A) …`, or
            nothing. Options that a table was filled up with, null or blank, are none.

    Raises:
        RowError: It is none of those, a label occurs twice, or there is only one option.
    """
    pairs = _pairs(_decoded(value))
    choices = tuple(Choice(_plain(label), _plain(text)) for label, text in pairs)
    labels = [choice.label for choice in choices]
    if len(set(labels)) < len(labels):
        raise RowError(f"several of its choices share a label: {', '.join(labels)}")
    if len(choices) == 1:
        raise RowError("has only one choice")
    return choices


def _decoded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.strip()
    if not text or text.casefold() in ("null", "none", "nan"):
        return None
    if text[0] in "[({":
        try:
            return read_literal(text)
        except ValueError:
            pass
    return _written_out(text)


def _written_out(text: str) -> Any:
    """Options behind their labels (`A) … B) …`), or one a line, or parted by bars."""
    lettered = split_lettered(text)
    if lettered:
        return dict(lettered)
    for separator in ("\n", "||", "|"):
        parts = [part.strip() for part in text.split(separator)]
        if len(parts) > 1 and all(parts):
            return parts
    raise RowError(f"its choices {shorten(text)} are text, not a list; name several columns or write a JSON list")


def split_lettered(text: str) -> list[tuple[str, str]]:
    """Labels and texts of options written one after another, such as `A) … B) …` or `(1) …, (2) …`; else nothing."""
    for style in _LABEL_STYLES:
        marks = list(style.finditer(text))
        if not marks or text[: marks[0].start()].strip():
            continue
        first = marks[0][1]
        if first not in ("A", "a", "1"):
            continue
        # a mark that is not the next one belongs to an option's text
        kept = [marks[0]]
        for mark in marks[1:]:
            if mark[1] == chr(ord(first) + len(kept)):
                kept.append(mark)
        if len(kept) > 1:
            ends = [mark.start() for mark in kept[1:]] + [len(text)]
            return [
                (mark[1], text[mark.end() : end].strip().rstrip(",;|").rstrip())
                for mark, end in zip(kept, ends, strict=True)
            ]
    return []


def _pairs(value: Any) -> list[tuple[Any, Any]]:
    if _is_blank(value):
        return []
    if isinstance(value, Mapping):
        return _of_mapping(value)
    if isinstance(value, list | tuple):
        return _of_list(list(value))
    raise RowError(f"its choices are {shorten(value)}, not a list")


def _of_mapping(value: Mapping[Any, Any]) -> list[tuple[Any, Any]]:
    for label, text in _PARTS:
        if set(value) == {label, text} and all(
            part is None or isinstance(part, list | tuple) for part in value.values()
        ):
            return _zipped(value[label] or (), value[text] or ())
    if isinstance(value.get("choices"), list) and isinstance(value.get("labels"), list):
        return _of_list(list(value["choices"]))
    return [(label, text) for label, text in value.items() if not _is_blank(text)]


def _of_list(items: list[Any]) -> list[tuple[Any, Any]]:
    while items and _is_blank(items[-1]):
        items.pop()
    for label, text in _PARTS:
        if items and all(isinstance(item, Mapping) and {label, text} <= item.keys() for item in items):
            return [(item[label], item[text]) for item in items if not _is_blank(item[text])]
    if items and all(isinstance(item, Mapping) and len(item) == 1 for item in items):
        return [pair for item in items for pair in item.items()]
    if len(items) > 26:
        raise RowError(f"has {len(items)} choices; more than 26 need explicit labels")
    return _own_letters(items) or [(option_letter(index), item) for index, item in enumerate(items)]


def _own_letters(items: list[Any]) -> list[tuple[Any, Any]]:
    """Options that each begin with their letter, in order: `["A) 108", "B) 112"]`."""
    if len(items) < 2 or not all(isinstance(item, str) for item in items):
        return []
    for style in _LABEL_STYLES:
        marks = [style.match(item.strip()) for item in items]
        if all(mark and mark[1].upper() == option_letter(index) for index, mark in enumerate(marks)):
            return [(mark[1], item.strip()[mark.end() :]) for mark, item in zip(marks, items, strict=True) if mark]
    return []


def _zipped(labels: Sequence[Any], texts: Sequence[Any]) -> list[tuple[Any, Any]]:
    if len(labels) != len(texts):
        raise RowError(f"has {len(labels)} choice labels for {len(texts)} choices")
    return [
        (label, text) for label, text in zip(labels, texts, strict=True) if not (_is_blank(text) and _is_blank(label))
    ]


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip()) or value != value  # noqa: PLR0124 (NaN)


def _plain(value: Any) -> str:
    if _is_blank(value) or isinstance(value, Mapping | list | tuple):
        raise RowError(f"one of its choices is {shorten(value)}")
    return str(value).strip()


def with_options(text: str, choices: Sequence[Choice]) -> str:
    """The question with its options as lines `(A) …`, unless it already shows them so."""
    lines = [f"({choice.label}) {choice.text}" for choice in choices]
    if all(line in text for line in lines):
        return text
    return "\n".join([text, *lines])
