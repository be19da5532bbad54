"""Tables and notes as data: what a view consists of, whatever renders it.

    table = Table([Column("task"), Column("kept", right=True)], [["gsm8k", "12"], ["svamp", Cell("0", "bad")]])
    view = [[Note("12 paths kept.", "good")], [table]]

Texts are plain: a renderer neutralises them for its medium, and no text is markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

Tone = Literal["plain", "quiet", "strong", "good", "bad", "warning", "caution"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a table, with a tone."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        heading: Its name.
        group: What this column and its neighbours of the same group have in common.
        right: Whether it is aligned to the right, as figures are.
        wraps: Whether its cells may take several lines.
        quiet: Whether it stands back behind the others.
        shortest: Characters that its cells may be clipped to where there is not enough room.
        fills: Whether it takes the room that the others leave, its cells clipped to that.
    """

    heading: str
    group: str = ""
    right: bool = False
    wraps: bool = False
    quiet: bool = False
    shortest: int | None = None
    fills: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns.

    Attributes:
        columns: From left to right.
        rows: Each with a cell a column; cells missing at the end of a row are empty.
        totals: A last row that sums up the others.
        bare: Whether the rows speak for themselves, so that a terminal leaves the headings out.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[str | Cell]]
    totals: Sequence[str] = ()
    bare: bool = False

    def cells(self) -> Iterator[list[Cell]]:
        """The rows, filled up, without the totals."""
        for row in self.rows:
            cells = [one if isinstance(one, Cell) else Cell(one) for one in row]
            yield cells + [Cell("")] * (len(self.columns) - len(cells))


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence or more.

    Attributes:
        text: The sentence.
        tone: Of the sentence.
        aside: What stands behind it, quietly.
        details: Lines that belong to it.
    """

    text: str
    tone: Tone = "plain"
    aside: str = ""
    details: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with their values, one a line.

    Attributes:
        rows: The names and values in order.
        copied: Whether values are there to be copied, as paths and commands are: a terminal then breaks no line.
    """

    rows: Sequence[tuple[str, str]] = field(default_factory=tuple)
    copied: bool = False


Block = Table | Note | Facts
View = Sequence[Sequence[Block]]
"""Groups of blocks, with room between one group and the next; groups without blocks are none."""
