from __future__ import annotations

import io

import pytest
from rich.console import Console

from regenesis.report.blocks import Block, Cell, Column, Facts, Note, Table
from regenesis.report.terminal import print_view


def printed(*groups: list[Block], width: int = 40) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False, emoji=False, color_system=None)
    print_view(console, groups)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


NAMES = Table([Column("task", shortest=8), Column("n", right=True)], [["a_rather_long_name", "1,000"], ["b"]])


def test_groups_are_set_apart_and_empty_ones_are_none() -> None:
    assert printed([], [Note("one"), Note("two", details=["more"])], [], [Note("three")]) == "one\ntwo\n  more\n\nthree"


@pytest.mark.parametrize(
    ("width", "row"), [(40, "a_rather_long_name  1,000"), (20, "a_rathe…  1,000"), (14, "a_rathe… 1,000")]
)
def test_a_table_loses_no_more_than_it_must(width: int, row: str) -> None:
    assert printed([NAMES], width=width).splitlines()[1] == row


def test_columns_of_a_group_share_a_heading() -> None:
    columns = [Column("stage"), *(Column(name, "calls", right=True) for name in ("at most", "expected"))]
    shown = printed([Table(columns, [["solve", "9", "5"]], totals=["all", "9", "5"])])
    assert shown.splitlines() == [
        "         calls",
        "stage  at most  expected",
        "solve        9         5",
        "all          9         5",
    ]


def test_what_is_there_to_be_copied_is_not_broken_into_lines() -> None:
    command = "regenesis synthesize config.yaml --run-dir runs/x"
    assert printed([Facts([("Resume", command)], copied=True)], width=20) == f"Resume        {command}"


def test_other_facts_are_wrapped_beside_their_names() -> None:
    shown = printed([Facts([("chains", "12 of them, and more"), ("kept", "3")])], width=26)
    assert shown.splitlines() == ["chains        12 of them,", "              and more", "kept          3"]


@pytest.mark.parametrize(
    "block",
    [
        Note("\x1b[31mred", aside="\x1b[0m", details=["\x07"]),
        Table([Column("\x1b[1m")], [[Cell("\x1b[31m", "bad")]], totals=["\x1b"]),
        Facts([("\x1b[31m", "\x1b[0m")]),
        Facts([("\x1b[31m", "\x1b[0m")], copied=True),
    ],
)
def test_nothing_in_a_view_is_obeyed_by_the_terminal(block: Block) -> None:
    shown = printed([block])
    assert "\x1b" not in shown
    assert r"\x1b" in shown
