"""Views in HTML, in which every text is text.

html(funnel_view(funnel))
element("p", escaped(completion.text), title="as the model wrote it")

What a model, a server or a file wrote is escaped on its way here, and characters that would turn the direction of text
around are written out. `Html` is markup of our own.
"""

from __future__ import annotations

from functools import lru_cache
from html import escape
from itertools import groupby

from regenesis.report.blocks import Block, Column, Facts, Note, Table, View
from regenesis.report.csv import csv_text
from regenesis.report.text import neutralise


class Html(str):
    """Markup of our own, which needs no escaping."""

    __slots__ = ()


def escaped(text: str) -> Html:
    """A text as markup that shows it."""
    return Html(escape(neutralise(text)))


def element(name: str, *content: Html, **attributes: str | bool) -> Html:
    """An element.

    Args:
        name: Its name.
        content: What it holds, one after another.
        attributes: Its attributes; of a name, `_` at the end is left out and others stand for a hyphen. `True` is an
            attribute without a value, `False` is none.
    """
    named = "".join([_attribute(key, value) for key, value in attributes.items()])
    return Html(f"<{name}{named}>{''.join(content)}</{name}>")


@lru_cache(maxsize=1024)
def _attribute(key: str, value: str | bool) -> str:
    # mostly one of a few classes
    if value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escaped(value)}"'


def html(view: View) -> Html:
    """A view in HTML."""
    return Html("\n".join(html_block(block) for group in view for block in group))


def html_block(block: Block, name: str = "table") -> Html:
    """A block in HTML; `name` is what a file of a table's figures is called."""
    if isinstance(block, Table):
        return html_table(block, name)
    if isinstance(block, Facts):
        return _facts(block)
    return _note(block)


def html_table(table: Table, name: str) -> Html:
    """A table with a button that saves it as comma-separated values; nothing where it has no rows."""
    if not table.rows:
        return Html("")
    rows = [
        element("tr", *(_cell(column, one.text, one.tone) for column, one in zip(table.columns, cells, strict=True)))
        for cells in table.cells()
    ]
    if table.totals:
        texts = [*table.totals, *[""] * (len(table.columns) - len(table.totals))]
        rows.append(element("tr", *(_cell(*one, "strong") for one in zip(table.columns, texts, strict=True))))
    drawn = element("table", _head(table), element("tbody", *rows))
    save = element(
        "button", Html("CSV"), type="button", class_="csv", data_csv=csv_text(table), data_file=f"{name}.csv",
        title="Save this table as CSV",
    )  # fmt: skip
    return element("div", element("div", drawn, class_="scroll", tabindex="0", role="region", aria_label=name), save,
                   class_="table")  # fmt: skip


def _head(table: Table) -> Html:
    headings = element("tr", *(_heading(one) for one in table.columns))
    if not any(one.group for one in table.columns):
        return element("thead", headings)
    groups = [(name, len(list(some))) for name, some in groupby(table.columns, key=lambda one: one.group)]
    above = (
        element("th", escaped(name), colspan=str(count), scope="colgroup", class_="group" if name else "")
        for name, count in groups
    )
    return element("thead", element("tr", *above), headings)


def _heading(column: Column) -> Html:
    return element("th", escaped(column.heading), scope="col", class_="right" if column.right else "")


def _cell(column: Column, text: str, tone: str) -> Html:
    classes = [*(["right"] if column.right else []), *(["wraps"] if column.wraps or column.fills else [])]
    quiet = column.quiet and tone == "plain"
    return element("td", escaped(text), class_=" ".join([*classes, "quiet" if quiet else tone]))


def _facts(facts: Facts) -> Html:
    kind = "copied" if facts.copied else ""
    rows = (element("div", element("dt", escaped(name)), element("dd", escaped(value))) for name, value in facts.rows)
    return element("dl", *rows, class_=kind) if facts.rows else Html("")


def _note(note: Note) -> Html:
    aside = [Html(" "), element("span", escaped(note.aside), class_="quiet")] if note.aside else []
    sentence = element("p", escaped(note.text), *aside, class_=f"note {note.tone}")
    details = element("ul", *(element("li", escaped(line)) for line in note.details)) if note.details else Html("")
    return Html(sentence + details)
