"""Pictures of a page: wide and narrow, light and dark.

python -m tools.screenshots runs/quickstart/report.html docs/pictures
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.helpers.browser import Browser, chromium

WIDTHS = {"wide": 1440, "narrow": 390}


async def take(page: Path, folder: Path) -> None:
    executable = chromium()
    if executable is None:
        sys.exit("There is no Chromium here; install one or name it in REGENESIS_CHROMIUM.")
    folder.mkdir(parents=True, exist_ok=True)
    async with Browser.start(executable) as browser:
        for width, pixels in WIDTHS.items():
            for theme in ("light", "dark"):
                tab = await browser.open(page.resolve().as_uri(), width=pixels, dark=theme == "dark")
                await tab.evaluate(
                    "for (const list of document.querySelectorAll('.list')) list.querySelector('details').open = true"
                )
                await tab.settle()
                await tab.screenshot(folder / f"{page.parent.name}-{width}-{theme}.png")


if __name__ == "__main__":
    asyncio.run(take(Path(sys.argv[1]), Path(sys.argv[2])))
