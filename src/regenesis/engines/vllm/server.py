"""One `vllm serve`: started under a supervisor, waited for, ended.

server = Server(command, environment, url)
await server.start()
await server.ready(client, seconds)
await server.ended.wait()            # only if it dies by itself
await server.stop()
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from regenesis.engines.openai.bodies import BrokenReply
from regenesis.engines.openai.client import Client
from regenesis.engines.openai.complaints import shorten
from regenesis.engines.openai.wire import Interrupted, Unreachable
from regenesis.engines.vllm import supervisor
from regenesis.engines.vllm.metrics import PrefixTokens, prefix_tokens
from regenesis.errors import EngineError

_GLANCE = 0.25
"""Seconds between two looks at whether a server is ready."""
PATIENCE = 5.0
"""Seconds for a server to say that it is well, or what it has counted."""
_LINES_SHOWN, _LONGEST_LOG = 5, 1_000_000
_ERROR = re.compile(r"(?:\([^)]*\) )?(?:ERROR [\d-]+ [\d:]+ \[[^\]]*\] )?(\w*(?:Error|Exception): .+)")
"""A line with an error, behind the name of a process, level, time and place."""


class Server:
    """One `vllm serve`, which may be started again after its end.

    Attributes:
        url: Where it answers, without a path.
        log: What it writes.
        starts: How often it was started.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], url: str) -> None:
        self.url = url
        self.starts = 0
        self._command = list(command)
        self._environment = dict(environment)
        handle, name = tempfile.mkstemp(prefix="regenesis-vllm-", suffix=".log")
        os.close(handle)
        self.log = Path(name)
        self._process: Process | None = None
        self._begins = 0

    async def start(self) -> None:
        """Starts the process and returns at once."""
        self.starts += 1
        # the log goes on over all starts, so that it holds why the first one ended
        with self.log.open("ab") as log:
            self._begins = log.tell()
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", supervisor.__file__, str(os.getpid()), *self._command),
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                # Ctrl-C in the terminal is for the driver, which ends it in its own time
                start_new_session=True,
            )

    async def wait(self) -> int:
        """Waits until it ends by itself; gives the exit code."""
        assert self._process is not None
        return await self._process.wait()

    async def ready(self, client: Client, seconds: float) -> None:
        """Waits until it answers.

        Raises:
            EngineError: It ended, or does not answer in time.
        """
        assert self._process is not None
        try:
            async with asyncio.timeout(seconds):
                while self._process.returncode is None:
                    if await self.is_well(client):
                        return
                    await asyncio.sleep(_GLANCE)
        except TimeoutError:
            raise EngineError(
                f"vLLM is not ready after {seconds:.0f} s (engine.start_timeout). {self.last_words()}"
            ) from None
        raise EngineError(f"vLLM ended while it started ({self.how_it_ended()}). {self.last_words()}")

    def how_it_ended(self) -> str:
        """Its exit code, or the signal that it ended by, in words."""
        code = self._process.returncode if self._process is not None else None
        if code is not None and code > 128:
            return f"by signal {code - 128}"
        return f"exit code {code}"

    def last_words(self) -> str:
        """The last lines of its log, as the end of a message."""
        lines: list[str] = []
        with suppress(OSError), self.log.open("rb") as log:
            log.seek(max(self._begins, self.log.stat().st_size - _LONGEST_LOG))
            lines = [line.strip() for line in log.read().decode(errors="replace").splitlines() if line.strip()]
        if not lines:
            return f"It wrote nothing to {self.log}."
        last, before = lines[-_LINES_SHOWN:], lines[:-_LINES_SHOWN]
        # what follows from an error is an error too, so the cause is the first one
        cause = next((found[1] for line in before if (found := _ERROR.match(line))), None)
        told = f"It says: {shorten(cause)} " if cause is not None else ""
        return f"{told}Its last lines in {self.log}:\n  " + "\n  ".join(map(shorten, last))

    async def prefix_tokens(self, client: Client) -> PrefixTokens | None:
        """What it has counted since its start, `None` if it does not say."""
        told = await self._told(client, "metrics")
        return None if told is None else prefix_tokens(told.decode(errors="replace"))

    async def stop(self) -> None:
        """Ends it with all of its processes. Calling it twice is harmless."""
        process = self._process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 2 * supervisor.GRACE_SECONDS)
            except TimeoutError:
                with suppress(ProcessLookupError):
                    process.kill()

    def forget_log(self) -> None:
        """Removes the log of a server that nothing has to be said of."""
        self.log.unlink(missing_ok=True)

    async def is_well(self, client: Client) -> bool:
        """Whether it answers now."""
        return await self._told(client, "health") is not None

    async def _told(self, client: Client, path: str) -> bytes | None:
        """What it answers under a path, `None` where it does not."""
        with suppress(Unreachable, Interrupted, BrokenReply, TimeoutError):
            response = await client.request("GET", f"{self.url}/{path}", timeout=PATIENCE)
            return response.body if response.status == 200 else None
        return None
