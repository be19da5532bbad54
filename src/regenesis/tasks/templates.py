"""How one field of a question is read out of a row: a column's name (see `paths` for nested ones), or a Jinja2 template
over the columns.

    reader = field_reader("{{ answer.split('####')[-1] | trim }}")
    reader({"answer": "… #### 18"})  # "18"

A template that is one `{{ expression }}` and nothing else keeps its value's type, so that it can yield a list of
choices or a truth value. Templates run in Jinja2's sandbox, with columns as variables, the whole row as `row`, and:

    index | letter           0 → "A"
    ["A) x", …] | lettered   options that carry their own letters → [{"label": "A", "text": "x"}, …]
    text | option_lines      the lines "(A) x" of a text → the same
    value is numeric         whether a checker could read it as a number
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, Undefined
from jinja2.meta import find_undeclared_variables
from jinja2.nodes import Const, Getitem, Name
from jinja2.sandbox import ImmutableSandboxedEnvironment

from regenesis.errors import TaskError
from regenesis.tasks.kinds import is_number, option_letter
from regenesis.tasks.paths import value_at
from regenesis.tasks.rows import RowError, shorten

Reader = Callable[[Mapping[str, Any]], Any]

_SINGLE_EXPRESSION = re.compile(r"\s*\{\{((?:(?!\{\{|\}\}).)*)\}\}\s*", re.DOTALL)
_LETTERED = re.compile(r"\s*\(?([A-Za-z0-9])\s*[).:]\s*(.*)", re.DOTALL)
_OPTION_LINE = re.compile(r"^\(([A-Z])\)[ \t]*(.*?)[ \t]*$", re.MULTILINE)

# what an expression over odd values may raise, beside Jinja2's own errors
_FAULTS = (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def is_template(source: str) -> bool:
    """Whether a field is a template rather than a column's name."""
    return "{{" in source or "{%" in source


def field_reader(source: str) -> Reader:
    """A function that reads a field out of a row; it raises `RowError` where the row does not have it.

    Raises:
        TaskError: `source` is a template that is not valid.
    """
    return _template(source) if is_template(source) else lambda row: value_at(row, source)


def as_variable(name: str, columns: Collection[str]) -> str:
    """How a template reads a column or a part of one: a column that is no name of a variable, out of the row."""
    return f"row['{name}']" if name in columns and not name.isidentifier() else name


def columns_in(source: str) -> set[str]:
    """Names of the columns that a template reads."""
    try:
        tree = _environment().parse(source)
    except TemplateSyntaxError:
        return set()
    whole = {
        node.arg.value
        for node in tree.find_all(Getitem)
        if isinstance(node.node, Name) and node.node.name == "row" and isinstance(node.arg, Const)
    }
    return find_undeclared_variables(tree) | whole


@functools.lru_cache(maxsize=1024)  # compiled once: a dataset of many parts has the same templates for each
def _template(source: str) -> Reader:
    environment = _environment()
    single = _SINGLE_EXPRESSION.fullmatch(source)
    evaluate: Callable[[Mapping[str, Any]], Any]
    try:
        if single:
            evaluate = environment.compile_expression(single[1], undefined_to_none=False)
        else:
            evaluate = environment.from_string(source).render
    except TemplateSyntaxError as error:
        raise TaskError(f"The field {source!r} is not a valid Jinja2 template: {error.message}.") from error

    def read(row: Mapping[str, Any]) -> Any:
        try:
            value = evaluate({"row": row, **row})
            if isinstance(value, Undefined):
                str(value)  # a strict undefined says what it misses when it is used
        except _FAULTS as error:
            raise RowError(f"{shorten(source)} fails: {error}") from error
        return value

    return read


@functools.cache
def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
    environment.filters["letter"] = option_letter
    environment.filters["lettered"] = _lettered
    environment.filters["option_lines"] = _option_lines
    environment.tests["numeric"] = is_number
    return environment


def _lettered(options: list[str]) -> list[dict[str, str]]:
    matches = [_LETTERED.fullmatch(option) for option in options]
    if not all(matches):
        raise ValueError(f"options without a letter in front: {shorten(options)}")
    return [{"label": match[1], "text": match[2]} for match in matches if match]


def _option_lines(text: str) -> list[dict[str, str]]:
    return [{"label": label, "text": option} for label, option in _OPTION_LINE.findall(text)]
