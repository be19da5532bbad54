"""What a shard has judged as files that never change, so that nobody who puts shards together judges it again.

    seal_outcomes(path, folder)                                # what is finished, as Parquet beside the segments
    for records in outcomes_in(folders, fingerprint): ...       # in batches, if they were derived by the same

They are a short cut and nothing more: where they are missing, damaged or of another fingerprint, questions are led
through the ledger, which comes to the same.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path as FilePath
from typing import Any

from regenesis.databases import open_to_look
from regenesis.storage import Folder
from regenesis.store.outcomes import Record

_LIST = "outcomes.json"
_NAME = re.compile(r"outcomes-[0-9a-f]{64}\.parquet")
_TOGETHER = 5_000
"""Questions of a file at most: about 30 MB."""


def seal_outcomes(path: FilePath, folder: Folder) -> int:
    """Writes the finished questions of a store, those that are to be led once more left out; gives their number.

    Raises:
        OSError: They cannot be written.
        sqlite3.DatabaseError: The store cannot be read.
    """
    if not path.exists():
        return 0
    names, sealed = list[str](), 0
    with closing(open_to_look(path)) as connection:
        latest = connection.execute("SELECT fingerprint FROM outcomes ORDER BY rowid DESC LIMIT 1").fetchone()
        if latest is None:
            return 0
        found = connection.execute(
            "SELECT question_id, chains, correct, incorrect, unparsed, kept, counted, record FROM outcomes "
            "WHERE fingerprint = ? AND question_id NOT IN (SELECT question_id FROM asked_again) ORDER BY question_id",
            latest,
        )
        while rows := found.fetchmany(_TOGETHER):
            content = _as_parquet(rows)
            names.append(f"outcomes-{hashlib.sha256(content).hexdigest()}.parquet")
            folder.write(names[-1], content)
            sealed += len(rows)
    folder.write(_LIST, json.dumps({"fingerprint": latest[0], "files": names}, indent=1).encode())
    for name in folder.names():  # of an earlier stop
        if _NAME.fullmatch(name) and name not in names:
            folder.remove(name)
    return sealed


def outcomes_in(folders: Iterable[Folder], fingerprint: str) -> Iterator[list[Record]]:
    """The records that were sealed under a fingerprint, in batches; what cannot be read is passed over."""
    import pyarrow

    for folder in folders:
        for name in _listed(folder, fingerprint):
            try:
                content = folder.read(name)
                if f"outcomes-{hashlib.sha256(content).hexdigest()}.parquet" != name:
                    continue
                records = _from_parquet(content)
            except (OSError, ValueError, KeyError, pyarrow.ArrowException):
                continue
            yield records


def _listed(folder: Folder, fingerprint: str) -> list[str]:
    try:
        listed: Any = json.loads(folder.read(_LIST))
        if listed["fingerprint"] == fingerprint:
            return [name for name in listed["files"] if isinstance(name, str) and _NAME.fullmatch(name)]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    return []


def _as_parquet(rows: list[tuple[Any, ...]]) -> bytes:
    import pyarrow
    from pyarrow import parquet

    sink = pyarrow.BufferOutputStream()
    columns = [
        pyarrow.array(values, field.type) for field, values in zip(_schema(), zip(*rows, strict=True), strict=True)
    ]
    # records are compressed already
    parquet.write_table(
        pyarrow.Table.from_arrays(columns, schema=_schema()), sink, compression="none", use_dictionary=False
    )
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _from_parquet(content: bytes) -> list[Record]:
    from pyarrow import parquet

    table = parquet.read_table(io.BytesIO(content), columns=list(Record._fields)).cast(_schema())
    return [Record(*row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)]


def _schema() -> Any:
    import pyarrow

    kinds = {"question_id": pyarrow.string(), "counted": pyarrow.string(), "content": pyarrow.binary()}
    return pyarrow.schema([(name, kinds.get(name, pyarrow.int64())) for name in Record._fields])
