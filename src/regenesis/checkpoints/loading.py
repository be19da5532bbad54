"""Loading weights and tokenizers, ready to compute, to train and to save.

    model = load_model(weights, dtype="float32")
    tokenizer = load_tokenizer(weights)

A GGUF file gives an ordinary model and an ordinary tokenizer. Nothing is printed on the way, no pickle is opened and no
code that comes with a model is run.
"""

from __future__ import annotations

import contextlib
import hashlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from regenesis.checkpoints.extras import require_extra
from regenesis.checkpoints.gguf_files import GgufFile, read_gguf
from regenesis.errors import ModelError
from regenesis.filesystems import replacing
from regenesis.models import Weights, cache_folder

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Dtype = Literal["auto", "bfloat16", "float16", "float32"]

_UNREADABLE = (OSError, ValueError, KeyError, TypeError, RuntimeError, ImportError)
"""What transformers and peft raise about files that are not what they should be."""


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
        ModelError: They cannot be read, or are of an architecture that is not known.
    """
    require_extra(*_packages(weights), *(["peft"] if adapter is not None else []))
    kind = resolve_dtype(dtype, device)
    with quiet():
        model = _load_plain(weights, kind)
        # what peft writes into an adapter's config as its base, in the hub's own form where it is the hub's
        model.name_or_path = model.config._name_or_path = weights.spec.removeprefix("hf:")
        if adapter is not None:
            model = _lay_over(model, adapter, weights)
        return model.to(device).eval()


def load_tokenizer(weights: Weights) -> PreTrainedTokenizerBase:
    """Loads the model's own tokenizer, with its chat template.

    What comes out of a GGUF file is kept in the cache folder, since taking it out of there takes seconds. Two things
    that go missing on the way are put right: SmolLM's splitting of digits, and a BOS that the chat template writes and
    the tokenizer would write once more.

    Raises:
        ModelError: It cannot be read, or has no chat template.
    """
    require_extra(*_packages(weights))
    from transformers import AutoTokenizer

    try:
        with quiet():
            if weights.form == "gguf":
                tokenizer = _gguf_tokenizer(weights.path)
            else:
                tokenizer = AutoTokenizer.from_pretrained(weights.path, local_files_only=True, trust_remote_code=False)
    except _UNREADABLE as error:
        raise ModelError(
            f"model {weights.spec}: its tokenizer cannot be read from {weights.path} ({error})."
        ) from error
    if not tokenizer.chat_template:
        raise ModelError(
            f"model {weights.spec}: has no chat template. Use an instruction-tuned model, or put a "
            "chat_template.jinja beside its tokenizer."
        )
    return tokenizer


def resolve_dtype(dtype: Dtype, device: str = "cpu") -> torch.dtype:
    """The torch type that a name stands for; `auto` is bfloat16 where the hardware computes in it, else float32."""
    import torch

    if dtype != "auto":
        named: torch.dtype = getattr(torch, dtype)
        return named
    return torch.bfloat16 if computes_in_bfloat16(device) else torch.float32


def computes_in_bfloat16(device: str = "cpu") -> bool:
    """Whether the hardware multiplies in bfloat16 rather than emulating it."""
    import torch

    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.backends.cpu.get_cpu_capability()
    flags = _cpu_flags()
    return "AVX512" in capabilities and bool({"avx512_bf16", "amx_bf16"} & flags)


def emulation_note(dtype: Dtype, setting: str, device: str = "cpu") -> str | None:
    """Says that the hardware emulates a type that was asked for; `None` where it does not.

    Args:
        dtype: The type, as asked for.
        setting: What asks for it.
        device: Where it is to be computed in.
    """
    if dtype != "bfloat16" or computes_in_bfloat16(device):
        return None
    where = "This GPU" if device.startswith("cuda") else "This CPU"
    return (
        f"{where} has no bfloat16 instructions and emulates them, many times slower than float32. Set {setting} to "
        "`auto`, which takes float32 here."
    )


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps transformers' progress bars and warnings off the terminal; errors are raised as ever."""
    from transformers.utils import logging

    bars, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _packages(weights: Weights) -> list[str]:
    return ["gguf"] if weights.form == "gguf" else []


