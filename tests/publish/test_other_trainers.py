"""Rows for other trainers, read by these trainers' own loaders, each where it is installed."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from tests.publish.test_rows import ASKED, SYSTEM, written

from regenesis.cli.app import load_verb
from regenesis.publish.rows import RowForm, export_rows

TEMPLATE = """{% for turn in messages %}[{{ turn['role'] }}]{% if turn.get('reasoning_content') %}<think>
{{ turn['reasoning_content'] }}
</think>

{% endif %}{{ turn['content'] }}<end>{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"""
THOUGHT = "Add them."
REPLY = f"<think>\n{THOUGHT}\n</think>\n\n3 + 4 = \\boxed{{7}}"


def tokenizer() -> Any:
    """A tokenizer of single bytes with a chat template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made: Any = Tokenizer(models.BPE())
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    letters = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator([], trainers.BpeTrainer(special_tokens=["<end>", "<pad>"], initial_alphabet=letters))
    known = PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<end>", pad_token="<pad>")
    known.chat_template = TEMPLATE
    return known


@pytest.mark.parametrize("form", ["messages", "sharegpt"])
def test_axolotl_trains_on_the_reply_alone(
    form: RowForm, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sft = pytest.importorskip("axolotl.utils.data.sft", exc_type=ImportError)
    from axolotl.utils.dict import DictDefault

    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    run = written(tmp_path, SYSTEM, ASKED, thought=THOUGHT)
    capsys.readouterr()
    load_verb("export")([str(run), "--to", form, "--json"], standalone_mode=False)
    recipe = yaml.safe_load(json.loads(capsys.readouterr().out)["ways_to_load"]["axolotl"])
    config = DictDefault(
        **recipe, sequence_len=4096, train_on_inputs=False, dataset_num_proc=1, chat_template="tokenizer_default"
    )
    known = tokenizer()
    [row] = sft._load_and_process_single_dataset(config.datasets[0], config, known, "train", 0)[0]
    trained = [token for token, label in zip(row["input_ids"], row["labels"], strict=True) if label != -100]
    assert (
        known.decode(row["input_ids"])
        == f"[system]Be brief.<end>[user]How much are 3 and 4?<end>[assistant]{REPLY}<end>"
    )
    assert known.decode(trained) == f"{REPLY}<end>"


@pytest.mark.parametrize("form", ["messages", "sharegpt", "alpaca"])
def test_llama_factory_reads_prompt_system_and_reply(form: RowForm, tmp_path: Path) -> None:
    loader = pytest.importorskip("llamafactory.data.loader", exc_type=ImportError)
    parameters = pytest.importorskip("llamafactory.hparams", exc_type=ImportError)
    from llamafactory.data.parser import get_dataset_list

    written_rows = export_rows(written(tmp_path, SYSTEM, ASKED), form)
    folder = str(written_rows.path.parent)
    data = parameters.DataArguments(dataset_dir=folder, dataset="regenesis")
    [attributes] = get_dataset_list(["regenesis"], folder)
    places = SimpleNamespace(cache_dir=str(tmp_path / "cache"), hf_hub_token=None)
    training = SimpleNamespace(local_process_index=0, dataloader_num_workers=0)
    [row] = loader._load_single_dataset(attributes, places, data, training)
    assert row["_system"] == "Be brief."
    assert row["_prompt"] == [{"role": "user", "content": "How much are 3 and 4?"}]
    assert row["_response"] == [{"role": "assistant", "content": "3 + 4 = \\boxed{7}"}]


@pytest.mark.parametrize("form", ["messages", "sharegpt"])
def test_unsloth_makes_chats_of_them(form: RowForm, tmp_path: Path) -> None:
    templates = pytest.importorskip("unsloth.chat_templates", exc_type=ImportError)
    from datasets import load_dataset

    path = export_rows(written(tmp_path, SYSTEM, ASKED), form).path
    rows = load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
    [row] = templates.standardize_sharegpt(rows)
    assert row["conversations" if form == "sharegpt" else "messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "How much are 3 and 4?"},
        {"role": "assistant", "content": "3 + 4 = \\boxed{7}"},
    ]
