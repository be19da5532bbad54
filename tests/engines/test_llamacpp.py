"""The embedded engine with a real, small model."""

from __future__ import annotations

import asyncio
import math
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.engines.embedded import SMALL, STORY, EmbeddedEngine, ask

from regenesis.engines.llamacpp import LlamaCppEngine
from regenesis.engines.llamacpp.config import LlamaCppEngineConfig
from regenesis.engines.llamacpp.engine import _body
from regenesis.engines.llamacpp.server import server_parameters
from regenesis.errors import EngineError, RequestFailed
from regenesis.models import locate
from regenesis.types import Completion

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]

# one thread: several spinning on cores that others use too are many times slower
CONFIG = LlamaCppEngineConfig(kind="llamacpp", model=SMALL, max_in_flight=4, context=512, threads=1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine() -> AsyncIterator[LlamaCppEngine]:
    engine = LlamaCppEngine(CONFIG)
    await engine.open()
    yield engine
    await engine.close()


class TestEmbedded(EmbeddedEngine):
    pass


async def test_the_model_is_named_by_its_bytes(engine: LlamaCppEngine) -> None:
    assert engine.model == "smollm2-135m-instruct@sha256:b179c9523d0e6a0f"


async def test_a_completion_is_what_the_model_wrote(engine: LlamaCppEngine) -> None:
    completion = await engine.complete(ask("What is 2+2?", temperature=0, tokens=64))
    assert "4" in completion.text
    assert completion.finish_reason == "stop"
    assert 0 < completion.completion_tokens < 64
    assert completion.prompt_tokens > 8
    assert completion.engine == "llamacpp"
    assert completion.seconds > 0
    assert completion.error is None


async def test_the_end_of_the_context_cuts_too(engine: LlamaCppEngine) -> None:
    completion = await engine.complete(ask("word " * 440, tokens=400))
    assert completion.finish_reason in ("length", "stop")
    assert completion.prompt_tokens + completion.completion_tokens <= CONFIG.context


async def test_the_same_seed_gives_the_same_text(engine: LlamaCppEngine) -> None:
    first, second = [await engine.complete(ask(STORY, seed=7)) for _ in range(2)]
    assert first.text == second.text


def drawn_from(engine: LlamaCppEngine, temperature: float, top_p: float) -> dict[int, float]:
    """The first token's distribution as it stands when the token is drawn: its twenty likeliest."""
    body = _body(ask("Pick a colour.", temperature=temperature, top_p=top_p, tokens=1), {})
    extra = {"stream": False, "logprobs": True, "top_logprobs": 20, "post_sampling_probs": True}
    reply = engine._server.handle_chat_completions({**body, "stream_options": {}, **extra})
    return {entry["id"]: entry["prob"] for entry in reply["choices"][0]["logprobs"]["content"][0]["top_probs"]}


async def test_tokens_are_drawn_by_temperature_then_nucleus_and_nothing_else(engine: LlamaCppEngine) -> None:
    plain = drawn_from(engine, temperature=1.0, top_p=1.0)
    assert sum(plain.values()) < 0.9, "the rest of the vocabulary is cut off by some other sampler"

    sharp = {token: probability ** (1 / 0.3) for token, probability in plain.items()}
    whole, kept, mass = sum(sharp.values()), {}, 0.0
    for token, weight in sorted(sharp.items(), key=lambda item: -item[1]):
        if mass >= 0.95:
            break
        kept[token] = weight
        mass += weight / whole
    expected = {token: weight / sum(kept.values()) for token, weight in kept.items()}

    drawn = drawn_from(engine, temperature=0.3, top_p=0.95)
    assert drawn.keys() == expected.keys()
    assert all(math.isclose(drawn[token], expected[token], rel_tol=0.02) for token in expected)


async def test_a_cancelled_request_makes_room_for_the_next(engine: LlamaCppEngine) -> None:
    tasks = [asyncio.create_task(engine.complete(ask(STORY, seed=seed, tokens=480))) for seed in range(9)]
    await asyncio.sleep(0.3)
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert asyncio.CancelledError in {type(outcome) for outcome in outcomes}
    assert (await engine.complete(ask("Hello", tokens=2))).completion_tokens == 2


async def test_closing_gives_up_what_is_in_flight() -> None:
    engine = LlamaCppEngine(CONFIG)
    await engine.open()
    tasks = [asyncio.create_task(engine.complete(ask(STORY, seed=seed, tokens=480))) for seed in range(6)]
    await asyncio.sleep(0.2)
    await engine.close()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} <= {RequestFailed, Completion}
    assert RequestFailed in {type(outcome) for outcome in outcomes}


