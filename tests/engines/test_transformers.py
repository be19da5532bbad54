"""The engine in process, with tiny random weights behind a real tokenizer: plumbing, not sense."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

pytest.importorskip("transformers")

import torch
import transformers
from tests.engines.embedded import SMALL, STORY, EmbeddedEngine, ask
from tests.helpers.trainable import VOCABULARY, save_tiny_checkpoint

from regenesis.checkpoints import load_tokenizer
from regenesis.engines.transformers import TransformersEngine
from regenesis.engines.transformers.config import TransformersEngineConfig
from regenesis.errors import EngineError, ModelError, RequestFailed
from regenesis.models import locate_weights
from regenesis.types import Completion, Request, Sampling

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of a llama that is tiny and random, with the small model's tokenizer."""
    path = tmp_path_factory.mktemp("checkpoints") / "tiny"
    return save_tiny_checkpoint(path, max_position_embeddings=512, initializer_range=0.5, tie_word_embeddings=False)


def with_tokenizer_of(folder: Path, path: Path) -> None:
    for file in (*folder.glob("tokenizer*"), *folder.glob("chat_template*")):
        shutil.copy(file, path)


@cache
def loaded(folder: Path) -> tuple[Any, Any]:
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return model, transformers.AutoTokenizer.from_pretrained(folder)


def config(folder: Path | str, **stated: Any) -> TransformersEngineConfig:
    defaults = {"max_in_flight": 4, "context": 256, "dtype": "float32", "device": "cpu", "threads": 1}
    return TransformersEngineConfig(kind="transformers", model=str(folder), **(defaults | stated))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(folder: Path) -> AsyncIterator[TransformersEngine]:
    engine = TransformersEngine(config(folder))
    await engine.open()
    yield engine
    await engine.close()


class TestEmbedded(EmbeddedEngine):
    pass


def written_by_generate(folder: Path, request: Request) -> tuple[str, int]:
    """What transformers' own `generate` makes of a greedy request: text and new tokens."""
    model, tokenizer = loaded(folder)
    chat = [{"role": message.role, "content": message.content} for message in request.messages]
    inputs = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    output = model.generate(**inputs, max_new_tokens=request.sampling.max_tokens, do_sample=False)
    new = output[0, inputs["input_ids"].shape[1] :]
    return tokenizer.decode(new, skip_special_tokens=True), len(new)


async def test_the_config_names_the_engine(folder: Path) -> None:
    assert isinstance(config(folder).make(), TransformersEngine)


async def test_the_model_is_named_by_its_bytes_and_its_precision(engine: TransformersEngine, folder: Path) -> None:
    assert engine.model == f"{locate_weights(str(folder)).identity}/float32"


async def test_greedy_is_what_generate_writes_whatever_the_company(engine: TransformersEngine, folder: Path) -> None:
    texts = [STORY, "Hi", "word " * 60, "What is 2+2?", "One more, behind the first four.", "And another."]
    requests = [ask(text, temperature=0, tokens=10 + 7 * place) for place, text in enumerate(texts)]
    completions = await asyncio.gather(*(engine.complete(request) for request in requests))
    for request, completion in zip(requests, completions, strict=True):
        assert (completion.text, completion.completion_tokens) == written_by_generate(folder, request)


async def test_prompts_longer_than_one_pass_are_read_whole(folder: Path) -> None:
    long = ask("word " * 150, temperature=0, tokens=8)
    engine = TransformersEngine(config(folder, context=512))
    await engine.open()
    completion, _ = await asyncio.gather(engine.complete(long), engine.complete(ask(STORY)))
    await engine.close()
    assert completion.prompt_tokens > 256
    assert completion.text == written_by_generate(folder, long)[0]


