"""Random models of a few layers with SmolLM2's tokenizer, as GGUF files and as checkpoints, and what llama.cpp says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from regenesis.checkpoints.gguf_files import NewTensor, read_gguf, real, text, whole, write_gguf
from regenesis.models import locate

WIDTH, INNER, HEADS, KEY_HEADS, BLOCKS, VOCABULARY = 64, 96, 4, 2, 2, 49152
HEAD = WIDTH // HEADS
SPREAD = 0.35
"""Standard deviation of the weights: large enough that the likeliest token is mostly clearly the likeliest."""
CLEARLY = 0.002
"""Lead of the likeliest token over the next, in standard deviations of the logits, that no rounding makes up for."""


def write_tiny_gguf(
    target: Path, architecture: str, *, tied: bool = True, seed: int = 0, template: str | None = None
) -> Path:
    """A random model of llama.cpp's architecture `llama`, `qwen2` or `qwen3`, in float32, with a chat template."""
    source = read_gguf(locate("pypi:smollm2-135m-instruct"))
    fields = {name: field for name, field in source.fields.items() if not name.startswith("llama.")}
    fields["general.architecture"] = text(architecture)
    fields["general.name"] = text("tiny")
    fields["general.file_type"] = whole(0)
    if template is not None:
        fields["tokenizer.chat_template"] = text(template)
    sizes = {
        "block_count": BLOCKS,
        "context_length": 2048,
        "embedding_length": WIDTH,
        "feed_forward_length": INNER,
        "attention.head_count": HEADS,
        "attention.head_count_kv": KEY_HEADS,
        "vocab_size": VOCABULARY,
        "rope.dimension_count": HEAD,
    }
    if architecture == "qwen3":
        # what the model class of transformers assumes when a file says nothing
        sizes |= {"attention.key_length": 128, "attention.value_length": 128, "rope.dimension_count": 128}
    fields |= {f"{architecture}.{name}": whole(value) for name, value in sizes.items()}
    fields[f"{architecture}.rope.freq_base"] = real(10000.0)
    fields[f"{architecture}.attention.layer_norm_rms_epsilon"] = real(1e-5)
    generator = np.random.default_rng(seed)

    def tensor(name: str, shape: tuple[int, ...]) -> NewTensor:
        values = generator.normal(0, SPREAD, shape).astype(np.float32)
        if "norm" in name:
            values += 1
        if name == "token_embd.weight":
            values *= 3
        return NewTensor(name, shape, 0, lambda: values)

    return write_gguf(target, fields, [tensor(name, shape) for name, shape in _shapes(architecture, tied).items()])


def _shapes(architecture: str, tied: bool) -> dict[str, tuple[int, ...]]:
    head = 128 if architecture == "qwen3" else HEAD
    shapes: dict[str, tuple[int, ...]] = {"token_embd.weight": (VOCABULARY, WIDTH), "output_norm.weight": (WIDTH,)}
    if not tied:
        shapes["output.weight"] = (VOCABULARY, WIDTH)
    for block in range(BLOCKS):
        layer: dict[str, tuple[int, ...]] = {
            "attn_norm.weight": (WIDTH,),
            "attn_q.weight": (HEADS * head, WIDTH),
            "attn_k.weight": (KEY_HEADS * head, WIDTH),
            "attn_v.weight": (KEY_HEADS * head, WIDTH),
            "attn_output.weight": (WIDTH, HEADS * head),
            "ffn_norm.weight": (WIDTH,),
            "ffn_gate.weight": (INNER, WIDTH),
            "ffn_up.weight": (INNER, WIDTH),
            "ffn_down.weight": (WIDTH, INNER),
        }
        if architecture == "qwen2":
            layer |= {"attn_q.bias": (HEADS * head,), "attn_k.bias": (KEY_HEADS * head,)}
            layer |= {"attn_v.bias": (KEY_HEADS * head,)}
        if architecture == "qwen3":
            layer |= {"attn_q_norm.weight": (head,), "attn_k_norm.weight": (head,)}
        shapes |= {f"blk.{block}.{name}": shape for name, shape in layer.items()}
    return shapes


