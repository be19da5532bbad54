"""Which column of a table holds each field of a question: the one that the config names, else one usually called so.

text = find_text({}, table)
text.reader(row), text.columns
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regenesis.answers.gold import Column, Gold, GoldError, read_gold, same_gold
from regenesis.errors import TaskError
from regenesis.tasks.chats import as_chat, question_in, reply_in, system_turn
from regenesis.tasks.column_names import FIELDS, may_be_context, usual_columns
from regenesis.tasks.option_columns import labels_of, option_columns, several_columns
from regenesis.tasks.paths import first_step
from regenesis.tasks.rows import shorten
from regenesis.tasks.table import Table, alike, as_question
from regenesis.tasks.templates import Reader, columns_in, field_reader, is_template
from regenesis.types import Choice

Fields = Mapping[str, str | None]
"""What the config says: a column or template by field; `None` where a field is to be left out."""

_WHAT = {"text": "question", "gold": "gold answer", "choices": "options", "id": "id", "solution": "worked solution"}
PLAIN = {
    "text": ("question", "text", "prompt", "problem"),
    "gold": ("answer", "gold", "target", "solution"),
    "choices": ("choices", "options"),
    "id": ("id", "uid", "qid"),
    "solution": ("solution",),
}
"""Names so plain that a user need not be told what they were taken for."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where a field is.

    Attributes:
        name: The column, dotted name or template that holds it; several columns with commas between them.
        columns: The columns that are read for it.
        reader: Reads it.
        told: What a user should know of how it was found, in words.
        labels: Options by the folded name of their column, where they lie in one column each.
    """

    name: str
    columns: frozenset[str]
    reader: Reader
    told: tuple[str, ...] = ()
    labels: Mapping[str, str] | None = None


def check_fields(name: str, fields: Fields) -> None:
    """Makes sure that the config names only fields that there are.

    Raises:
        TaskError: It names another one, or leaves out the question.
    """
    for field in fields:
        if field not in FIELDS:
            close = difflib.get_close_matches(field, FIELDS, n=1) or list(FIELDS)
            raise TaskError(f"{name}: `fields` has no key {field!r}; valid keys: {', '.join(close)}.")
    if "text" in fields and fields["text"] is None:
        raise TaskError(f"{name}: `fields.text` is required: name the column that holds the question.")


def find_text(fields: Fields, table: Table) -> Found:
    """The question; of a chat, the last turn of the user.

    Raises:
        TaskError: No column holds it, or several may.
    """
    found = _stated("text", fields, table)
    if found is None:
        names = usual_columns("text", table.columns, table.nested, table.holds_questions)
        if not names:
            raise TaskError(
                f"{table.origin}: no column is named {', '.join(PLAIN['text'])} or the like; it has "
                f"{', '.join(table.columns)}. Name the column that holds the question: fields: {{text: <column>}}."
            )
        found = _guessed("text", _the_one("text", names, table, as_question), table)
    chats = [chat for chat in map(as_chat, table.read(found.reader)) if chat]
    if not chats:
        return found
    told = [f"the question is the user's last turn in `{found.name}`"]
    systems = {system_turn(chat) for chat in chats}
    # one that is the same everywhere gives orders on how to answer, which the prompts of a run do on their own
    keeps_system = len(systems) > 1
    if keeps_system:
        told.append("the system message, which differs between rows, is prepended")
    elif any(systems):
        told.append(f"the system message, the same in all rows looked at, is dropped ({shorten(min(systems))})")
    if any(sum(message.role == "user" for message in chat) > 1 for chat in chats):
        told.append("earlier messages are dropped")
    return Found(found.name, found.columns, _chat_reader(found.reader, keeps_system), ("; ".join(told),))


def _chat_reader(reader: Reader, keeps_system: bool) -> Reader:
    def read(row: Mapping[str, Any]) -> Any:
        value = reader(row)
        chat = as_chat(value)
        if chat is None:
            return value
        system = system_turn(chat) if keeps_system else ""
        return f"{system}\n\n{question_in(chat)}".strip()

    return read


def find_choices(fields: Fields, table: Table, text: Found) -> Found | None:
    """The options, in one column or in one each.

    Raises:
        TaskError: Several columns or groups of them may hold the options.
    """
    if "choices" in fields:
        return _stated("choices", fields, table)
    columns = [name for name in table.columns if name not in text.columns or name != text.name]
    golds = usual_columns("gold", columns, table.nested, table.holds_answers)
    names = [
        name
        for name in usual_columns("choices", columns, table.nested, lambda name: _may_hold_options(table, name))
        # a column `answers` holds options only where another one says which is right
        if name not in golds or _gold_names(table, {text.name, name})
    ]
    groups = [
        group
        for group in option_columns(columns)
        if any(table.cells(group[0])) and (golds or not group[0].casefold().startswith(("ans", "sol")))
    ]
    if len(names) + len(groups) > 1:
        shown = " and ".join(f"`{', '.join(group)}`" for group in [*([name] for name in names), *groups])
        raise TaskError(
            f"{table.origin}: {shown} may all hold the options. Name the "
            f"right ones: fields: {{choices: {_quoted(', '.join([*names[:1], *(groups[0] if not names else [])]))}}}."
        )
    if names:
        return _guessed("choices", names[0], table)
    if not groups:
        return None
    name = ", ".join(groups[0])
    return Found(
        name, frozenset(groups[0]), several_columns(groups[0]), (f"options from {name}",), labels_of(groups[0])
    )


def _may_hold_options(table: Table, name: str) -> bool:
    return table.holds_options(name) or (name in PLAIN["choices"] and bool(table.cells(name)))


def find_gold(fields: Fields, table: Table, text: Found, choices: Found | None) -> Found | None:
    """The gold answer; where the question is a chat, also what the assistant says at its end.

    Raises:
        TaskError: Several columns may hold it and do not agree.
    """
    if "gold" in fields:
        found = _stated("gold", fields, table)
    else:
        names = _gold_names(table, {text.name, *(choices.name.split(", ") if choices else ())})
        if len(names) > 1 and _agree(table, names, choices):
            names = names[:1]
        found = _guessed("gold", _the_one("gold", names, table, _shown_gold), table) if names else None
        if found is None and any(map(_reply, table.read(field_reader(text.name)))):
            told = (f"the gold answer is the assistant's last turn in `{text.name}`",)
            found = Found(text.name, text.columns, field_reader(text.name), told)
    if found is None or not any(map(as_chat, table.read(found.reader))):
        return found
    reader = found.reader
    return Found(found.name, found.columns, lambda row: _shown_gold(reader(row)), found.told)


def _gold_names(table: Table, taken: Collection[str]) -> list[str]:
    columns = [name for name in table.columns if name not in taken]
    # flattened tables have dotted names for columns
    inside = [
        name
        for name in (*columns, *table.nested)
        # the labels of a passage's paragraphs are no answers
        if "." in name and name not in taken and not may_be_context(first_step(name, columns))
    ]
    filled = [name for name in columns if table.cells(name)]
    # an empty column is passed over where another one holds the answers
    found = usual_columns("gold", filled, inside, table.holds_answers) or usual_columns(
        "gold", columns, inside, table.holds_answers
    )
    # a plain name is held to, so that what is wrong with its cells is said
    return found or usual_columns("gold", columns, [], lambda name: name in PLAIN["gold"])


def _agree(table: Table, names: Sequence[str], choices: Found | None) -> bool:
    """Whether columns give the same answers: a worked solution and its result, a label and a position."""
    columns = [table.read(field_reader(name)) for name in names]
    options = table.options(choices.reader) if choices else [()] * len(table.rows)
    return any(
        all(
            _same(first, other, given, Column(first_position=start))
            for other_column in columns[1:]
            for first, other, given in zip(columns[0], other_column, options, strict=True)
        )
        for start in ((0, 1) if choices else (0,))
    )


def _same(first: Any, other: Any, options: tuple[Choice, ...], column: Column) -> bool:
    try:
        golds = [read_gold(_shown_gold(cell), "auto", options, column) for cell in (first, other)]
    except GoldError:
        return False
    known = [gold for gold in golds if isinstance(gold, Gold)]
    return same_gold(*known) if len(known) == 2 else not known


def _reply(value: Any) -> str | None:
    chat = as_chat(value)
    return reply_in(chat) if chat else None


def _shown_gold(value: Any) -> Any:
    return _reply(value) if as_chat(value) else value


def find_id(fields: Fields, table: Table) -> Found | None:
    """What rows call themselves.

    Raises:
        TaskError: The column that the config names is not there.
    """
    if "id" in fields:
        return _stated("id", fields, table)
    names = usual_columns("id", table.columns, [], lambda name: name in PLAIN["id"] or table.holds_ids(name))
    return _guessed("id", names[0], table) if names else None


def find_solution(fields: Fields, table: Table, taken: Collection[str]) -> Found | None:
    """The worked solution, where a column of its own holds it.

    Args:
        fields: What the config says.
        table: The table.
        taken: Columns that hold something else.

    Raises:
        TaskError: The column that the config names is not there.
    """
    if "solution" in fields:
        found = _stated("solution", fields, table)
    else:
        columns = [name for name in table.columns if name not in taken]
        names = usual_columns("solution", columns, [], table.holds_solutions)
        found = _guessed("solution", names[0], table) if names else None
    if found is None:
        return None
    reader = found.reader
    return Found(found.name, found.columns, lambda row: _shown_gold(reader(row)), found.told)


def find_group(fields: Fields, table: Table) -> Found | None:
    """What several questions share; only where the config names it, since many columns hold equal values.

    Raises:
        TaskError: The column that the config names is not there.
    """
    return _stated("group", fields, table)


def _stated(field: str, fields: Fields, table: Table) -> Found | None:
    stated = fields.get(field)
    if stated is None:
        return None
    if is_template(stated):
        return Found(stated, frozenset(columns_in(stated)), field_reader(stated))
    if table.knows(stated):
        return Found(stated, frozenset([first_step(stated, table.columns)]), field_reader(stated))
    parts = [part.strip() for part in stated.split(",")]
    if field == "choices" and len(parts) > 1 and all(map(table.knows, parts)):
        columns = frozenset(first_step(part, table.columns) for part in parts)
        return Found(stated, columns, several_columns(parts), labels=labels_of(parts))
    near = table.nearest(stated)
    hint = f"; did you mean `{near}`?" if near else "."
    raise TaskError(
        f"{table.origin}: `fields.{field}` names the column {stated!r}; there are {', '.join(table.columns)}{hint}"
    )


def _guessed(field: str, name: str, table: Table) -> Found:
    told = () if name in PLAIN[field] else (f"{_WHAT[field]} from `{name}`",)
    return Found(name, frozenset([first_step(name, table.columns)]), field_reader(name), told)


def _the_one(field: str, names: Sequence[str], table: Table, shown: Callable[[Any], Any]) -> str:
    if len(names) == 1 or alike(table, names, shown):
        return names[0]
    shown_names = " and ".join(f"`{name}`" for name in names)
    raise TaskError(
        f"{table.origin}: {shown_names} may all hold the {_WHAT[field]}, and differ. Name the right "
        f"one: fields: {{{field}: {_quoted(names[0])}}}."
    )


def _quoted(name: str) -> str:
    return f'"{name}"' if set(name) & set(",:{}[]#&*") else name
