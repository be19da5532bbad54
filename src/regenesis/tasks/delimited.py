"""Rows of CSV and TSV files; the character between the columns is told from the header and the first rows."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from regenesis.errors import TaskError
from regenesis.tasks.rows import Row, RowSource
from regenesis.tasks.text_files import TextFile, find_encoding

_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
# physical lines and characters looked at to tell the delimiter
_LOOKED_AT = 200
_SAMPLE = 1 << 20

Dialect = dict[str, Any]
"""Arguments of `csv.reader`."""


def open_delimited(path: Path, usual: str) -> RowSource:
    """Opens a file whose first row names the columns; an empty cell is `None`.

    Args:
        path: The file.
        usual: The delimiter that its ending promises; another one is noted.

    Raises:
        TaskError: It cannot be read, or its header names no columns.
    """
    file = find_encoding(path)
    with file.opened(newline="") as text:
        sample = list(itertools.islice(_up_to(text, _SAMPLE), _LOOKED_AT))
    stated = _stated_delimiter(sample)
    dialect = {"delimiter": stated} if stated else _dialect(sample, usual)
    notes = [file.note] if file.note else []
    if dialect["delimiter"] != usual:
        notes.append(f"{path.name}: its columns are assumed to be separated by a {_NAMES[dialect['delimiter']]}")
    header = _header(path, csv.reader(sample[1 if stated else 0 :], **dialect))
    return RowSource(str(path), partial(_rows, file, dialect, bool(stated), header), tuple(notes))


def _up_to(lines: Iterator[str], characters: int) -> Iterator[str]:
    for line in lines:
        yield line
        characters -= len(line)
        if characters <= 0:
            return


def _stated_delimiter(sample: list[str]) -> str | None:
    """The delimiter in a first line `sep=;`, which Excel writes and reads."""
    first = sample[0].rstrip("\r\n") if sample else ""
    stated = first[4:] if first[:4].casefold() == "sep=" else ""
    return stated if stated in _NAMES else None


def _dialect(sample: list[str], usual: str) -> Dialect:
    """The way of reading under which most rows are as wide as the header, and it has more than one column."""
    delimiters = [usual, *(delimiter for delimiter in _NAMES if delimiter != usual)]
    # with spaces behind the delimiter a quoted cell is still a quoted one
    dialects: list[Dialect] = [{"delimiter": delimiter, "skipinitialspace": True} for delimiter in delimiters]
    # tab-separated files are often written without any quoting
    dialects.insert(delimiters.index("\t") + 1, {"delimiter": "\t", "quoting": csv.QUOTE_NONE})
    return max(dialects, key=partial(_fit, sample))


def _fit(sample: list[str], dialect: Dialect) -> tuple[float, int]:
    reader = csv.reader(sample, strict=True, **dialect)
    widths: list[int] = []
    broken = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error:
            broken += 1
            continue
        if cells:
            widths.append(len(cells))
    if not widths or widths[0] < 2:
        return 0.0, 0
    # the last row of a sample may be cut off
    rows = widths[1:] if len(sample) < _LOOKED_AT else widths[1:-1]
    fitting = sum(width == widths[0] for width in rows)
    return (1 + fitting) / (1 + len(rows) + broken), widths[0]


def _header(path: Path, reader: Iterator[list[str]]) -> list[str]:
    try:
        names = next(cells for cells in reader if cells)
        header = [name.strip() or f"column {number}" for number, name in enumerate(names, start=1)]
    except StopIteration:
        raise TaskError(f"{path}: is empty; its first row must hold the column names.") from None
    except csv.Error as error:
        raise TaskError(f"{path}: its header is not valid CSV ({error}).") from error
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise TaskError(f"{path}: its header names {', '.join(map(repr, twice))} more than once; rename one of them.")
    return header


def _rows(file: TextFile, dialect: Dialect, stated: bool, header: list[str]) -> Iterator[Row]:
    source = str(file.path)
    with file.opened(newline="") as text:
        if stated:
            next(text)
        reader = csv.reader(text, **dialect)
        past_header = False
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(source, reader.line_num + stated, fault=f"is not valid CSV ({error})")
                continue
            if not cells:
                continue
            if past_header:
                yield _row(source, reader.line_num + stated, header, cells)
            past_header = True


def _row(source: str, line: int, header: list[str], cells: list[str]) -> Row:
    while len(cells) > len(header) and not cells[-1]:
        cells.pop()  # spreadsheets end rows with empty cells
    if len(cells) != len(header):
        return Row(source, line, fault=f"has {len(cells)} fields where the header has {len(header)}")
    return Row(source, line, {name: cell or None for name, cell in zip(header, cells, strict=True)})
