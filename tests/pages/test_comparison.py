from __future__ import annotations

from collections.abc import Mapping

import pytest
from tests.helpers.compared import write_run

from regenesis.experiments.after_the_fact import compare_folders
from regenesis.pages import Page, document
from regenesis.pages.charts import Chart, Intervals
from regenesis.pages.comparison import comparison_page

BASE = {"sums": "rwrwrwrw", "more": "wwwwwwww"}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    folder = tmp_path_factory.mktemp("compared")
    tuned: Mapping[str, Mapping[str, str]] = {
        "ours": {"sums": "rrrrrrrw", "more": "wwwwwwww"},
        "theirs": {"sums": "wwwwrwrw", "more": "wwwwwwww"},
    }
    domains = {"sums": "in-domain", "more": "out-of-domain"}
    runs = [(None, write_run(folder / name, BASE, letters, domains=domains)) for name, letters in tuned.items()]
    return comparison_page(compare_folders(runs), "ours vs theirs")


def test_each_method_is_drawn_against_the_base(page: Page) -> None:
    drawn = next(one.drawing for one in page.sections[0].items if isinstance(one, Chart))
    assert isinstance(drawn, Intervals)
    assert [(one.label, one.series, one.value) for one in drawn.rows] == [
        ("ours", "sums", 37.5),
        ("ours", "more", 0.0),
        ("theirs", "sums", -25.0),
        ("theirs", "more", 0.0),
    ]


def test_no_difference_is_nought_without_a_sign(page: Page) -> None:
    assert [one.figure for one in page.tiles] == ["0.0", "0.0"]


def test_answers_of_all_methods_stand_beside_those_of_the_base(page: Page) -> None:
    shown = document(page)
    assert "base ✓</span>" in shown
    assert shown.count("<h4>ours</h4>") == shown.count("<h4>theirs</h4>") == 16
