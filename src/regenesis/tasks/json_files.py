"""Rows of JSON files: one object a line, a list of objects, or an object that holds such a list.

What a file is shows in its first line, whatever it is called: an object that ends there begins a file of lines,
anything else is one document.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from regenesis.errors import TaskError
from regenesis.tasks.rows import Row, RowSource, shorten
from regenesis.tasks.text_files import TextFile, find_encoding

# what the list of rows is called where an object holds several lists
_USUAL_HOLDERS = ("data", "rows", "examples", "questions", "problems", "items", "records", "instances", "samples")
# keys of objects that are parts of a row: a message of a chat, an option
_PARTS = ({"role", "content"}, {"from", "value"}, {"label", "text"})
# an object with one of these is a row, whatever lists it holds
_ROW_KEYS = ("question", "problem", "prompt", "text", "messages", "conversations")
_SPACE = " \t\r\n\ufeff"


def open_json(path: Path) -> RowSource:
    """Opens a JSON or JSON Lines file.

    Raises:
        TaskError: It cannot be read, or is a document that holds no list of rows.
    """
    file = find_encoding(path)
    notes = (file.note,) if file.note else ()
    if _is_lines(file):
        return RowSource(str(path), partial(_lines, file), notes)
    rows, how = _rows_of(path, _documents(file))
    return RowSource(str(path), partial(_numbered, str(path), rows), (*notes, how) if how else notes)


def read_jsonl(path: Path, subset: str = "") -> Iterator[Row]:
    """Rows of a file with one JSON object a line; blank lines are passed over."""
    return _lines(find_encoding(path), subset)


def _lines(file: TextFile, subset: str = "") -> Iterator[Row]:
    with file.opened() as lines:
        for number, line in enumerate(lines, start=1):
            stripped = line.strip()
            if stripped:
                values, fault = _parse_line(stripped)
                yield Row(str(file.path), number, values, fault, subset)


def _parse_line(line: str) -> tuple[dict[str, Any], str | None]:
    try:
        line.encode("utf-8")
        value = json.loads(line)
    except UnicodeEncodeError as error:
        return {}, f"is not UTF-8 text (at character {error.start + 1} of the line)"
    except json.JSONDecodeError as error:
        return {}, f"is not valid JSON ({error.msg} at column {error.colno})"
    except (ValueError, RecursionError) as error:
        # numbers of thousands of digits and objects nested thousands deep are JSON that Python will not read
        return {}, f"cannot be read as JSON ({error})"
    if not isinstance(value, dict):
        return {}, f"is {shorten(value)}, not a JSON object"
    return value, None


def _is_lines(file: TextFile) -> bool:
    with file.opened() as text:
        filled = (line for line in text if line.strip(_SPACE))
        first = next(filled, "").strip(_SPACE)
        if not first:
            return True
        if not _parse_line(first)[1]:
            return next(filled, None) is not None  # a lone object may hold the list of rows
        if not first.startswith(("[", "{")):
            return True
    # an object or list that goes on behind the first line, unless it is a broken row of a file of lines
    try:
        _documents(file)
    except TaskError:
        return _some_line_is_an_object(file)
    return False


def _some_line_is_an_object(file: TextFile) -> bool:
    with file.opened() as text:
        return any(not _parse_line(line.strip(_SPACE))[1] for line in itertools.islice(text, 100)) or (
            file.path.suffix.lower() != ".json"
        )


def _documents(file: TextFile) -> list[Any]:
    """Every JSON value of a file, one after another."""
    with file.opened() as stream:
        text = stream.read()
    decoder, at = json.JSONDecoder(), 0
    found: list[Any] = []
    while True:
        while at < len(text) and text[at] in _SPACE:
            at += 1
        if at == len(text):
            return found
        try:
            value, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise TaskError(
                f"{file.path}: is not valid JSON ({error.msg} at line {error.lineno}, column {error.colno})."
            ) from error
        except (ValueError, RecursionError) as error:
            raise TaskError(f"{file.path}: cannot be read as JSON ({error}).") from error
        found.append(value)


def _rows_of(path: Path, documents: list[Any]) -> tuple[list[Any], str | None]:
    """The rows that documents hold, and how they were found where that is not plain."""
    if len(documents) != 1:
        return documents, None
    document = documents[0]
    if isinstance(document, list):
        return document, None
    if not isinstance(document, Mapping):
        raise TaskError(f"{path}: is {shorten(document)}, not a list of rows.")
    is_row = any(isinstance(document.get(key), str | list) and document[key] for key in _ROW_KEYS)
    lists = {name: value for name, value in document.items() if _is_list_of_rows(value) and not is_row}
    named = [name for name in lists if name.casefold() in _USUAL_HOLDERS]
    chosen = named if len(named) == 1 else list(lists)
    if len(chosen) == 1:
        return lists[chosen[0]], f"{path.name}: its rows are the list {chosen[0]!r}"
    if chosen:
        raise TaskError(
            f"{path}: contains several lists of rows, {', '.join(chosen)}; put the intended one into a separate file."
        )
    return _by_column(document) or ([document] if is_row else _by_key(document) or [document]), None


def _is_list_of_rows(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, Mapping) for item in value)
        and not _holds_parts(value)
    )


def _holds_parts(value: list[Any]) -> bool:
    return any(isinstance(item, Mapping) and any(part <= item.keys() for part in _PARTS) for item in value)


def _by_key(document: Mapping[str, Any]) -> list[Any]:
    """Rows under their ids: `{"q1": {"question": …}, "q2": …}`."""
    rows = list(document.values())
    if len(rows) < 2 or not all(isinstance(row, Mapping) and len(row) > 1 for row in rows):
        return []
    if not set.intersection(*(set(row) for row in rows)) or _are_positions(rows[0]):
        return []
    return [{"id": key, **row} for key, row in document.items()]


def _by_column(document: Mapping[str, Any]) -> list[Any]:
    """Rows by column: `{"question": […], "answer": […]}`, or with positions as keys, as pandas writes them."""
    columns = {
        name: list(value.values()) if isinstance(value, Mapping) and _are_positions(value) else value
        for name, value in document.items()
    }
    if len(columns) < 2 or not all(isinstance(value, list) and value for value in columns.values()):
        return []
    if len({len(value) for value in columns.values()}) > 1 or any(map(_holds_parts, columns.values())):
        return []
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def _are_positions(value: Mapping[str, Any]) -> bool:
    return bool(value) and list(value) == [str(number) for number in range(len(value))]


def _numbered(source: str, rows: list[Any]) -> Iterator[Row]:
    for number, values in enumerate(rows, start=1):
        if isinstance(values, dict):
            yield Row(source, number, values)
        else:
            yield Row(source, number, fault=f"is {shorten(values)}, not a JSON object")
