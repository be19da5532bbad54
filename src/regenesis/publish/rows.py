"""A run's dataset as rows of other trainers: chats as `messages`, ShareGPT's conversations, Alpaca's instructions.

    written = export_rows("runs/x", "sharegpt")
    written.path                        # runs/x/exports/sharegpt/train.jsonl

| form | read by |
|---|---|
| `messages` | TRL, axolotl (`type: chat_template`), unsloth, OpenAI's fine-tuning |
| `sharegpt` | LLaMA-Factory, axolotl, unsloth (`standardize_sharegpt`) |
| `alpaca` | LLaMA-Factory |

A `dataset_info.json` beside the rows names them for LLaMA-Factory.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from regenesis.dataset.card import PARQUET
from regenesis.dataset.rows import THOUGHT
from regenesis.errors import RunError
from regenesis.filesystems import replacing
from regenesis.store.directory import RunDirectory

RowForm = Literal["messages", "sharegpt", "alpaca"]
FILE = "train.jsonl"
_SPEAKERS = {"system": "system", "user": "human", "assistant": "gpt"}

Turn = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowsWritten:
    """What was written.

    Attributes:
        form: The form of the rows.
        path: The file.
        rows: How many there are.
    """

    form: RowForm
    path: Path
    rows: int


def export_rows(run: str | Path, form: RowForm, out: str | Path | None = None) -> RowsWritten:
    """Writes a run's dataset in another trainer's form.

    Args:
        run: The run's folder.
        form: The form.
        out: Folder to write into; the run's `exports` if left out.

    Raises:
        RunError: There is no dataset, it is damaged, a row does not fit the form, or the file cannot be written.
    """
    directory = RunDirectory(run)
    if not directory.has_rows():
        raise RunError(
            f"{directory.dataset}: has no rows. Synthesize first: regenesis synthesize CONFIG --run-dir {run}"
        )
    folder = (directory.exports if out is None else Path(out)) / form
    rows = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / FILE) as partial, partial.open("w", encoding="utf-8") as file:
            for prompt, reply, name in _rows(directory.dataset / PARQUET):
                file.write(json.dumps(_FORMS[form](prompt, reply, name), ensure_ascii=False) + "\n")
                rows += 1
        with replacing(folder / "dataset_info.json") as partial:
            partial.write_text(json.dumps({"regenesis": _FACTORY[form]}, indent=1) + "\n", "utf-8")
    except OSError as error:
        raise RunError(f"{folder}: cannot be written ({error.strerror}). Give another folder: --out DIR") from error
    return RowsWritten(form, folder / FILE, rows)


def _rows(path: Path) -> Iterator[tuple[Sequence[Turn], Turn, str]]:
    """Prompt, reply and question of each row."""
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=500, columns=["prompt", "completion", "question_id"]):
                for row in batch.to_pylist():
                    yield row["prompt"], row["completion"][0], row["question_id"]
    except (pyarrow.ArrowException, OSError, KeyError, IndexError, TypeError) as error:
        raise RunError(
            f"{path}: cannot be read as a dataset ({error}). Derive it again: regenesis dataset {path.parent.parent}"
        ) from error


def _as_messages(prompt: Sequence[Turn], reply: Turn, _: str) -> dict[str, Any]:
    thought = {THOUGHT: reply[THOUGHT]} if reply.get(THOUGHT) else {}
    said = {"role": "assistant", "content": reply["content"], **thought}
    return {"messages": [*({"role": turn["role"], "content": turn["content"]} for turn in prompt), said]}


def _as_sharegpt(prompt: Sequence[Turn], reply: Turn, _: str) -> dict[str, Any]:
    turns = [
        *({"from": _SPEAKERS[turn["role"]], "value": turn["content"]} for turn in prompt),
        {"from": "gpt", "value": _with_thought(reply)},
    ]
    return {"conversations": turns}


def _as_alpaca(prompt: Sequence[Turn], reply: Turn, name: str) -> dict[str, Any]:
    system = [turn["content"] for turn in prompt if turn["role"] == "system"]
    *earlier, asked = [turn for turn in prompt if turn["role"] != "system"]
    if len(earlier) % 2 or len(system) > 1:
        raise RunError(f"{name}: its prompt is no chat in turns, which an Alpaca row cannot hold. Use --to messages.")
    pairs = [[first["content"], then["content"]] for first, then in zip(earlier[::2], earlier[1::2], strict=True)]
    return {
        "instruction": asked["content"],
        "input": "",
        "output": _with_thought(reply),
        "system": system[0] if system else "",
        "history": pairs,
    }


def _with_thought(reply: Turn) -> str:
    """The reply with the thought before it, in the tags that most thinking models use."""
    thought = reply.get(THOUGHT)
    return f"<think>\n{thought}\n</think>\n\n{reply['content']}" if thought else str(reply["content"])


_FORMS: dict[RowForm, Callable[[Sequence[Turn], Turn, str], dict[str, Any]]] = {
    "messages": _as_messages,
    "sharegpt": _as_sharegpt,
    "alpaca": _as_alpaca,
}
_FACTORY: dict[RowForm, dict[str, Any]] = {
    "messages": {
        "file_name": FILE,
        "formatting": "sharegpt",
        "columns": {"messages": "messages"},
        "tags": {
            "role_tag": "role",
            "content_tag": "content",
            "user_tag": "user",
            "assistant_tag": "assistant",
            "system_tag": "system",
        },
    },
    "sharegpt": {"file_name": FILE, "formatting": "sharegpt", "columns": {"messages": "conversations"}},
    "alpaca": {
        "file_name": FILE,
        "columns": {
            "prompt": "instruction",
            "query": "input",
            "response": "output",
            "system": "system",
            "history": "history",
        },
    },
}
"""How LLaMA-Factory is told of the rows."""
