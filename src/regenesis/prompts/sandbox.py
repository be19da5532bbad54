"""The sandbox that templates run in: nothing of Python's can be reached, and no template goes on for ever.

environment = make_environment(files)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

LONGEST_TEXT = 1_000_000
"""Most characters of a rendered template, or of one value that it makes."""
_MOST_TURNS = 100_000
_MOST_EXPONENT = 1_000


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Refuses products and powers that would fill the memory."""
        sizes = [len(side) if isinstance(side, str | bytes | list | tuple) else side for side in (left, right)]
        if operator == "**" and any(isinstance(size, int) and abs(size) > _MOST_EXPONENT for size in sizes):
            raise OverflowError("the power is too large")
        if operator == "*" and any(isinstance(side, str | bytes | list | tuple) for side in (left, right)):
            first, second = (size if isinstance(size, int) else 0 for size in sizes)
            if first * second > LONGEST_TEXT:
                raise OverflowError("the repeated text is too long")
        return super().call_binop(context, operator, left, right)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> dict[str, Any]:
        """What a template's names begin with, as a plain dictionary.

        Each rendering and each include copies it, and from the chain of mappings that Jinja2 makes, which would follow
        later changes of the environment, that takes longer than all else in a short template. Nothing changes here.
        """
        return {**self.globals, **(d or {})}


def make_environment(files: Mapping[str, str]) -> jinja2.Environment:
    """An environment whose templates are these files, by name."""
    # a question's own braces are never read as a template: it is only ever a value
    return _Environment(
        loader=jinja2.DictLoader(dict(files)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
        auto_reload=False,  # the files stay as they are, which every include would look at
    )


def render(template: jinja2.Template, values: Mapping[str, Any]) -> str:
    """A template's text; stops one that writes too much or counts too far.

    Raises:
        OverflowError: It does.
    """
    left = _MOST_TURNS

    def counted_range(*bounds: int) -> Iterator[int]:
        nonlocal left
        for number in range(*bounds):
            left -= 1
            if left < 0:
                raise OverflowError(f"its ranges go on for more than {_MOST_TURNS:,} turns")
            yield number

    pieces: list[str] = []
    length = 0
    for piece in template.generate({**values, "range": counted_range}):
        length += len(piece)
        if length > LONGEST_TEXT:
            raise OverflowError(f"its text is longer than {LONGEST_TEXT:,} characters")
        pieces.append(piece)
    return "".join(pieces)


def line_of(error: BaseException) -> int | None:
    """The line of a template at which it failed, `None` where that is not known."""
    line, step = None, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == "<template>":
            line = step.tb_lineno
        step = step.tb_next
    return line
