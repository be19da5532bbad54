"""Pages in a real headless Chromium: nothing that a model wrote runs, breaks the page or fetches anything."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from tests.helpers.browser import Browser, Tab, chromium
from tests.helpers.compared import write_training
from tests.helpers.measured import evaluation
from tests.helpers.played import PlayedEngine, play
from tests.helpers.runs import toy_config, toy_mapping

from regenesis.config import config_from_mapping
from regenesis.evaluation.record import EvaluationReport, write_record
from regenesis.experiments.after_the_fact import compare_folders
from regenesis.pages import write_page
from regenesis.pages.chain_list import Words
from regenesis.pages.comparison import comparison_page
from regenesis.pages.cost import Price
from regenesis.pages.run import run_page
from regenesis.runs import RunDirectory, synthesize
from regenesis.types import Request

EXECUTABLE = chromium()
pytestmark = [
    pytest.mark.skipif(EXECUTABLE is None, reason="there is no Chromium on this machine"),
    pytest.mark.asyncio(loop_scope="module"),
]
RAN = "window.ran = (window.ran || 0) + 1"
ADDRESS = "http://127.0.0.1:9/fetched"
HOSTILE = {
    "script": f"<script>{RAN}</script>",
    "script from elsewhere": f'<script src="{ADDRESS}.js"></script>',
    "end of script": f"</script><script>{RAN}</script>",
    "end of everything": "</div></details></section></main></body></html><h1>over</h1>",
    "end of style": f"</style></title></textarea></template><script>{RAN}</script>",
    "handlers": f'<img src=x onerror="{RAN}"><svg onload="{RAN}"><details open ontoggle="{RAN}">',
    "attributes": f'" autofocus onfocus=\'{RAN}\' x=" \' onclick="{RAN}"',
    "addresses": f'<a href="javascript:{RAN}">x</a><img src="{ADDRESS}.png"><link rel=stylesheet href="{ADDRESS}.css">',
    "frames": f'<iframe src="{ADDRESS}.html"></iframe><object data="{ADDRESS}"></object>',
    "moves": f'<meta http-equiv="refresh" content="0; url={ADDRESS}"><base href="{ADDRESS}/">',
    "styles": f"<style>* {{ display: none; background: url({ADDRESS}) }}</style>",
    "comments": "<!-- --!> <![CDATA[ ]]> <? ?>",
    "directions": "\u202eright to left\u202c \u2066isolated\u2069 \u200f \u061c",
    "control characters": "\x00\x1b[31m\x07\x7f\x85",
    "templates": "{{constructor.constructor('x')()}} ${7*7} <%= 7 %>",
}
FEW = {"guidelines": 2, "wave": 2, "selections": 0, "hint": {"enabled": False}}
LONG = "y" * 1_000_000
EVERYTHING = "\n".join(HOSTILE.values())


def answer(request: Request) -> str:
    longest = LONG if request.question_id.startswith("toy/questions/3 ") else ""
    hostile = f"{EVERYTHING}\n{play(request)}", f"{EVERYTHING}\ud800\n{longest}"
    return (*hostile, play(request))[request.seed % 3]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    assert EXECUTABLE is not None
    async with Browser.start(EXECUTABLE) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run in which everything that can hold a text holds a hostile one."""
    folder = tmp_path_factory.mktemp("hostile")
    rows = [
        {
            "id": f"{number} {text}" if text.isprintable() else number,
            "question": f"{text} How many? [[gold={number}]]",
            "answer": str(number),
        }
        for number, text in enumerate(HOSTILE.values(), start=3)
    ]
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    await synthesize(toy_config(folder / "questions.jsonl", method=FEW), folder / "run", engine=PlayedEngine(answer))
    outcomes = {
        name: {"sums": letters, "more": letters[::-1]} for name, letters in (("base", "rwuw"), ("tuned", "wrru"))
    }
    found = evaluation(outcomes, domains={"sums": "in-domain", "more": "out-of-domain"})
    for results in found.results["tuned"].values():
        results[:] = [replace(one, response=f"{EVERYTHING}\n{LONG}") for one in results]
    write_record(EvaluationReport(folder / "run", found, None, {}, 0, 0, 0, 0, 0.0))
    write_training(folder / "run")
    summary = folder / "run" / "evaluation" / "summary.json"
    changed = json.loads(summary.read_text())
    changed["notes"] = [*HOSTILE.values()]
    changed["tasks"][EVERYTHING] = changed["tasks"]["more"]
    changed["comparisons"][0]["tasks"][EVERYTHING] = changed["comparisons"][0]["tasks"]["more"]
    changed["comparisons"][0]["second"] = EVERYTHING
    summary.write_text(json.dumps(changed))
    return folder / "run"


async def opened(browser: Browser, run: Path, **how: object) -> Tab:
    words = Words({"solve": EVERYTHING}, dict.fromkeys(("experiment", "analytical"), EVERYTHING))
    write_page(run_page(RunDirectory(run), words, Price(0.15, 0.6)), run / "report.html")
    return await browser.open((run / "report.html").as_uri(), **how)  # type: ignore[arg-type]


