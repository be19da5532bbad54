"""How fast the engines in this process read and write chats of three turns, beside bare llama.cpp.

    python benchmarks/embedded_engines.py [--model pypi:qwen2.5-coder-0.5b-instruct] [--chats 16] [--rounds 3] [--busy]

Each chat repeats its earlier turns, as the stages of a chain do, so an engine that keeps them computes only what is
new. One engine after the other in processes of their own, the same chats and seeds: prompt tokens and new tokens a
second over the whole time, ends included. `bare` is llama.cpp's own server in the process, with the same places and
nothing of regenesis around it, `llamacpp-q4_0` the engine with `quantization: q4_0`. `--rounds` takes the engines in
turns so many times, so that other work meets all of them alike; `against_llamacpp` has the median of each round's ratio
to `llamacpp`. `--tokens 1` is reading alone. `--busy` keeps one core busy beside each engine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

from regenesis.engines.catalogue import engine_class
from regenesis.engines.llamacpp.config import LlamaCppEngineConfig
from regenesis.engines.llamacpp.server import load_server
from regenesis.models import locate
from regenesis.types import Message, Request, Sampling
from workload import finish, question_text

ENGINES = ("bare", "llamacpp", "llamacpp-q4_0", "openvino")
REFERENCE = "llamacpp"
TURNS = (
    "{question}\n\nBefore solving it, rewrite this guideline for this very problem: break the problem into smaller, "
    "more manageable parts. Do not solve it yet.",
    "Now write a plan of numbered steps that follows what you wrote. Do not compute anything yet.",
    "Follow the plan step by step and solve the problem. End with the final answer in \\boxed{{}}.",
)

Totals = tuple[int, int]
"""Tokens of prompts and of replies."""


def asked(chat: int, turn: int) -> str:
    question = question_text(chat).partition(" [[")[0]
    return TURNS[turn].format(question=question)


async def by_engine(name: str, options: argparse.Namespace) -> tuple[Totals, float]:
    kind, _, quantization = name.partition("-")
    section = {"kind": kind, "model": options.model, "max_in_flight": options.in_flight, "context": options.context}
    section |= {"threads": options.threads} | ({"quantization": quantization} if quantization else {})
    engine = engine_class(kind).model_validate(section).make()
    await engine.open()

    async def hold(chat: int) -> Totals:
        messages: list[Message] = []
        read = written = 0
        for turn in range(len(TURNS)):
            messages.append(Message("user", asked(chat, turn)))
            sampling = Sampling(0.8, 0.9, options.tokens)
            request = Request(engine.model, tuple(messages), sampling, chat * 10 + turn, 0, str(chat), "turn")
            reply = await engine.complete(request)
            messages.append(Message("assistant", reply.text))
            read, written = read + reply.prompt_tokens, written + reply.completion_tokens
        return read, written

    started = time.perf_counter()
    totals = await asyncio.gather(*(hold(chat) for chat in range(options.chats)))
    seconds = time.perf_counter() - started
    await engine.close()
    return (sum(one for one, _ in totals), sum(one for _, one in totals)), seconds


def by_bare_llamacpp(options: argparse.Namespace) -> tuple[Totals, float]:
    config = LlamaCppEngineConfig(
        kind="llamacpp",
        model=options.model,
        max_in_flight=options.in_flight,
        context=options.context,
        threads=options.threads,
    )
    server = load_server(locate(options.model), config, secrets.token_hex(16))

    def hold(chat: int) -> Totals:
        messages: list[dict[str, str]] = []
        read = written = 0
        for turn in range(len(TURNS)):
            messages.append({"role": "user", "content": asked(chat, turn)})
            body = {"messages": messages, "max_tokens": options.tokens, "temperature": 0.8, "top_p": 0.9}
            reply = server.handle_chat_completions({**body, "seed": chat * 10 + turn})
            messages.append({"role": "assistant", "content": reply["choices"][0]["message"]["content"]})
            read, written = read + reply["usage"]["prompt_tokens"], written + reply["usage"]["completion_tokens"]
        return read, written

    started = time.perf_counter()
    with ThreadPoolExecutor(options.in_flight) as pool:
        totals = list(pool.map(hold, range(options.chats)))
    seconds = time.perf_counter() - started
    return (sum(one for one, _ in totals), sum(one for _, one in totals)), seconds


def measure(engine: str, options: argparse.Namespace) -> dict[str, Any]:
    (read, written), seconds = (
        by_bare_llamacpp(options) if engine == "bare" else asyncio.run(by_engine(engine, options))
    )
    return {
        "prompt_tokens_per_second": round(read / seconds, 1),
        "new_tokens_per_second": round(written / seconds, 1),
        "prompt_tokens": read,
        "new_tokens": written,
        "seconds": round(seconds, 1),
    }


def in_own_process(engine: str, busy: bool) -> dict[str, Any]:
    spinning = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if busy else None
    try:
        command = [sys.executable, *sys.argv, "--only", engine]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    finally:
        if spinning is not None:
            spinning.kill()
    figures: dict[str, Any] = json.loads(done.stdout.strip().rpartition("\n")[2])
    print(f"{engine}: {figures}", file=sys.stderr)
    return figures


def against_reference(rounds: list[dict[str, dict[str, Any]]], engine: str) -> dict[str, float]:
    """The median over the rounds of an engine's speed as a multiple of the reference's."""
    return {
        speed: round(median(one[engine][speed] / one[REFERENCE][speed] for one in rounds), 3)
        for speed in ("prompt_tokens_per_second", "new_tokens_per_second")
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="pypi:qwen2.5-coder-0.5b-instruct")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--chats", type=int, default=16)
    parser.add_argument("--in-flight", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=120, help="most new tokens a turn")
    parser.add_argument("--context", type=int, default=2048)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--only", choices=ENGINES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        print(json.dumps(measure(options.only, options)))
        return
    rounds = [
        {engine: in_own_process(engine, options.busy) for engine in options.engines} for _ in range(options.rounds)
    ]
    speed = {engine: median(one[engine]["new_tokens_per_second"] for one in rounds) for engine in options.engines}
    figures: dict[str, Any] = {engine: [one[engine] for one in rounds] for engine in options.engines}
    if REFERENCE in options.engines:
        figures["against_llamacpp"] = {engine: against_reference(rounds, engine) for engine in options.engines}
    met = speed["openvino"] >= speed["bare"] if {"openvino", "bare"} <= speed.keys() else None
    finish("embedded_engines", {"model": options.model, **figures}, target="openvino at least as fast as bare", met=met)


if __name__ == "__main__":
    main()
