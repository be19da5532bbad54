"""`regenesis export`: write a run's tuned model, or its evaluation, in formats that other tools load.

regenesis export runs/x --to gguf                 for llama.cpp: the adapter, or the whole model
regenesis export runs/x --to merged --type bf16   one checkpoint for transformers, vLLM, SGLang
regenesis export runs/x --to inspect              the evaluation's answers as logs of Inspect
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenesis.cli.options import AsJson, RunFolder

if TYPE_CHECKING:
    from regenesis.publish.exporting import Export, Form


class To(StrEnum):
    """Export formats."""

    MERGED = "merged"
    ADAPTER = "adapter"
    GGUF = "gguf"
    INSPECT = "inspect"


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
            "else the whole model; inspect: the evaluation's answers as logs of Inspect.",
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
    """Export a run's tuned model as merged weights, adapter or GGUF, or its evaluation; show how to load it."""
    if to is To.INSPECT:
        _export_evaluation(run, out, kind, as_json)
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


def _export_evaluation(run: Path, out: Path | None, kind: Type | None, as_json: bool) -> None:
    from regenesis.cli.terminal import console, print_json
    from regenesis.errors import ConfigError
    from regenesis.publish.inspect_log import export_inspect
    from regenesis.report.text import neutralise

    if kind is not None:
        raise ConfigError(f"--type {kind.value}: applies to weights, not to the answers of an evaluation.")
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