async def test_closing_twice_is_harmless_and_opening_again_works() -> None:
    engine = LlamaCppEngine(CONFIG)
    await engine.open()
    await engine.close()
    await engine.close()
    await engine.open()
    assert (await engine.complete(ask("Hello", tokens=2))).completion_tokens == 2
    await engine.close()


OPENED_AND_CLOSED = """
import asyncio, gc, sys
import psutil
from regenesis.engines.llamacpp.config import LlamaCppEngineConfig
from regenesis.engines.llamacpp import LlamaCppEngine
from regenesis.types import Message, Request, Sampling

async def main():
    held = []
    for _ in range(4):
        engine = LlamaCppEngine(LlamaCppEngineConfig(kind="llamacpp", model=sys.argv[1], max_in_flight=4, threads=1))
        await engine.open()
        await engine.complete(Request("m", (Message("user", "Hello"),), Sampling(0.8, 0.95, 2), 1, 0, "q", "solve"))
        await engine.close()
        gc.collect()
        held.append(psutil.Process().memory_info().rss)
    print(held[-1] - held[0])

asyncio.run(main())
"""


async def test_closing_frees_the_models_memory() -> None:
    # in a process of its own, whose memory nothing else moves
    command = [sys.executable, "-c", OPENED_AND_CLOSED, str(locate(SMALL))]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    grown, _ = await process.communicate()
    # the weights alone are 94 MiB, and three times they could have stayed
    assert int(grown) < 70 * 2**20


async def test_an_engine_that_is_not_open_says_so() -> None:
    with pytest.raises(EngineError, match="not open"):
        await LlamaCppEngine(CONFIG).complete(ask("Hello"))


async def test_a_damaged_model_file_is_an_error_of_ours(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.gguf"
    with locate(SMALL).open("rb") as whole:
        damaged.write_bytes(whole.read(100_000))
    with pytest.raises(EngineError, match=r"cannot load .*damaged\.gguf"):
        await LlamaCppEngine(CONFIG.model_copy(update={"model": str(damaged)})).open()


async def test_every_place_has_the_whole_context() -> None:
    parameters = server_parameters(Path("model.gguf"), CONFIG, "key")
    assert (parameters.n_parallel, parameters.n_ctx) == (4, 2048)


INTERRUPTED = """
import asyncio, sys
from regenesis.engines.llamacpp.config import LlamaCppEngineConfig
from regenesis.engines.llamacpp import LlamaCppEngine
from regenesis.types import Message, Request, Sampling

async def main():
    global engine
    engine = LlamaCppEngine(LlamaCppEngineConfig(kind="llamacpp", model=sys.argv[1], max_in_flight=4, threads=1))
    await engine.open()
    requests = [Request("m", (Message("user", sys.argv[3]),), Sampling(0.8, 0.95, 4000), seed, 0, "q", "solve")
                for seed in range(8)]
    print("asking", flush=True)
    try:
        await asyncio.gather(*(engine.complete(request) for request in requests))
    finally:
        if sys.argv[2] == "close":
            await engine.close()

asyncio.run(main())
"""


@pytest.mark.parametrize("prompt", [STORY, "word " * 700], ids=["while writing", "while reading"])
@pytest.mark.parametrize("ending", ["close", "leave open"])
async def test_ctrl_c_with_requests_in_flight_ends_cleanly(ending: str, prompt: str) -> None:
    command = [sys.executable, "-c", INTERRUPTED, str(locate(SMALL)), ending, prompt]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"asking\n"
    await asyncio.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, stderr = await process.communicate()
    assert process.returncode == -signal.SIGINT, stderr
    assert stderr.rstrip().endswith(b"KeyboardInterrupt"), stderr


async def test_an_adapter_in_the_place_of_a_model_is_told_of(tmp_path: Path) -> None:
    from gguf import GGUFWriter

    path = tmp_path / "adapter.gguf"
    writer = GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    with pytest.raises(EngineError, match=r"is a LoRA adapter, not a model: .*engine\.adapter"):
        await LlamaCppEngine(LlamaCppEngineConfig(kind="llamacpp", model=str(path))).open()
