"""A page as one HTML file that needs nothing else: no network, no folder beside it, no server.

document(page)

The policy in its head allows the page's own scripts, known by their hashes, and nothing else to run, and nothing to be
fetched, whatever the text of a model holds.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from functools import cache
from importlib import resources

from regenesis.pages.sections import Page, html_section, html_tile
from regenesis.report.html import Html, element, escaped

_SCRIPTS = ("plot.js", "page.js")


def document(page: Page) -> str:
    """The page as HTML."""
    scripts = [_static(name) for name in _SCRIPTS]
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    head = [
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="referrer" content="no-referrer">'),
        element("title", escaped(page.title)),
        element("style", _static("page.css")),
    ]
    menu = element("nav", *(element("a", escaped(one.title), href=f"#{one.name}") for one in page.sections))
    theme = element("button", Html("light / dark"), type="button", id="theme")
    header = element(
        "header", element("h1", escaped(page.title)), theme, element("p", escaped(page.aside), class_="quiet")
    )
    tiles = element("div", *map(html_tile, page.tiles), class_="tiles")
    footer = element("footer", escaped(f"Made {made} by regenesis {_version()}. This file needs no network."))
    main = element("main", header, tiles, *map(html_section, page.sections), footer)
    body = element("body", menu, main, *(element("script", one) for one in scripts))
    return f'<!doctype html>\n<html lang="en">{element("head", *head)}{body}</html>\n'


def _policy(scripts: list[Html]) -> str:
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in scripts)
    return f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


@cache
def _static(name: str) -> Html:
    return Html(resources.files("regenesis.pages").joinpath("static", name).read_text("utf-8"))


def _version() -> str:
    from regenesis import __version__

    return __version__
