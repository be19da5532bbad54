"""The notebook that is shown as an example runs from top to bottom, in a kernel of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.helpers.documented import ROOT

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

NOTEBOOK = ROOT / "examples" / "notebook.ipynb"
LONGEST_REPR = 600  # a config names files by their whole paths


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The results of its cells."""
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(folder)}}).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [output for cell in cells for output in cell.outputs if output.output_type == "execute_result"]


def test_every_result_is_shown_in_a_few_words(outputs: list[dict[str, Any]]) -> None:
    shown = [output["data"]["text/plain"] for output in outputs if "text/html" not in output["data"]]
    assert len(shown) >= 6
    assert max(map(len, shown)) < LONGEST_REPR


def test_it_is_stored_without_outputs() -> None:
    stored = json.loads(NOTEBOOK.read_text("utf-8"))
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in stored["cells"])


def test_tables_are_data_frames(outputs: list[dict[str, Any]]) -> None:
    assert sum("text/html" in output["data"] for output in outputs) == 2
