"""`regenesis export`: write a run's tuned model, its dataset or its evaluation in formats that other tools load.

regenesis export runs/x --to gguf                 for llama.cpp: the adapter, or the whole model
regenesis export runs/x --to merged --type bf16   one checkpoint for transformers, vLLM, SGLang
regenesis export runs/x --to sharegpt             the dataset for LLaMA-Factory, axolotl, unsloth
regenesis export runs/x --to inspect              the evaluation's answers as logs of Inspect
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenesis.cli.options import AsJson, RunFolder
from regenesis.errors import ConfigError

if TYPE_CHECKING:
    from regenesis.publish.exporting import Export, Form
    from regenesis.publish.rows import RowForm, RowsWritten


class To(StrEnum):
    """Export formats."""

    MERGED = "merged"
    ADAPTER = "adapter"
    GGUF = "gguf"
    INSPECT = "inspect"
    MESSAGES = "messages"
    SHAREGPT = "sharegpt"
    ALPACA = "alpaca"


class Type(StrEnum):
    """Data types of exported weights."""

    F32 = "f32"
    F16 = "f16"
    BF16 = "bf16"
    Q8_0 = "q8_0"


def export_command(
    run: RunFolder,
    to: Annotated[
        To,
        typer.Option(
            "--to",
            help="merged: one checkpoint; adapter: PEFT format; gguf: for llama.cpp, the adapter if one was trained, "
            "else the whole model; inspect: the evaluation's answers as logs of Inspect; messages, sharegpt, alpaca: "
            "the dataset as JSONL rows of other trainers.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Output folder; default RUN/exports.", show_default=False),
    ] = None,
    kind: Annotated[
        Type | None,
        typer.Option(
            "--type",
            help="Data type; default bf16 for merged, f32 for a GGUF adapter, q8_0 for a GGUF model.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Export a run's tuned model as merged weights, adapter or GGUF, its dataset or its evaluation; show how to load
    it.
    """
    rows: dict[To, RowForm] = {To.MESSAGES: "messages", To.SHAREGPT: "sharegpt", To.ALPACA: "alpaca"}
    if kind is not None and (to is To.INSPECT or to in rows):
        raise ConfigError(f"--type {kind.value}: applies to weights, which --to {to.value} does not write.")
    if to is To.INSPECT:
        _export_evaluation(run, out, as_json)
        return
    if to in rows:
        _export_rows(run, rows[to], out, as_json)
        return
    from regenesis.cli.terminal import console, print_json
    from regenesis.publish.exporting import export
    from regenesis.report.figures import rounded
    from regenesis.report.text import neutralise

    forms: dict[To, Form] = {To.MERGED: "merged", To.ADAPTER: "adapter", To.GGUF: "gguf"}
    done = export(run, forms[to], out, kind.value if kind else None)
    ways = _ways(done)
    if as_json:
        print_json(
            {
                "path": str(done.path),
                "bytes": done.size,
                "base": done.base,
                "already_done": done.already_done,
                "ways_to_load": ways,
            }
        )
        return
    what = "already exported from the same weights" if done.already_done else "written"
    lines = [f"{done.path}  {rounded(done.size)}B, {what}", ""]
    for name, way in ways.items():
        lines += [f"{name}:", f"    {way}"]
    console().print(neutralise("\n".join(lines)), soft_wrap=True)


def _export_rows(run: Path, form: RowForm, out: Path | None, as_json: bool) -> None:
    from regenesis.cli.terminal import console, print_json
    from regenesis.publish.rows import export_rows
    from regenesis.report.figures import counted
    from regenesis.report.text import neutralise

    done = export_rows(run, form, out)
    ways = _ways_to_train(done)
    if as_json:
        print_json({"path": str(done.path), "rows": done.rows, "ways_to_load": ways})
        return
    lines = [f"{done.path}  {counted(done.rows, 'row')}", ""]
    for name, way in ways.items():
        lines += [f"{name}:", f"    {way}"]
    console().print(neutralise("\n".join(lines)), soft_wrap=True)


def _ways_to_train(done: RowsWritten) -> dict[str, str]:
    """How other trainers load rows, by the trainer."""
    path = done.path.resolve()
    load = f"load_dataset('json', data_files='{path}', split='train')"
    factory = f"dataset_dir: {path.parent}   dataset: regenesis"
    if done.form == "messages":
        return {
            "TRL": f"SFTTrainer(train_dataset={load}, …)",
            "axolotl": f"datasets: [{{path: {path}, ds_type: json, type: chat_template, field_messages: messages}}]",
            "LLaMA-Factory": factory,
        }
    if done.form == "sharegpt":
        return {
            "LLaMA-Factory": factory,
            "axolotl": f"datasets: [{{path: {path}, ds_type: json, type: chat_template, field_messages: conversations, "
            "message_property_mappings: {role: from, content: value}}]",
            "unsloth": f"standardize_sharegpt({load})",
        }
    return {"LLaMA-Factory": factory}  # axolotl's `type: alpaca` would put a frame around the question


def _export_evaluation(run: Path, out: Path | None, as_json: bool) -> None:
    from regenesis.cli.terminal import console, print_json
    from regenesis.publish.inspect_log import export_inspect
    from regenesis.report.text import neutralise

    files = export_inspect(run, out)
    way = f"inspect view --log-dir {files[0].parent}"
    if as_json:
        print_json({"paths": [str(file) for file in files], "ways_to_load": {"inspect": way}})
        return
    console().print(neutralise("\n".join([*map(str, files), "", "inspect:", f"    {way}"])), soft_wrap=True)


def _ways(done: Export) -> dict[str, str]:
    """How to load what was written, by the tool that loads it."""
    path, base = done.path.resolve(), str(done.base_path)
    if done.form == "gguf" and done.is_adapter:
        file, model = (base, done.base) if done.base_is_gguf else ("BASE.gguf", "BASE.gguf")
        return {
            "llama.cpp": f"llama-server -m {file} --lora {path}",
            "regenesis": f"engine: {{kind: llamacpp, model: '{model}', adapter: {path}}}",
        }
    if done.form == "gguf":
        return {"llama.cpp": f"llama-server -m {path}", "regenesis": f"engine: {{kind: llamacpp, model: {path}}}"}
    if done.is_adapter:
        ways = {"regenesis": f"engine: {{kind: transformers, model: '{done.base}', adapter: {path}}}"}
        if not done.base_is_gguf:
            served = done.base.removeprefix("hf:")
            ways["vLLM"] = f"vllm serve {served} --enable-lora --lora-modules tuned={path}"
            ways["transformers"] = (
                f"PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained('{served}'), '{path}')"
            )
        return ways
    return {
        "transformers": f"AutoModelForCausalLM.from_pretrained('{path}')",
        "vLLM": f"vllm serve {path}",
        "regenesis": f"engine: {{kind: transformers, model: {path}}}",
    }
