"""Pictures of the top of a page for the documentation: wide and narrow, light and dark.

regenesis report runs/quickstart
python -m tools.screenshots runs/quickstart/report.html docs/pictures
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.helpers.browser import Browser, chromium

SIZES = {"wide": (1200, 1000), "narrow": (390, 1300)}


async def take(page: Path, folder: Path) -> None:
    executable = chromium()
    if executable is None:
        sys.exit("There is no Chromium here; install one or name it in REGENESIS_CHROMIUM.")
    folder.mkdir(parents=True, exist_ok=True)
    async with Browser.start(executable) as browser:
        for name, (width, height) in SIZES.items():
            for theme in ("light", "dark"):
                tab = await browser.open(page.resolve().as_uri(), width=width, dark=theme == "dark")
                await tab.screenshot(folder / f"report-{name}-{theme}.png", height)


if __name__ == "__main__":
    asyncio.run(take(Path(sys.argv[1]), Path(sys.argv[2])))