def _load_plain(weights: Weights, dtype: torch.dtype) -> PreTrainedModel:
    from safetensors import SafetensorError

    try:
        if weights.form == "gguf":
            from regenesis.checkpoints.gguf_weights import load_gguf_model

            return load_gguf_model(weights.path, dtype)
        from transformers import AutoModelForCausalLM

        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            weights.path, dtype=dtype, local_files_only=True, use_safetensors=True, trust_remote_code=False
        )
    except (*_UNREADABLE, SafetensorError) as error:
        raise ModelError(f"model {weights.spec}: cannot be loaded from {weights.path} ({error}).") from error
    return model


def _lay_over(model: PreTrainedModel, adapter: Path, weights: Weights) -> PreTrainedModel:
    from peft import PeftModel
    from safetensors import SafetensorError

    if not (adapter / "adapter_model.safetensors").is_file():
        raise ModelError(f"adapter {adapter}: contains no adapter_model.safetensors, so it is not a PEFT adapter.")
    try:
        laid_over: PreTrainedModel = PeftModel.from_pretrained(model, str(adapter), local_files_only=True)
    except (*_UNREADABLE, SafetensorError) as error:
        raise ModelError(f"adapter {adapter}: does not fit the model {weights.spec} ({error}).") from error
    return laid_over


def _gguf_tokenizer(path: Path) -> Any:
    import transformers
    from transformers import AutoTokenizer

    file = read_gguf(path)
    kept = cache_folder() / "tokenizers" / f"{_tokenizer_digest(file)[:32]}-transformers-{transformers.__version__}"
    if not (kept / "tokenizer.json").is_file():
        tokenizer = _out_of_gguf(path, file)
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            with replacing(kept) as partial:
                tokenizer.save_pretrained(partial)
        except OSError:
            # a cache that cannot be written, or that another process wrote just now, is no error
            return tokenizer
    return AutoTokenizer.from_pretrained(kept, local_files_only=True, trust_remote_code=False)


def _tokenizer_digest(file: GgufFile) -> str:
    """Of all that the tokenizer is made of, and not of the weights: other quantisations have the same one."""
    digest = hashlib.sha256()
    for name, field in sorted(file.fields.items()):
        if name.startswith("tokenizer.") or name == "general.architecture":
            digest.update(f"{name}\0{len(field.raw)}\0".encode() + field.raw)
    return digest.hexdigest()


def _out_of_gguf(path: Path, file: GgufFile) -> Any:
    from transformers import AutoTokenizer

    with TemporaryDirectory(prefix="regenesis-") as alone:
        # what lies beside the file, code of another model say, is none of its own
        (Path(alone) / "model.gguf").symlink_to(path.resolve())
        tokenizer = AutoTokenizer.from_pretrained(
            alone, gguf_file="model.gguf", local_files_only=True, trust_remote_code=False
        )
    tokenizer.name_or_path = path.stem
    # some versions of transformers set it, and decoding would then swallow spaces before full stops
    tokenizer.clean_up_tokenization_spaces = False
    end = file.value("tokenizer.ggml.eos_token_id")
    if end is not None and tokenizer.eos_token_id != end:
        # transformers 5.17 takes the end of a turn from the model's class and not from the file
        tokenizer.eos_token = tokenizer.convert_ids_to_tokens(end)
    if file.value("tokenizer.ggml.pre") == "smollm":
        _split_digits(tokenizer)
    if tokenizer.chat_template and tokenizer.bos_token_id is not None and _doubles_bos(tokenizer):
        tokenizer.add_bos_token = False
    return tokenizer


def _split_digits(tokenizer: Any) -> None:
    """Every digit is a token of its own, `²` and `½` too; only the common ones come out so by themselves."""
    from tokenizers import pre_tokenizers

    backend = tokenizer.backend_tokenizer
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), backend.pre_tokenizer]
    )


def _doubles_bos(tokenizer: Any) -> bool:
    rendered = tokenizer.apply_chat_template([{"role": "user", "content": "."}], tokenize=False)
    begun: list[int] = tokenizer(rendered)["input_ids"]
    return begun[:2] == [tokenizer.bos_token_id] * 2


def _cpu_flags() -> set[str]:
    try:
        text = Path("/proc/cpuinfo").read_text("ascii", "replace")
    except OSError:
        return set()
    line = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return set(line.partition(":")[2].split())
