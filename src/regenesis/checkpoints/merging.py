"""An adapter worked into the weights it belongs to, as an ordinary checkpoint; or whole weights in another type.

merge(base, run / "model", run / "exports" / "merged", "bfloat16")
"""

from __future__ import annotations

from pathlib import Path

from regenesis.checkpoints.chats import Chat, name_ends, stop_tokens
from regenesis.checkpoints.loading import Dtype, load_model, load_tokenizer, quiet
from regenesis.errors import ModelError
from regenesis.filesystems import give_usual_rights, replacing
from regenesis.models import Weights


def merge(base: Weights, adapter: Path | None, target: Path, dtype: Dtype = "bfloat16") -> Path:
    """Writes base and adapter as one checkpoint: safetensors, config, tokenizer and chat template.

    Args:
        base: The model the adapter belongs to; a GGUF model is de-quantised.
        adapter: Folder of a LoRA adapter in the form of peft; without one the base itself is written.
        target: The folder to write; whole or not at all. It must not be there yet.
        dtype: Type of the weights, in which they are also added up; the adapter's product is made in float32 first.

    Returns:
        The target.

    Raises:
        ModelError: Base or adapter cannot be read, or the folder cannot be written.
    """
    laid_over = load_model(base, dtype, adapter=adapter)
    tokenizer = load_tokenizer(base)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as partial, quiet():
            whole = laid_over if adapter is None else laid_over.merge_and_unload(safe_merge=True)
            name_ends(whole, stop_tokens(whole.generation_config.eos_token_id, tokenizer, Chat(tokenizer)))
            whole.save_pretrained(partial)
            tokenizer.save_pretrained(partial)
            give_usual_rights(partial)
    except ValueError as error:
        raise ModelError(f"{adapter}: cannot be merged into {base.spec} ({error}).") from error
    except OSError as error:
        raise ModelError(
            f"{target}: cannot be written ({error}). Check free space and permissions on that disk."
        ) from error
    return target
