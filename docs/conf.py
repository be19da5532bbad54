"""How the documentation is built: `make docs`; every warning is an error."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))

from reference_pages import inside, pages

project = "regenesis"
author = "The regenesis developers"
version = release = installed_version("regenesis")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
# an indented block is a command or its output
highlight_language = "none"
# docstrings write names in single backticks
default_role = "code"
exclude_patterns = ["*.py"]
html_theme = "furo"
html_title = "regenesis"
html_show_sourcelink = False
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
python_use_unqualified_type_names = True
napoleon_use_rtype = False


def setup(app: Sphinx) -> None:
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir)))
    app.connect("source-read", lambda _app, _name, content: content.__setitem__(0, inside(content[0])))


def write_pages(folder: Path) -> None:
    """Writes what is generated, where it changed, so that building again is quick."""
    for name, text in pages().items():
        page = folder / name
        page.parent.mkdir(exist_ok=True)
        if not page.exists() or page.read_text("utf-8") != text:
            page.write_text(text, "utf-8")
