"""A GGUF model → an ordinary model of transformers, de-quantised.

    model = load_gguf_model(path, torch.bfloat16)

transformers reads GGUF files too, but what it makes of one changes with its version and the kernels it finds: weights
that stay packed, a model that refuses to be saved. Here it is the same everywhere, in a third of the time, and what
cannot be read right is refused: scaled rotary positions, say, which would be left out without a word.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from regenesis.checkpoints.gguf_files import GgufFile, read_gguf
from regenesis.checkpoints.layouts import Layout, layout_of
from regenesis.errors import ModelError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

_CLASSES = {
    "llama": ("LlamaConfig", "LlamaForCausalLM"),
    "qwen2": ("Qwen2Config", "Qwen2ForCausalLM"),
    "qwen3": ("Qwen3Config", "Qwen3ForCausalLM"),
}


def load_gguf_model(path: Path, dtype: torch.dtype) -> PreTrainedModel:
    """De-quantises a model.

    Args:
        path: The GGUF file.
        dtype: Type of the weights in memory.

    Raises:
        ModelError: It cannot be read, or not read right.
    """
    import torch
    import transformers

    file = read_gguf(path)
    layout = layout_of(file)
    config_class, model_class = (getattr(transformers, name) for name in _CLASSES[layout.architecture])
    config = config_class(**_settings(file, layout))
    with torch.device("meta"):
        sources = _sources(model_class(config), layout, path)
    state = {
        key: torch.from_numpy(layout.restore(name, file.load(name))).to(dtype).contiguous()
        for key, name in sources.items()
    }
    model: PreTrainedModel = model_class.from_pretrained(None, config=config, state_dict=state, dtype=dtype)
    return model


def _sources(skeleton: Any, layout: Layout, path: Path) -> dict[str, str]:
    """For each parameter of the model the tensor of the file that fills it; none is left over on either side."""
    names, sources = layout.names(), {}
    for key in skeleton.state_dict():
        module, _, part = key.rpartition(".")
        name = f"{names.get(module)}.{part}"
        if name in layout.shapes:
            sources[key] = name
        elif not (key == "lm_head.weight" and skeleton.config.tie_word_embeddings):
            raise ModelError(f"{path}: has no tensor {name}. The file is incomplete; download or convert it again.")
        if name in layout.shapes and layout.shapes[name] != tuple(skeleton.get_parameter(key).shape):
            raise ModelError(f"{path}: {name} has a shape that does not match the file's metadata. Convert it again.")
    left = sorted(set(layout.shapes) - set(sources.values()))
    if left:
        raise ModelError(
            f"{path}: holds {left[0]}, which a plain {layout.architecture} model has no place for "
            f"({len(left)} such tensors). Name the model's checkpoint (`hf:<org>/<repo>`) in place of its GGUF file."
        )
    return sources


def _settings(file: GgufFile, layout: Layout) -> dict[str, Any]:
    """The file's hyper-parameters by the names of transformers."""

    def said(name: str, default: Any = None) -> Any:
        return file.value(f"{layout.architecture}.{name}", default)

    scaling = said("rope.scaling.type", "none")
    if scaling != "none" or said("expert_count", 0):
        what = f"scaled rotary positions ({scaling})" if scaling != "none" else "a mixture of experts"
        raise ModelError(
            f"{file.path}: is a model with {what}, which is not read out of GGUF here. Name its checkpoint "
            "(`hf:<org>/<repo>`)."
        )
    width = said("embedding_length")
    settings = {
        "vocab_size": layout.shapes.get("token_embd.weight", (0,))[0],
        "hidden_size": width,
        "intermediate_size": said("feed_forward_length"),
        "num_hidden_layers": layout.blocks,
        "num_attention_heads": layout.heads,
        "num_key_value_heads": layout.key_heads,
        "max_position_embeddings": said("context_length"),
        "rms_norm_eps": said("attention.layer_norm_rms_epsilon"),
        "rope_parameters": {"rope_type": "default", "rope_theta": said("rope.freq_base", 10000.0)},
        "tie_word_embeddings": "output.weight" not in layout.shapes,
    }
    missing = [name for name, value in settings.items() if value is None]
    if missing:
        raise ModelError(f"{file.path}: does not state its {', '.join(missing)}. Convert it again.")
    if layout.architecture != "qwen2":
        settings["head_dim"] = said("attention.key_length") or said("rope.dimension_count") or width // layout.heads
        settings["attention_bias"] = "blk.0.attn_q.bias" in layout.shapes
    for name, key in {"bos": "bos", "eos": "eos", "pad": "padding"}.items():
        settings[f"{name}_token_id"] = file.value(f"tokenizer.ggml.{key}_token_id")
    return settings
