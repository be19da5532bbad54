"""A task with our prompt, as a task file of lm-evaluation-harness, so that others can ask and score it without us.

    written = write_harness_task(task, answering, sampling, Path("tasks"))
    written.name                # "regenesis_gsm8k", for `lm_eval run --tasks`

The questions are rendered here: what the harness sends is to the letter what an evaluation sends. Its own score reads
the answer with a regular expression; `regenesis grade` reads its log with our checker.
"""

from __future__ import annotations

import json
import re
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from regenesis.answers import extract
from regenesis.errors import RunError, TaskError
from regenesis.evaluation.tasks import MeasuredTask
from regenesis.filesystems import replacing
from regenesis.prompts import AnsweringPrompt
from regenesis.types import Question, Sampling, storable

_READ_BY_FORM = {
    "boxed": r"\\boxed\{\s*(?:\\text\{)?([^{}]*)\}",
    "stated": r"[Tt]he answer is:?\s*(.+?)\.?\s*(?:\n|$)",
}
"""How the harness reads the final answer, by the form that the prompt asks for; the last match counts."""
_LAST_BY_KIND = {
    "number": r"-?\d[\d,]*(?:\.\d+)?",
    "choice": r"\b([A-Z])\b",
    "boolean": r"(?i)\b(yes|no)\b",
}
"""How it reads an answer that was not given in that form, for tasks whose answers are all of one kind."""
_IGNORED = [r",", r"\$", r"[()]", r"(?:\.0+|\.)$", r"^\s+", r"\s+$"]


@dataclass(frozen=True, slots=True)
class HarnessTask:
    """What was written.

    Attributes:
        name: What the harness calls the task.
        file: The task file.
        questions: How many questions it asks.
    """

    name: str
    file: Path
    questions: int


def write_harness_task(task: MeasuredTask, answering: AnsweringPrompt, sampling: Sampling, folder: Path) -> HarnessTask:
    """Writes a task file and its questions, `regenesis_<task>.yaml` and `.jsonl`.

    Args:
        task: The questions.
        answering: How they are put to a model.
        sampling: How tokens are drawn.
        folder: Where to write, made if missing.

    Raises:
        TaskError: Its answers are programs, which the harness would not run.
        ConfigError: The prompt cannot be rendered for one of the questions.
        RunError: The files cannot be written.
    """
    if any(question.kind == "code" for question in task.questions):
        raise TaskError(f"{task.name}: its answers are programs, which a task file cannot grade. Leave it out.")
    name = "regenesis_" + re.sub(r"\W+", "_", task.file, flags=re.ASCII).strip("_").casefold()
    rows = [_row(question, answering) for question in task.questions]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    file = folder / f"{name}.yaml"
    kinds = {question.kind for question in task.questions}
    settings = _HEAD + yaml.safe_dump(_settings(name, answering, sampling, kinds), sort_keys=False, width=120)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in ((folder / f"{name}.jsonl", lines), (file, settings)):
            with replacing(path) as partial:
                partial.write_text(text, "utf-8")
    except OSError as error:
        raise RunError(f"{folder}: cannot be written ({error.strerror}). Give another folder with --to.") from error
    return HarnessTask(name, file, len(rows))


_HEAD = (
    "# Written by regenesis. `dataset_kwargs` names the questions relative to the folder that lm_eval is started in.\n"
)


def _row(question: Question, answering: AnsweringPrompt) -> dict[str, Any]:
    *before, asked = answering.messages(question)
    gold = question.gold or ""
    return {
        "id": storable(question.id),
        "system": before[0].content if before else "",
        "prompt": asked.content,
        # as the prompt asks for it: a table may say True where the prompt asks for yes or no
        "target": extract(gold, "boolean") or gold if question.kind == "boolean" else gold,
        "gold": gold,
        "kind": question.kind,
        "choices": [{"label": choice.label, "text": choice.text} for choice in question.choices],
        "accepted": list(question.accepted),
        # as text, since the harness reads the rows into a table, whose columns have one type each
        "scoring": json.dumps(question.scoring) if question.scoring else "",
    }


def _settings(name: str, answering: AnsweringPrompt, sampling: Sampling, kinds: Set[str]) -> dict[str, Any]:
    drawn = {"temperature": sampling.temperature, "top_p": sampling.top_p}
    settings: dict[str, Any] = {
        "task": name,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": f"{name}.jsonl"}},
        "test_split": "test",
        "output_type": "generate_until",
    }
    if answering.config.system is not None:
        # the harness sends the description of a task as system message of a chat
        settings["description"] = "system"
    return settings | {
        "doc_to_text": "prompt",
        "doc_to_target": "target",
        "num_fewshot": 0,
        "generation_kwargs": {
            "until": [],
            "do_sample": sampling.temperature != 0,
            **{field: value for field, value in drawn.items() if value is not None},
            "max_gen_toks": sampling.max_tokens,
        },
        "filter_list": [
            _filter(answering.config.form, _READ_BY_FORM[answering.config.form]),
            *(_filter("last", _LAST_BY_KIND[kind]) for kind in kinds if len(kinds) == 1 and kind in _LAST_BY_KIND),
        ],
        "metric_list": [
            {
                "metric": "exact_match",
                "aggregation": "mean",
                "higher_is_better": True,
                "ignore_case": True,
                "regexes_to_ignore": _IGNORED,
            }
        ],
        "metadata": {"version": 1.0, "prompt": answering.config.prompt, "prompt_digest": answering.digest},
    }


def _filter(name: str, pattern: str) -> dict[str, Any]:
    return {
        "name": name,
        "filter": [
            {"function": "regex", "group_select": -1, "regex_pattern": pattern},
            {"function": "take_first"},
        ],
    }
