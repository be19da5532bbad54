"""A real headless Chromium, driven over its own debugging protocol.

async with Browser.start(executable) as browser:
    page = await browser.open(file.as_uri(), width=390, dark=True)
    await page.evaluate("document.title")
    page.requests, page.messages

What it needs to be told apart from what a page does by itself is off: updates, accounts, background traffic.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SECONDS = 240
"""Bound on one answer of the browser, far above what it takes, so that one that hangs fails its test."""
_FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps"),
    *("--disable-extensions", "--disable-dev-shm-usage", "--metrics-recording-only", "--remote-debugging-port=0"),
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


def chromium() -> str | None:
    """The browser of this machine, `None` if there is none."""
    return os.environ.get("REGENESIS_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@dataclass
class Tab:
    """A page that is open.

    Attributes:
        requests: Addresses that it asked for, its own included.
        messages: What it wrote to the console, and errors that nothing caught.
        dialogs: What it tried to say in a dialog.
    """

    browser: Browser
    session: str
    requests: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    loaded: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        return await self.browser.send(method, self.session, **parameters)

    async def evaluate(self, expression: str) -> Any:
        """The value of an expression, awaited if it is a promise."""
        found = await self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise AssertionError(found["exceptionDetails"])
        return found["result"].get("value")

    async def settle(self) -> None:
        """Waits until what was to be drawn is drawn."""
        await self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    async def screenshot(self, file: Path, height: int | None = None) -> None:
        """Saves what the page looks like, all of it or so many pixels from the top."""
        metrics = (await self.send("Page.getLayoutMetrics"))["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": metrics["width"], "height": height or metrics["height"], "scale": 1}
        shot = await self.send("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        file.write_bytes(base64.b64decode(shot["data"]))

    def heard(self, method: str, parameters: dict[str, Any]) -> None:
        """Takes note of what the browser tells of the page."""
        if method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif method == "Runtime.consoleAPICalled":
            self.messages.append(" ".join(str(one.get("value")) for one in parameters["args"]))
        elif method == "Runtime.exceptionThrown":
            self.messages.append(str(parameters["exceptionDetails"]))
        elif method == "Log.entryAdded":
            self.messages.append(parameters["entry"]["text"])
        elif method == "Page.javascriptDialogOpening":
            self.dialogs.append(parameters["message"])
        elif method == "Page.loadEventFired":
            self.loaded.set()


class Browser:
    """A browser that is running; each tab has its own storage."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._tabs: dict[str, Tab] = {}
        self._reader = asyncio.create_task(self._read())

    @classmethod
    @asynccontextmanager
    async def start(cls, executable: str) -> AsyncIterator[Self]:
        """Starts a browser with a profile of its own, and ends it."""
        with tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as profile:
            process = await asyncio.create_subprocess_exec(
                executable,
                *_FLAGS,
                f"--user-data-dir={profile}",
                "about:blank",
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
            try:
                address = await asyncio.wait_for(_address(Path(profile)), SECONDS)
                async with aiohttp.ClientSession() as session, session.ws_connect(address, max_msg_size=0) as socket:
                    browser = cls(socket)
                    yield browser
                    browser._reader.cancel()
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()

    async def send(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Sends a command and returns what it gives."""
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        said = {"id": number, "method": method, "params": parameters}
        await self._socket.send_json(said if session is None else {**said, "sessionId": session})
        return await asyncio.wait_for(self._waiting[number], SECONDS)

    async def open(self, address: str, *, width: int = 1440, height: int = 1000, dark: bool = False) -> Tab:
        """Opens an address in a new tab and waits until it is loaded and drawn."""
        target = await self.send("Target.createTarget", url="about:blank")
        attached = await self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        tab = self._tabs[attached["sessionId"]] = Tab(self, attached["sessionId"])
        for domain in ("Page", "Network", "Runtime", "Log"):
            await tab.send(f"{domain}.enable")
        await tab.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await tab.send("Emulation.setEmulatedMedia", features=[scheme])
        await tab.send("Page.navigate", url=address)
        await asyncio.wait_for(tab.loaded.wait(), SECONDS)
        await tab.settle()
        return tab

    async def _read(self) -> None:
        async for message in self._socket:
            said = message.json()
            if "id" in said:
                waiting = self._waiting.pop(said["id"])
                if "error" in said:
                    waiting.set_exception(AssertionError(said["error"]))
                else:
                    waiting.set_result(said["result"])
            elif (tab := self._tabs.get(said.get("sessionId", ""))) is not None:
                tab.heard(said["method"], said["params"])
                if said["method"] == "Page.javascriptDialogOpening":
                    # a dialog stops everything until somebody answers it
                    await self._socket.send_json(
                        {"id": 0, "sessionId": tab.session, "method": "Page.handleJavaScriptDialog",
                         "params": {"accept": True}}
                    )  # fmt: skip
                    self._waiting[0] = asyncio.get_running_loop().create_future()


async def _address(profile: Path) -> str:
    """Where a browser that has just been started is to be spoken to."""
    file = profile / "DevToolsActivePort"
    while True:
        with suppress(OSError, ValueError):
            port, path = file.read_text().split("\n")[:2]
            return f"ws://127.0.0.1:{int(port)}{path}"
        await asyncio.sleep(0.02)
