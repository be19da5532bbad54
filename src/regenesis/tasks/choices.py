"""The options of a multiple-choice question: reading them and showing them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from regenesis.nouns import Choice
from regenesis.tasks.kinds import option_letter
from regenesis.tasks.rows import RowError, shorten


def read_choices(value: Any) -> tuple[Choice, ...]:
    """Reads options from any of their usual shapes.

    Args:
        value: A list of texts (labelled A, B, …), a list of `{"label", "text"}`, `{"label": […], "text": […]}`,
            `{"A": "…", …}`, one of those as JSON text, or nothing.

    Raises:
        RowError: It is none of those, a label occurs twice, or there is only one option.
    """
    pairs = _pairs(_decoded(value))
    choices = tuple(Choice(_plain(label), _plain(text)) for label, text in pairs)
    labels = [choice.label for choice in choices]
    if len(set(labels)) < len(labels):
        raise RowError(f"two of its choices have one label: {', '.join(labels)}")
    if len(choices) == 1:
        raise RowError("has one choice only")
    return choices


def _decoded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise RowError(
            f"its choices {shorten(value)} are text, not a list; name several columns or write a JSON list"
        ) from error


def _pairs(value: Any) -> list[tuple[Any, Any]]:
    if value is None:
        return []
    if isinstance(value, Mapping):
        if set(value) == {"label", "text"} and all(isinstance(part, Sequence) for part in value.values()):
            return _zipped(value["label"], value["text"])
        return list(value.items())
    if isinstance(value, list | tuple):
        if value and all(isinstance(item, Mapping) and {"label", "text"} <= item.keys() for item in value):
            return [(item["label"], item["text"]) for item in value]
        if len(value) > 26:
            raise RowError(f"has {len(value)} choices; more than 26 need labels of their own")
        return [(option_letter(index), item) for index, item in enumerate(value)]
    raise RowError(f"its choices are {shorten(value)}, not a list")


def _zipped(labels: Sequence[Any], texts: Sequence[Any]) -> list[tuple[Any, Any]]:
    if len(labels) != len(texts):
        raise RowError(f"has {len(labels)} choice labels for {len(texts)} choices")
    return list(zip(labels, texts, strict=True))


def _plain(value: Any) -> str:
    if value is None or isinstance(value, Mapping | list | tuple) or not str(value).strip():
        raise RowError(f"one of its choices is {shorten(value)}")
    return str(value).strip()


def with_options(text: str, choices: Sequence[Choice]) -> str:
    """The question with its options as lines `(A) …`, unless it already shows them so."""
    lines = [f"({choice.label}) {choice.text}" for choice in choices]
    if all(line in text for line in lines):
        return text
    return "\n".join([text, *lines])
