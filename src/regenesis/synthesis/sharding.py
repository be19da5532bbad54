"""A share of a run's questions, asked by a process of its own, on this machine or another.

    shard = Shard.parse("3/16")
    report = await synthesize_shard(config, "runs/x", shard, scratch="/local")

The shard works in a run folder of its own. What it records is sealed every few seconds (`synthesis.sealing`) into
`segments/<shard>` of the run's folder, or of an object store; started elsewhere after its machine is lost, it goes on
from there. `runs.merging` makes one run of all shards.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regenesis.errors import ConfigError
from regenesis.storage import Folder, open_folder
from regenesis.store.directory import RunDirectory

if TYPE_CHECKING:
    from regenesis.config import RunConfig
    from regenesis.synthesis.report import SynthesisReport

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


def segments_folder(run_dir: str | Path, segments: str | None = None) -> Folder:
    """Where the shards of a run seal what they record.

    Args:
        run_dir: The run's folder.
        segments: The path or address of another place, such as `s3://bucket/x`.

    Raises:
        ConfigError: The address cannot be used.
    """
    return open_folder(segments) if segments is not None else open_folder(Path(run_dir)).inside("segments")


async def synthesize_shard(
    config: RunConfig,
    run_dir: str | Path,
    shard: Shard,
    *,
    scratch: str | Path | None = None,
    segments: str | None = None,
    **options: Any,
) -> SynthesisReport:
    """Starts or resumes one shard of a run's synthesis.

    Args:
        config: The run's config; the same for all shards.
        run_dir: The run's folder, which all shards share.
        shard: Which questions.
        scratch: A folder on this machine's own disk to work in; `shards` in the run's folder if left out.
        segments: Where to seal, if not in the run's folder: a path or an address such as `s3://bucket/x`.
        **options: See `regenesis.synthesis.stage.synthesize`.

    Raises:
        RegenesisError: As there; or another process works on this shard, or its segments are damaged.
    """
    from regenesis.synthesis.progress import Progress
    from regenesis.synthesis.sealing import sealing
    from regenesis.synthesis.stage import synthesize

    folder = RunDirectory((Path(scratch) if scratch is not None else Path(run_dir) / "shards") / shard.name)
    progress = options.pop("progress", None) or Progress()
    sealed = segments_folder(run_dir, segments).inside(shard.name)
    async with sealing(folder, sealed, shard.name, progress) as ended:
        report = await synthesize(config, folder.path, shard=shard, progress=progress, **options)
        ended(report)
    return report