async def require_untouched(tab: Tab, file: Path) -> None:
    """Nothing ran, nothing broke and nothing was fetched."""
    await tab.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    await tab.settle()
    assert await tab.evaluate("window.ran") is None
    assert tab.requests == [file.as_uri()]
    assert tab.messages == []
    assert tab.dialogs == []
    sections = "[...document.querySelectorAll('body > main > section')].map(one => one.id)"
    assert await tab.evaluate(sections) == ["results", "made", "cost", "samples", "again"]
    assert await tab.evaluate("document.body.lastElementChild.localName + document.scripts.length") == "script2"
    strange = "document.querySelectorAll('iframe, object, img, link, base, h1 ~ h1, [onerror], [onclick]').length"
    assert await tab.evaluate(strange) == 0


async def test_hostile_texts_are_shown_and_do_nothing(browser: Browser, run: Path) -> None:
    tab = await opened(browser, run)
    await require_untouched(tab, run / "report.html")
    shown = await tab.evaluate("document.body.textContent")
    for name in ("script", "end of script", "handlers", "moves", "templates"):
        assert HOSTILE[name] in shown
    assert "\\u202eright to left\\u202c" in shown
    assert not set("\u202e\u2066\x1b\x00") & set(shown)
    assert "more characters" in shown
    assert LONG not in shown


async def test_every_chart_is_drawn_and_nothing_is_wider_than_the_page(browser: Browser, run: Path) -> None:
    for width in (1440, 390):
        tab = await opened(browser, run, width=width)
        charts = "[document.querySelectorAll('[data-chart]').length, document.querySelectorAll('.plot svg').length]"
        found, drawn = await tab.evaluate(charts)
        assert found == drawn >= 5
        assert await tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert tab.messages == []


async def test_lists_are_narrowed_down(browser: Browser, run: Path) -> None:
    tab = await opened(browser, run)
    count = "document.querySelector('[data-of=answers] output').textContent"
    assert await tab.evaluate(count) == "12 found"
    choose = "(() => { const one = document.querySelector('[data-of=answers] [data-by=change]'); one.value = 'won';"
    await tab.evaluate(choose + "one.dispatchEvent(new Event('input', {bubbles: true})) })()")
    shown = "[...document.querySelectorAll('#answers > details:not([hidden])')].map(one => one.dataset.change)"
    won = await tab.evaluate(shown)
    assert set(won) == {"won"}
    search = "(() => { const one = document.querySelector('[data-of=answers] [data-search]'); one.value = 'nowhere';"
    await tab.evaluate(search + "one.dispatchEvent(new Event('input', {bubbles: true})) })()")
    assert await tab.evaluate(count) == "0 found"


async def test_a_long_list_is_shown_a_screen_at_a_time(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    rows = [
        {"id": number, "question": f"What is {number}? [[gold={number}]]", "answer": number} for number in range(60)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = config_from_mapping(toy_mapping(file) | {"method": {"name": "rejection", "samples": 1, "keep": 1}})
    await synthesize(config, tmp_path / "run", engine=PlayedEngine())
    tab = await opened(browser, tmp_path / "run")
    shown = "document.querySelectorAll('#chains > details:not([hidden])').length"
    assert await tab.evaluate(shown) == 25
    await tab.evaluate("document.querySelector('.more').click()")
    assert await tab.evaluate(shown) == 50


async def test_the_theme_follows_the_reader(browser: Browser, run: Path) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    light, dark = [await opened(browser, run, dark=one) for one in (False, True)]
    colours = [await one.evaluate(colour) for one in (light, dark)]
    assert colours[0] != colours[1]
    await light.evaluate("document.getElementById('theme').click()")
    assert await light.evaluate(colour) == colours[1]


async def test_a_page_without_scripts_still_has_its_figures(browser: Browser, run: Path) -> None:
    tab = await opened(browser, run)
    await tab.send("Emulation.setScriptExecutionDisabled", value=True)
    tab.loaded.clear()
    await tab.send("Page.reload")
    await tab.loaded.wait()
    root = (await tab.send("DOM.getDocument", depth=1))["root"]["nodeId"]
    found = await tab.send("DOM.querySelectorAll", nodeId=root, selector="table, article")
    assert len(found["nodeIds"]) > 10


async def test_runs_side_by_side_are_shown_untouched(browser: Browser, run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "other")
    for one in (run, tmp_path / "other"):
        summary = json.loads((one / "evaluation" / "summary.json").read_text())
        summary["tasks"].pop(EVERYTHING, None)
        (one / "evaluation" / "summary.json").write_text(json.dumps(summary))
    file = tmp_path / "both.html"
    write_page(comparison_page(compare_folders([(EVERYTHING, run), ("other", tmp_path / "other")]), EVERYTHING), file)
    tab = await browser.open(file.as_uri())
    await require_untouched(tab, file)