async def test_a_sliding_window_is_kept_to(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "windowed"
    torch.manual_seed(0)
    shape = transformers.Qwen2Config(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        use_sliding_window=True,
        sliding_window=16,
        max_window_layers=1,
        eos_token_id=2,
    )
    transformers.Qwen2ForCausalLM(shape).save_pretrained(path)
    with_tokenizer_of(folder, path)
    engine = TransformersEngine(config(path))
    await engine.open()
    requests = [ask(text, temperature=0, tokens=12) for text in (STORY, "word " * 60)]
    completions = await asyncio.gather(*(engine.complete(request) for request in requests))
    await engine.close()
    assert [completion.text for completion in completions] == [
        written_by_generate(path, request)[0] for request in requests
    ]


async def test_the_end_of_the_context_cuts_too(engine: TransformersEngine) -> None:
    completion = await engine.complete(ask("word " * 90, tokens=400))
    assert completion.finish_reason == "length"
    assert completion.prompt_tokens + completion.completion_tokens == 256


async def test_a_context_beyond_the_models_own_is_the_models_own(folder: Path) -> None:
    engine = TransformersEngine(config(folder, context=4096))
    await engine.open()
    completion = await engine.complete(ask("word " * 700))
    await engine.close()
    assert completion.finish_reason == "refused"
    assert "512" in (completion.error or "")


async def test_a_seed_gives_the_same_text_whatever_the_company(engine: TransformersEngine) -> None:
    alone = await engine.complete(ask(STORY, seed=7))
    company = [engine.complete(ask("word " * seed, seed=seed, temperature=seed / 10)) for seed in range(1, 8)]
    together = (await asyncio.gather(*company[:3], engine.complete(ask(STORY, seed=7)), *company[3:]))[3]
    assert together.text == alone.text


async def test_a_cancelled_request_makes_room_for_the_next(engine: TransformersEngine) -> None:
    tasks = [asyncio.create_task(engine.complete(ask(STORY, seed=seed, tokens=200))) for seed in range(9)]
    await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert asyncio.CancelledError in {type(outcome) for outcome in outcomes}
    assert (await engine.complete(ask("Hello", tokens=2))).completion_tokens == 2


@pytest.mark.parametrize("bos", ["<|endoftext|>", ""], ids=["template writes it", "template writes none"])
async def test_the_prompt_is_what_the_template_writes_with_no_second_beginning(
    folder: Path, tmp_path: Path, bos: str
) -> None:
    path = tmp_path / "beginning"
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    model.save_pretrained(path)
    tokenizer = load_tokenizer(locate_weights(str(folder)))
    # a tokenizer that would put a beginning of its own before every text
    tokenizer.bos_token = "<|endoftext|>"
    tokenizer._tokenizer.post_processor = __import__("tokenizers").processors.TemplateProcessing(
        single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", 0)]
    )
    tokenizer.chat_template = bos + "{% for message in messages %}{{ message.content }}{% endfor %}"
    tokenizer.save_pretrained(path)
    assert transformers.AutoTokenizer.from_pretrained(path)("Hello")["input_ids"][0] == 0
    engine = TransformersEngine(config(path))
    await engine.open()
    assert engine._worker is not None
    tokens = engine._worker.chat.prompt(ask("Hello"), 256).tokens
    await engine.close()
    assert isinstance(tokens, list)
    assert tokens.count(0) == (1 if bos else 0)


async def test_the_end_of_a_turn_ends_the_text_even_where_the_checkpoint_names_another_end(
    folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "other"
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    model.config.eos_token_id = model.generation_config.eos_token_id = [0, 5]
    model.save_pretrained(path)
    with_tokenizer_of(folder, path)
    other = TransformersEngine(config(path))
    await other.open()
    assert other._worker is not None
    assert other._worker._decoder is not None
    assert other._worker._decoder._stop >= {0, 2, 5}
    await other.close()


async def test_a_stop_token_ends_the_text_and_is_counted_but_not_shown(folder: Path, tmp_path: Path) -> None:
    greedy = ask(STORY, temperature=0, tokens=12)
    text, _ = written_by_generate(folder, greedy)
    tokenizer = load_tokenizer(locate_weights(str(folder)))
    sixth = tokenizer(text, add_special_tokens=False)["input_ids"][5]
    path = tmp_path / "stopping"
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    model.generation_config.eos_token_id = sixth
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    engine = TransformersEngine(config(path))
    await engine.open()
    completion = await engine.complete(greedy)
    await engine.close()
    assert completion.finish_reason == "stop"
    assert text.startswith(completion.text)
    assert completion.text != text
    assert completion.completion_tokens == written_by_generate(path, greedy)[1]


async def test_closing_gives_up_what_is_in_flight_and_ends_the_thread(folder: Path) -> None:
    engine = TransformersEngine(config(folder))
    await engine.open()
    assert engine._worker is not None
    thread = engine._worker._thread
    tasks = [asyncio.create_task(engine.complete(ask(STORY, seed=seed, tokens=200))) for seed in range(6)]
    await asyncio.sleep(0.05)
    await engine.close()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} <= {RequestFailed, Completion}
    assert RequestFailed in {type(outcome) for outcome in outcomes}
    assert not thread.is_alive()


async def test_closing_twice_is_harmless_and_opening_again_works(folder: Path) -> None:
    engine = TransformersEngine(config(folder))
    await engine.open()
    await engine.close()
    await engine.close()
    await engine.open()
    assert (await engine.complete(ask("Hello", tokens=2))).completion_tokens == 2
    await engine.close()


async def test_an_engine_that_is_not_open_says_so(folder: Path) -> None:
    with pytest.raises(EngineError, match="not open"):
        await TransformersEngine(config(folder)).complete(ask("Hello"))


async def test_a_damaged_checkpoint_is_an_error_of_ours(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes()[: 100_000 if file.suffix == ".safetensors" else None])
    with pytest.raises(ModelError, match="cannot be loaded from"):
        await TransformersEngine(config(tmp_path)).open()


@pytest.mark.parametrize("device", ["cuda:99", "toaster"])
async def test_a_device_that_is_not_there_is_named(folder: Path, device: str) -> None:
    with pytest.raises(EngineError, match=device):
        await TransformersEngine(config(folder, device=device)).open()


async def test_a_missing_package_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regenesis.checkpoints.extras.find_spec", lambda name: None if name == "torch" else object())
    with pytest.raises(ModelError, match=r"needs torch: pip install 'regenesis\[transformers\]'"):
        await TransformersEngine(config(folder)).open()


async def test_a_checkpoint_without_adapter_needs_neither_peft_nor_gguf(
    folder: Path, adapter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    monkeypatch.setitem(sys.modules, "gguf", None)
    engine = TransformersEngine(config(folder))
    await engine.open()
    assert (await engine.complete(ask("Hello", tokens=2))).completion_tokens == 2
    await engine.close()
    with pytest.raises(ModelError, match=r"needs peft: pip install 'regenesis\[transformers\]'"):
        await TransformersEngine(config(folder, adapter=adapter)).open()


@pytest.fixture(scope="module")
def poisoned(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that gives no numbers once it has seen a snowman."""
    path = tmp_path_factory.mktemp("poisoned")
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    tokenizer = load_tokenizer(locate_weights(str(folder)))
    poison = tokenizer("☃", add_special_tokens=False)["input_ids"][-1]
    model.get_input_embeddings().weight.data[poison] = float("nan")
    model.lm_head.weight = torch.nn.Parameter(torch.randn_like(model.lm_head.weight))
    model.config.tie_word_embeddings = False
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


async def test_weights_that_give_no_numbers_fail_the_request_and_no_other(poisoned: Path) -> None:
    engine = TransformersEngine(config(poisoned))
    await engine.open()
    for _ in range(2):  # the place it had is clean again
        requests = [ask("☃", seed=1), *(ask(STORY, seed=seed, tokens=9) for seed in range(2, 6))]
        broken, *others = await asyncio.gather(
            *(engine.complete(request) for request in requests), return_exceptions=True
        )
        assert isinstance(broken, RequestFailed)
        assert "no numbers" in str(broken)
        assert [one.completion_tokens for one in others if isinstance(one, Completion)] == [9] * 4
    await engine.close()


async def test_a_place_is_clean_again_where_others_ended_with_what_gave_no_numbers(poisoned: Path) -> None:
    from regenesis.engines.transformers.decoding import Decoder, Sequence

    model, tokenizer = loaded(poisoned)

    def sequence(text: str, tokens: int) -> Sequence:
        return Sequence(tokenizer(text)["input_ids"], Sampling(0.0, 1.0, tokens), 0)

    decoder = Decoder(model, (), 256, 4)
    ended = decoder.admit([sequence("Hi", 1), sequence("word " * 9 + "☃", 1), sequence("word " * 20 + "☃", 1)])
    assert [one.finish for one in ended] == ["length", "broken", "broken"]
    later = [sequence("Hi", 2) for _ in range(3)]
    decoder.admit(later)
    decoder.step()
    assert [one.finish for one in later] == ["length"] * 3


async def test_running_out_of_memory_costs_places_but_no_request(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from regenesis.engines.transformers.decoding import Decoder

    whole = Decoder._forward

    def forward(self: Decoder, tokens: Any, positions: Any, rows: slice, keep: list[int]) -> Any:
        if rows.stop > 2:
            raise torch.OutOfMemoryError("no room for a third")
        return whole(self, tokens, positions, rows, keep)

    requests = [ask(STORY, seed=seed, tokens=20) for seed in range(7)]
    engine = TransformersEngine(config(folder))
    await engine.open()
    plain = await asyncio.gather(*(engine.complete(request) for request in requests))
    monkeypatch.setattr(Decoder, "_forward", forward)
    cramped = await asyncio.gather(*(engine.complete(request) for request in requests))
    assert engine._worker is not None
    assert engine._worker._decoder is not None
    assert engine._worker._decoder.places == 2
    await engine.close()
    assert [one.text for one in cramped] == [one.text for one in plain]


async def test_a_request_that_memory_cannot_hold_alone_fails_by_itself(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from regenesis.engines.transformers.decoding import Decoder

    whole = Decoder._forward

    def forward(self: Decoder, tokens: Any, positions: Any, rows: slice, keep: list[int]) -> Any:
        if int(positions.max()) > 100:
            raise torch.OutOfMemoryError("too long")
        return whole(self, tokens, positions, rows, keep)

    monkeypatch.setattr(Decoder, "_forward", forward)
    engine = TransformersEngine(config(folder))
    await engine.open()
    long, short = await asyncio.gather(
        engine.complete(ask("word " * 75)), engine.complete(ask("Hi", tokens=5)), return_exceptions=True
    )
    await engine.close()
    assert isinstance(long, RequestFailed)
    assert "engine.context" in str(long)
    assert isinstance(short, Completion)


async def test_what_breaks_the_engine_is_told_to_all_who_wait_and_come(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from regenesis.engines.transformers.decoding import Decoder

    def forward(self: Decoder, *_: Any) -> Any:
        raise KeyError("a fault")

    monkeypatch.setattr(Decoder, "_forward", forward)
    engine = TransformersEngine(config(folder))
    await engine.open()
    outcomes = await asyncio.gather(
        *(engine.complete(ask("Hi", seed=seed)) for seed in range(6)), return_exceptions=True
    )
    assert {str(outcome) for outcome in outcomes} == {"The transformers engine broke: KeyError: 'a fault'"}
    with pytest.raises(EngineError, match="broke"):
        await engine.complete(ask("Hi"))
    await engine.close()


@pytest.fixture
def adapter(folder: Path, tmp_path: Path) -> Path:
    """A LoRA adapter of peft that changes what the tiny model writes."""
    import peft

    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    tuned = peft.get_peft_model(model, peft.LoraConfig(r=4, target_modules=["q_proj", "down_proj"]))
    torch.manual_seed(1)
    for name, weight in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight.data, std=1.0)
    tuned.save_pretrained(tmp_path / "tuned")
    return tmp_path / "tuned"


async def test_an_adapter_changes_the_text_and_the_models_name(
    engine: TransformersEngine, folder: Path, adapter: Path
) -> None:
    import peft

    tuned = TransformersEngine(config(folder, adapter=adapter))
    await tuned.open()
    request = ask(STORY, temperature=0, tokens=12)
    completion = await tuned.complete(request)
    await tuned.close()
    base, _, dtype = engine.model.rpartition("/")
    assert tuned.model.startswith(f"{base}+tuned@sha256:")
    assert tuned.model.endswith(f"/{dtype}")
    assert completion.text != (await engine.complete(request)).text
    merged = peft.PeftModel.from_pretrained(transformers.AutoModelForCausalLM.from_pretrained(folder), str(adapter))
    path = adapter.parent / "merged"
    merged.merge_and_unload().save_pretrained(path)
    with_tokenizer_of(folder, path)
    assert completion.text == written_by_generate(path, request)[0]


async def test_a_folder_that_holds_no_adapter_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"adapter_config\.json is missing"):
        await TransformersEngine(config(folder, adapter=tmp_path)).open()


INTERRUPTED = """
import asyncio, sys
from regenesis.engines.transformers.config import TransformersEngineConfig
from regenesis.engines.transformers import TransformersEngine
from regenesis.types import Message, Request, Sampling

async def main():
    global engine
    engine = TransformersEngine(TransformersEngineConfig(kind="transformers", model=sys.argv[1], threads=1))
    await engine.open()
    requests = [Request("m", (Message("user", "Hello"),), Sampling(0.8, 0.95, 4000), seed, 0, "q", "solve")
                for seed in range(8)]
    print("asking", flush=True)
    try:
        await asyncio.gather(*(engine.complete(request) for request in requests * 40))
    finally:
        if sys.argv[2] == "close":
            await engine.close()

asyncio.run(main())
"""


@pytest.mark.parametrize("ending", ["close", "leave open"])
async def test_ctrl_c_with_requests_in_flight_ends_cleanly(folder: Path, ending: str) -> None:
    command = [sys.executable, "-c", INTERRUPTED, str(folder), ending]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"asking\n"
    await asyncio.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, stderr = await process.communicate()
    # 1 where a library that was imported has taken Python's own ending by the signal away
    assert process.returncode in (-signal.SIGINT, 1), stderr
    assert stderr.rstrip().endswith(b"KeyboardInterrupt"), stderr


async def test_a_gguf_model_is_run_from_its_own_bytes() -> None:
    engine = TransformersEngine(config(SMALL))
    await engine.open()
    completion = await engine.complete(ask("What is 2+2?", temperature=0, tokens=32))
    await engine.close()
    assert engine.model == "smollm2-135m-instruct@sha256:b179c9523d0e6a0f/float32"
    assert "4" in completion.text
    assert completion.finish_reason == "stop"
