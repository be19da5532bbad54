"""A share of a run's questions, asked by a process of its own, on this machine or another.

    shard = Shard.parse("3/16")
    report = await synthesize_shard(config, "runs/x", shard, scratch="/local")

The shard works in a run folder of its own. What it records is sealed into `segments/<shard>` of the run's folder every
few seconds (`ledger.segments`); started elsewhere after its machine is lost, it goes on from there. `runs.merging`
makes one run of all shards.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regenesis.errors import ConfigError, LedgerError, RunError
from regenesis.filesystems import replacing
from regenesis.ledger import Ledger
from regenesis.ledger.segments import Sealer, rows_in
from regenesis.store.directory import RunDirectory

if TYPE_CHECKING:
    from regenesis.config import RunConfig
    from regenesis.synthesis.stage import SynthesisReport

SEAL_SECONDS = 5.0
"""Between two segments: what is lost with a machine at most."""
_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several shares of the questions; `number` counts from 1."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Reads `3/16`.

        Raises:
            ConfigError: It is something else.
        """
        found = re.fullmatch(r"\s*(\d{1,6})\s*/\s*(\d{1,6})\s*", text, re.ASCII)
        if found is None:
            raise ConfigError(f"--shard {text[:40]!r}: give the shard and their number, such as 3/16.")
        number, count = int(found[1]), int(found[2])
        if not 1 <= number <= count <= _MOST:
            raise ConfigError(
                f"--shard {text[:40]!r}: shards of {count} are numbered from 1/{count} to {count}/{count}."
            )
        return cls(number, count)

    @property
    def name(self) -> str:
        """What its folders are called."""
        return f"{self.number}-of-{self.count}"

    def holds(self, question_id: str) -> bool:
        """Whether a question is in this share, which its id alone decides."""
        digest = hashlib.blake2b(question_id.encode(errors="surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.number - 1


def segments_folder(run_dir: str | Path) -> Path:
    """Where the shards of a run seal what they record."""
    return Path(run_dir) / "segments"


async def synthesize_shard(
    config: RunConfig, run_dir: str | Path, shard: Shard, *, scratch: str | Path | None = None, **options: Any
) -> SynthesisReport:
    """Starts or resumes one shard of a run's synthesis.

    Args:
        config: The run's config; the same for all shards.
        run_dir: The run's folder, which all shards share.
        shard: Which questions.
        scratch: A folder on this machine's own disk to work in; `shards` in the run's folder if left out.
        **options: See `regenesis.synthesis.stage.synthesize`.

    Raises:
        RegenesisError: As there; or another process works on this shard, or its segments are damaged.
    """
    from regenesis.synthesis.stage import synthesize

    folder = RunDirectory((Path(scratch) if scratch is not None else Path(run_dir) / "shards") / shard.name)
    sealed = RunDirectory(segments_folder(run_dir) / shard.name)
    with sealed.locked():
        await _restore(folder, sealed)
        async with _sealing(folder, sealed):
            return await synthesize(config, folder.path, shard=shard, **options)


async def _restore(folder: RunDirectory, sealed: RunDirectory) -> None:
    """Takes what was sealed into the folder where that does not hold it: its machine is lost, say."""
    if folder.ledger.exists() or not sealed.config_file.is_file():
        return
    with folder.locked():
        for file in ("config_file", "inputs_file"):
            shutil.copyfile(getattr(sealed, file), getattr(folder, file))
        with Ledger.open(folder.ledger) as ledger:
            for rows in rows_in(sealed.path):
                await ledger.absorb(rows)


@asynccontextmanager
async def _sealing(folder: RunDirectory, sealed: RunDirectory) -> AsyncIterator[None]:
    """Seals what is recorded every few seconds while the block lasts, and at its end."""
    sealer = Sealer(folder.ledger, sealed.path)

    def seal() -> None:
        for file in ("config_file", "inputs_file"):
            source, target = getattr(folder, file), getattr(sealed, file)
            if source.is_file() and (not target.is_file() or target.read_bytes() != source.read_bytes()):
                try:
                    with replacing(target) as partial:
                        partial.write_bytes(source.read_bytes())
                except OSError as error:
                    raise RunError(f"{target}: cannot be written ({error.strerror}).") from error
        sealer.seal()

    async def now_and_then() -> None:
        while True:
            await asyncio.sleep(SEAL_SECONDS)
            await asyncio.to_thread(seal)

    task, block = asyncio.create_task(now_and_then()), asyncio.current_task()
    failure: list[BaseException] = []

    def stop(ended: asyncio.Task[None]) -> None:
        if not ended.cancelled() and block is not None and (error := ended.exception()) is not None:
            failure.append(error)
            block.cancel()  # what cannot be sealed would be lost with this machine

    task.add_done_callback(stop)
    try:
        yield
    except asyncio.CancelledError:
        if failure and isinstance(failure[0], LedgerError | RunError):
            raise failure[0] from None
        raise
    finally:
        task.cancel()
        seal()
