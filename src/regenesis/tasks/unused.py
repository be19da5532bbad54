"""Columns that no field reads: an error where options would be left out, a note where something may be missed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from regenesis.answers.gold import Gold, GoldError, read_gold
from regenesis.errors import TaskError
from regenesis.tasks.column_names import may_be_context, may_be_gold
from regenesis.tasks.fields import PLAIN, Found
from regenesis.tasks.kinds import is_number
from regenesis.tasks.option_columns import option_columns, wrong_option_columns
from regenesis.tasks.positions import named_option, position_in
from regenesis.tasks.table import Table
from regenesis.tasks.templates import as_variable, field_reader, is_template
from regenesis.types import Choice

_LEAVE_OUT = "or, if they are none, leave them out: fields: {choices: null}"


def check_options(table: Table, unused: Sequence[str], gold: Found | None, choices: Found | None) -> None:
    """Makes sure that no options are left out, and that columns taken for options are some.

    Raises:
        TaskError: Columns look like options and are not used, or the gold answers name none of those taken.
    """
    if choices is not None:
        _check_letters(table, gold, choices)
        return
    groups = option_columns(unused)
    if groups:
        listed = ", ".join(groups[0])
        raise TaskError(
            f"{table.origin}: {listed} look like options, but no column says which is right. "
            f'Name them: fields: {{choices: "{listed}", gold: <column>}}, {_LEAVE_OUT}.'
        )
    wrong = wrong_option_columns(unused)
    if wrong and gold is not None:
        many = len(wrong) == 1 and any(isinstance(cell, list) for cell in table.cells(wrong[0]))
        if many or len(wrong) > 1:
            right, *others = (as_variable(name, table.columns) for name in [gold.name, *wrong])
            # of several accepted answers one is an option
            several = any(isinstance(cell, list) for cell in table.read(gold.reader))
            right = f"{right}[0]" if several else right
            joined = f"({others[0]} + [{right}])" if many else f"[{', '.join([right, *others])}]"
            raise TaskError(
                f"{table.origin}: {', '.join(wrong)} look like wrong options beside the right one in {gold.name}. "
                f'Put them together: fields: {{choices: "{{{{ {joined} | sort }}}}"}}, {_LEAVE_OUT}.'
            )
    for name in unused:
        if gold is not None and _are_options(table, name, gold):
            raise TaskError(
                f"{table.origin}: `{name}` looks like the options that `{gold.name}` chooses from. "
                f"Name it: fields: {{choices: {name}}}, {_LEAVE_OUT}."
            )


def _check_letters(table: Table, gold: Found | None, choices: Found) -> None:
    """Columns called by letters alone may also be the numbers of a problem."""
    if gold is None or not choices.told or any(len(name) > 1 for name in choices.columns):
        return
    rows = zip(table.read(gold.reader), table.options(choices.reader), strict=True)
    known = [(cell, options) for cell, options in rows if cell not in (None, "") and options]
    named = sum(_names_one(cell, options) for cell, options in known)
    # where the cells are numbers a small number is more likely a result than a position
    by_position = all(
        (position := position_in(cell)) is not None
        and position <= len(options)
        and not all(is_number(option.text) for option in options)
        for cell, options in known
    )
    if known and not by_position and 2 * named < len(known):
        raise TaskError(
            f"{table.origin}: {choices.name} look like options, but `{gold.name}` names one of them in only {named} of "
            f'{len(known)} rows. If they are options: fields: {{choices: "{choices.name}"}}; '
            "if not: fields: {choices: null}."
        )


def _names_one(cell: Any, options: tuple[Choice, ...]) -> bool:
    """Whether a gold cell names an option in words, such as `B`, `(B) iron`, `iron` or a sentence that ends so."""
    if named_option(cell, options) is not None:
        return True
    if not isinstance(cell, str) or position_in(cell) is not None:
        return False
    try:
        return isinstance(read_gold(cell, "choice", options), Gold)
    except GoldError:
        return False


def _are_options(table: Table, name: str, gold: Found) -> bool:
    """Whether a column holds options, and the gold answer is one of them in every row."""
    rows = zip(table.read(gold.reader), table.options(field_reader(name)), strict=True)
    known = [(cell, options) for cell, options in rows if cell not in (None, "")]
    return bool(known) and all(options and _names_one(cell, options) for cell, options in known)


def notes_on(table: Table, unused: Sequence[str], text: Found, gold: Found | None) -> list[str]:
    """What a user should know of columns that are not used."""
    notes = []
    context = [name for name in unused if may_be_context(name) and table.holds_questions(name) and table.cells(name)]
    if context:
        parts = [f"{{{{ {as_variable(name, table.columns)} }}}}" for name in [*context, text.name]]
        shown = "\\n\\n".join([*parts[:-1], text.name] if is_template(text.name) else parts)
        notes.append(
            f'`{", ".join(context)}` is not shown to the model; if the question needs it: fields: {{text: "{shown}"}}'
        )
    if gold is None:
        close = next((name for name in unused if may_be_gold(name)), "<column>" if unused else None)
        holder = "one of the others" if close == "<column>" else f"`{close}`"
        where = f"; if {holder} holds them: fields: {{gold: {close}}}" if close else ""
        notes.append(f"no gold answers: no column is named {', '.join(PLAIN['gold'])} or the like{where}")
    return notes
