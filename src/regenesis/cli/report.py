"""`regenesis report`: a page of a run, of an experiment or of runs side by side.

regenesis report runs/x                         runs/x/report.html
regenesis report experiments/x --open           and opens it in a browser
regenesis report runs/a runs/b --out both.html
"""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenesis.errors import ConfigError, RunError

if TYPE_CHECKING:
    from regenesis.pages import Page
    from regenesis.pages.cost import Price

_FILE = "report.html"


def report_command(
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN | EXPERIMENT | [LABEL=]RUN…", help="A run, an experiment's folder, or runs to compare."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="The file; default report.html in the folder, or here for several runs.", show_default=False),
    ] = None,
    open_it: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    price: Annotated[
        str | None,
        typer.Option(
            metavar="PROMPT,NEW",
            help="Of a run: price of a million prompt tokens and of a million new tokens, such as 0.15,0.60.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write a page: did it work, what was made, what did it cost, what does it look like, how to make it again.

    The page is one HTML file that needs no network. It can be written while a run is going on.
    """
    # many small values live until the page is written: looking for cycles among them takes a tenth of the time, and
    # giving memory back to the system between tables another tenth
    gc.disable()
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    try:
        from regenesis.pages import write_page

        page, folder = _page(targets, None if price is None else _price(price))
        file = out or folder / _FILE
        write_page(page, file)
    finally:
        gc.enable()
    print(file)
    if open_it:
        import webbrowser

        if not webbrowser.open(file.resolve().as_uri()):
            raise RunError(f"{file}: is written, but no browser was found to open it with.")


def _page(targets: list[str], price: Price | None) -> tuple[Page, Path]:
    """The page, and the folder that it belongs in."""
    from regenesis.cli.compared import chosen, experiment_folder

    folder = experiment_folder(targets)
    if folder is None and len(targets) == 1:
        return _run_page(Path(targets[0]), price)
    if price is not None:
        raise ConfigError("--price goes with one run.")
    from regenesis.experiments.directory import ExperimentDirectory
    from regenesis.filesystems import read_bounded
    from regenesis.pages.comparison import comparison_page

    comparison = chosen(targets)
    if folder is None:
        return comparison_page(comparison, " vs ".join(dict.fromkeys(run.label for run in comparison.runs))), Path()
    config = read_bounded(ExperimentDirectory(folder).config_file).decode("utf-8", "replace")
    return comparison_page(comparison, folder.resolve().name, config), folder


def _run_page(run: Path, price: Price | None) -> tuple[Page, Path]:
    from regenesis.cli.show_chains import method_words
    from regenesis.pages.chain_list import Words
    from regenesis.pages.run import run_page
    from regenesis.runs import RunDirectory

    directory = RunDirectory(run)
    return run_page(directory, Words(*method_words(directory)), price), run


def _price(text: str) -> Price:
    from regenesis.pages.cost import Price

    try:
        prompt, new = (float(one) for one in text.split(","))
    except ValueError:
        prompt = new = -1.0
    if not (0 <= prompt < float("inf") and 0 <= new < float("inf")):
        raise ConfigError(f"--price {text!r}: give two numbers, such as 0.15,0.60: a million prompt and new tokens.")
    return Price(prompt, new)