def write_adapter_gguf(target: Path, architecture: str, tensor: str, width: int, size: float) -> Path:
    """A random adapter of rank 4 for one square matrix.

    Args:
        target: The file to write.
        architecture: Of the model that it is for.
        tensor: The matrix, such as `blk.0.attn_q.weight`.
        width: Of the matrix.
        size: Of the numbers; 0 for an adapter that changes nothing.
    """
    numbers = np.random.default_rng(0)

    def made(name: str, shape: tuple[int, int]) -> NewTensor:
        values = (size * numbers.standard_normal(shape)).astype(np.float32)
        return NewTensor(f"{tensor}.{name}", shape, 0, lambda: values)

    fields = {
        "general.architecture": text(architecture),
        "general.type": text("adapter"),
        "adapter.type": text("lora"),
        "adapter.lora.alpha": real(4.0),
    }
    return write_gguf(target, fields, [made("lora_a", (4, width)), made("lora_b", (width, 4))])


def save_random_adapter(model: Any, target: Path, *, size: float = 0.5, **options: Any) -> Any:
    """Lays a LoRA adapter with random matrices over a model and saves it; gives the model with it."""
    import torch
    from peft import LoraConfig, get_peft_model

    options = {"r": 4, "lora_alpha": 8, "target_modules": "all-linear", **options}
    adapted = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **options))
    generator = torch.Generator().manual_seed(1)
    for name, parameter in adapted.named_parameters():
        if ".lora_A." in name:
            parameter.data = torch.randn(parameter.shape, generator=generator) / parameter.shape[1] ** 0.5
        if ".lora_B." in name:
            parameter.data = torch.randn(parameter.shape, generator=generator) * size
    adapted.save_pretrained(target, save_embedding_layers=False)
    return adapted.eval()


def greedy_by_transformers(model: Any, prompt: list[int], count: int) -> list[int]:
    """The likeliest continuation, token by token, as far as one token is clearly the likeliest; at least four tokens.

    Where two are as good as equal, how an engine rounds decides, and no engine is wrong.
    """
    import torch

    tokens, past, fresh = list(prompt), None, list(prompt)
    for _ in range(count):
        with torch.no_grad():
            output = model(input_ids=torch.tensor([fresh]), past_key_values=past, use_cache=True)
        logits = output.logits[0, -1]
        first, second = logits.topk(2).values
        if first - second < CLEARLY * logits.std():
            break
        past, fresh = output.past_key_values, [int(logits.argmax())]
        tokens += fresh
    assert len(tokens) >= len(prompt) + min(count, 4), "another seed is needed: too much is as good as equal"
    return tokens[len(prompt) :]


def greedy_by_llamacpp(model: Path, prompt: list[int], count: int, adapter: Path | None = None) -> list[int]:
    """The same by llama.cpp, without its caches rounding anything."""
    from xllamacpp import CommonAdapterLoraInfo, CommonParams, Server, ggml_type

    parameters = CommonParams()
    parameters.model.path = str(model)
    parameters.n_ctx = 256
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = 1
    parameters.cache_ram_mib = 0
    parameters.fit_params = False
    parameters.warmup = False
    parameters.verbosity = -1
    parameters.cache_type_k = parameters.cache_type_v = ggml_type.GGML_TYPE_F32
    parameters.api_keys = ["tests"]
    if adapter is not None:
        parameters.lora_adapters = [CommonAdapterLoraInfo(str(adapter), 1.0)]
    server = Server(parameters)
    body = {
        "prompt": prompt,
        "max_tokens": count,
        "temperature": 0.0,
        "ignore_eos": True,
        "cache_prompt": False,
        # the tokens themselves: its list of probabilities leaves out those that end within a character
        "return_tokens": True,
        "verbose": True,
    }
    reply = server.handle_completions(body)
    return [int(token) for token in reply["__verbose"]["tokens"]]
