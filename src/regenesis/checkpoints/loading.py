"""Loading weights and tokenizers with transformers; a GGUF file is de-quantised on the way.

model = load_model(weights, dtype="float32")
model.save_pretrained(folder)      # works for a model out of a GGUF file too
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from regenesis.errors import ModelError
from regenesis.models import Weights

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Dtype = Literal["auto", "bfloat16", "float16", "float32"]


def load_model(
    weights: Weights, dtype: Dtype = "auto", device: str = "cpu", adapter: Path | None = None
) -> PreTrainedModel:
    """Loads a causal language model, ready to compute, to train and to save.

    Args:
        weights: Where the weights are.
        dtype: Their type in memory; see `resolve_dtype`.
        device: Where to put them.
        adapter: Folder of a LoRA adapter in the form of peft, laid over the model.

    Raises:
        ModelError: They cannot be read, or are of an architecture that transformers does not know.
    """
    from transformers import AutoModelForCausalLM

    kind = resolve_dtype(dtype, device)
    try:
        model = AutoModelForCausalLM.from_pretrained(**_source(weights), dtype=kind)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        raise ModelError(f"model {weights.spec}: transformers cannot load {weights.path} ({error}).") from error
    _forget_quantisation(model)
    if adapter is not None:
        from peft import PeftModel

        try:
            model = PeftModel.from_pretrained(model, str(adapter))
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelError(f"adapter {adapter}: does not fit the model {weights.spec} ({error}).") from error
    return model.to(device).eval()


def load_tokenizer(weights: Weights) -> PreTrainedTokenizerBase:
    """Loads the model's own tokenizer, with its chat template.

    Raises:
        ModelError: It cannot be read, or has no chat template.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(**_source(weights))
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        raise ModelError(
            f"model {weights.spec}: its tokenizer cannot be read from {weights.path} ({error})."
        ) from error
    if not tokenizer.chat_template:
        raise ModelError(
            f"model {weights.spec}: has no chat template. Name an instruction-tuned model, or put a "
            "chat_template.jinja beside its tokenizer."
        )
    return tokenizer


def resolve_dtype(dtype: Dtype, device: str = "cpu") -> torch.dtype:
    """The torch type that a name stands for; `auto` is bfloat16 where the hardware computes in it, else float32."""
    import torch

    if dtype != "auto":
        return getattr(torch, dtype)
    return torch.bfloat16 if computes_in_bfloat16(device) else torch.float32


def computes_in_bfloat16(device: str = "cpu") -> bool:
    """Whether the hardware multiplies in bfloat16 rather than emulating it."""
    import torch

    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.backends.cpu.get_cpu_capability()
    flags = _cpu_flags()
    return "AVX512" in capabilities and bool({"avx512_bf16", "amx_bf16"} & flags)


def _cpu_flags() -> set[str]:
    try:
        text = Path("/proc/cpuinfo").read_text("ascii", "replace")
    except OSError:
        return set()
    line = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return set(line.partition(":")[2].split())


def _source(weights: Weights) -> dict[str, Any]:
    if weights.form == "gguf":
        return {"pretrained_model_name_or_path": str(weights.path.parent), "gguf_file": weights.path.name}
    return {"pretrained_model_name_or_path": str(weights.path)}


def _forget_quantisation(model: Any) -> None:
    """A de-quantised model is an ordinary one; transformers refuses to save it for as long as it thinks otherwise."""
    for attribute in ("hf_quantizer", "quantization_method"):
        if getattr(model, attribute, None) is not None:
            setattr(model, attribute, None)
    model.is_quantized = False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
