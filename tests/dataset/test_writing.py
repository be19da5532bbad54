"""The dataset on disk: what other tools find in it, and that it is whole or not there."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

import pytest
import yaml
from huggingface_hub import DatasetCard

from regenesis.curation import Funnel
from regenesis.dataset import DatasetSummary, example, write_dataset
from regenesis.dataset.card import Contents, render_card
from regenesis.errors import RunError
from regenesis.types import Example, GradedPath, Message, Question

ABOUT = {
    "title": "Eggs",
    "language": ["en", "de"],
    "model": "pypi:some-model",
    "method": "regenesis",
    "prompts": "one-chat",
    "sampling": {"temperature": 0.8, "top_p": 0.95},
    "curation": {"min_steps": 2, "boxed": "keep|unwrap"},
    "tasks": [{"name": "gsm8k", "split": "train", "questions": 3, "source": "openai/gsm8k"}],
}
ODD = "Ünïcödé 🎉 \u2028 \x00 “quotes” \\boxed{18} | pipe\n`tick`"


@pytest.fixture
def judged(judged_of: Callable[..., GradedPath]) -> list[GradedPath]:
    return [
        judged_of("9 * 2 = 18.", key="a"),
        judged_of(ODD, key="b", hinted=True, guideline="parts"),
        judged_of("leaky", key="c", defect="leak"),
        judged_of("", key="d", answer=None, defect="broken_adapt"),
    ]


@pytest.fixture
def funnel(judged: list[GradedPath], question: Question) -> Funnel:
    funnel = Funnel()
    funnel.finish_question(question, judged, judged[:2])
    return funnel


@pytest.fixture
def examples(judged: list[GradedPath], question: Question) -> list[Example]:
    return [example(one, question, asking(question)) for one in judged[:2]]


@pytest.fixture
def load(tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`datasets.load_dataset`, offline and with a cache of its own."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    import datasets

    return lambda *args, **kwargs: datasets.load_dataset(*args, cache_dir=str(tmp_path / "cache"), **kwargs)


def asking(question: Question) -> list[Message]:
    return [Message("system", "Show your working."), Message("user", question.text)]


def front_matter(folder: FilePath) -> dict[str, Any]:
    return dict(yaml.safe_load((folder / "README.md").read_text(encoding="utf-8").split("---\n")[1]))


def table_rows(folder: FilePath) -> list[list[str]]:
    lines = (folder / "README.md").read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("| ")]


def test_an_example_is_the_prompt_and_the_cleaned_path(judged: list[GradedPath], question: Question) -> None:
    one = example(replace(judged[0], training_text="cleaned"), question, asking(question))
    assert one.prompt == (Message("system", "Show your working."), Message("user", question.text))
    assert one.completion == (Message("assistant", "cleaned"),)
    assert one.provenance == {
        "question_id": "gsm8k/train/0",
        "task": "gsm8k",
        "guideline": "simplify",
        "method": "regenesis",
        "hinted": False,
        "gold": "18",
        "answer": "18",
        "rule": "exact",
        "confidence": None,
        "form": "",
        "tokens": 100,
        "ledger_keys": ["a-adapt", "a-solve"],
    }


def test_an_example_of_an_unfit_path_or_of_another_question_is_refused(
    judged: list[GradedPath], question: Question
) -> None:
    with pytest.raises(ValueError, match="leak"):
        example(judged[2], question, asking(question))
    with pytest.raises(ValueError, match="answers"):
        example(judged[0], replace(question, id="other"), asking(question))


def test_the_folder_loads_as_one_split_of_conversations(
    tmp_path: FilePath, load: Callable[..., Any], examples: list[Example], funnel: Funnel
) -> None:
    summary = write_dataset(tmp_path / "set", examples, funnel, ABOUT)
    loaded = load(str(tmp_path / "set"))
    assert list(loaded) == ["train"]
    rows = list(loaded["train"])
    assert len(rows) == summary.rows == 2
    for row, one in zip(rows, examples, strict=True):
        assert row["prompt"] == [{"role": message.role, "content": message.content} for message in one.prompt]
        assert row["completion"] == [{"role": "assistant", "content": one.completion[0].content}]
        assert {name: row[name] for name in one.provenance} == one.provenance


def test_each_file_loads_by_itself_with_the_same_rows(
    tmp_path: FilePath, load: Callable[..., Any], examples: list[Example], funnel: Funnel
) -> None:
    write_dataset(tmp_path / "set", examples, funnel, ABOUT)
    parquet = load("parquet", data_files=str(tmp_path / "set" / "train.parquet"), split="train")
    lines = load("json", data_files=str(tmp_path / "set" / "train.jsonl"), split="train")
    assert list(parquet) == list(lines)
    raw = (tmp_path / "set" / "train.jsonl").read_bytes().decode().strip("\n").split("\n")
    assert [json.loads(line)["answer"] for line in raw] == ["18", "18"]


def test_the_same_examples_give_the_same_bytes(tmp_path: FilePath, examples: list[Example], funnel: Funnel) -> None:
    for name in ("one", "two"):
        write_dataset(tmp_path / name, iter(examples), Funnel.from_json(funnel.to_json()), ABOUT)
    for name in ("train.parquet", "train.jsonl", "README.md"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_unset_gold_and_answer_stay_unset(
    tmp_path: FilePath, load: Callable[..., Any], judged_of: Callable[..., GradedPath], question: Question
) -> None:
    one = judged_of("9 * 2 = 18.")
    one = replace(one, verdict=replace(one.verdict, extracted=None))
    write_dataset(tmp_path / "set", [example(one, replace(question, gold=None), asking(question))], Funnel(), {})
    row = load(str(tmp_path / "set"))["train"][0]
    assert (row["gold"], row["answer"]) == (None, None)


def test_surrogates_are_joined_or_replaced(
    tmp_path: FilePath, load: Callable[..., Any], judged_of: Callable[..., GradedPath], question: Question
) -> None:
    one = replace(question, text="pair \ud83c\udf89 lone \ud800", gold="\udfff")
    summary = write_dataset(
        tmp_path / "set", [example(judged_of("a \ud800 b"), one, asking(one))], Funnel(), {"model": "\ud800"}
    )
    row = load(str(tmp_path / "set"))["train"][0]
    assert row["prompt"][-1]["content"] == "pair 🎉 lone \ufffd"
    assert row["completion"][0]["content"] == "a \ufffd b"
    assert row["gold"] == "\ufffd"
    assert summary.rows == 1


def test_nothing_kept_leaves_a_card_that_says_so_and_no_stale_rows(
    tmp_path: FilePath, examples: list[Example], funnel: Funnel
) -> None:
    write_dataset(tmp_path, examples, funnel, ABOUT)
    summary = write_dataset(tmp_path, [], funnel, ABOUT)
    assert summary.rows == 0
    assert [file.name for file in tmp_path.iterdir()] == ["README.md"]
    assert summary.files == (tmp_path / "README.md",)
    assert "No paths were kept" in (tmp_path / "README.md").read_text()
    assert "configs" not in front_matter(tmp_path)
    assert ["leak", "1", "1"] in table_rows(tmp_path)


def test_a_failure_half_way_changes_nothing(tmp_path: FilePath, examples: list[Example], funnel: Funnel) -> None:
    write_dataset(tmp_path, examples, funnel, ABOUT)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    def failing() -> Iterator[Example]:
        yield from examples * 700
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_dataset(tmp_path, failing(), funnel, ABOUT)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"prompt": ()}, "prompt"),
        ({"prompt": (Message("assistant", "hi"),)}, "prompt"),
        ({"completion": ()}, "completion"),
        ({"completion": (Message("assistant", " "),)}, "completion"),
        ({"completion": (Message("user", "hi"),)}, "completion"),
        ({"provenance": {"question_id": "gsm8k/train/0"}}, "tokens"),
    ],
)
def test_an_example_that_trainers_cannot_use_is_refused_by_name(
    change: dict[str, Any], complaint: str, tmp_path: FilePath, examples: list[Example], funnel: Funnel
) -> None:
    with pytest.raises(RunError, match=f"gsm8k/train/0.*{complaint}"):
        write_dataset(tmp_path, [*examples, replace(examples[0], **change)], funnel, ABOUT)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: FilePath, examples: list[Example], funnel: Funnel) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunError, match="file"):
        write_dataset(tmp_path / "file", examples, funnel, ABOUT)


def test_memory_does_not_grow_with_the_rows(tmp_path: FilePath, examples: list[Example], funnel: Funnel) -> None:
    def peak(rows: int) -> int:
        tracemalloc.start()
        summary = write_dataset(tmp_path, (examples[0] for _ in range(rows)), funnel, ABOUT)
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert summary.rows == rows
        return top

    assert peak(12_000) < 1.5 * peak(3_000)


def test_the_card_tells_the_hub_which_file_to_read(tmp_path: FilePath, examples: list[Example], funnel: Funnel) -> None:
    write_dataset(tmp_path, examples, funnel, ABOUT)
    head = front_matter(tmp_path)
    assert head["configs"] == [{"config_name": "default", "data_files": [{"split": "train", "path": "train.parquet"}]}]
    assert head["license"] == "unknown"
    assert head["language"] == ["en", "de"]
    assert head["size_categories"] == ["n<1K"]
    assert "synthetic" in head["tags"]


SIZES = [(0, "n<1K"), (1000, "1K<n<10K"), (10**7, "10M<n<100M"), (10**9, "1B<n<10B")]


@pytest.mark.parametrize(("rows", "size"), SIZES)
def test_the_size_is_one_of_the_hubs_classes(rows: int, size: str) -> None:
    assert DatasetCard(render_card(Contents(rows=rows), Funnel(), ABOUT)).data.size_categories == [size]


def test_the_card_shows_the_funnel_the_origin_and_the_drops(
    tmp_path: FilePath, examples: list[Example], funnel: Funnel
) -> None:
    write_dataset(tmp_path, examples, funnel, ABOUT)
    rows = table_rows(tmp_path)
    assert ["chains", "4", "100.0 %", ""] in rows
    assert ["kept", "2", "50.0 %", ""] in rows
    assert ["broken_adapt", "1", "0"] in rows
    assert ["gsm8k", "train", "3", "openai/gsm8k"] in rows
    assert ["sampling", "temperature = 0.8, top_p = 0.95"] in rows
    assert ["curation", "min_steps = 2, boxed = keep\\|unwrap"] in rows
    assert "In 1 rows the model had been shown the answer" in (tmp_path / "README.md").read_text()


def test_nothing_in_the_card_can_break_out_of_its_place(tmp_path: FilePath, funnel: Funnel) -> None:
    write_dataset(tmp_path, [], funnel, {"title": "a\n---\n# b", "model": "x | y\n\n<script>alert(1)</script>"})
    card = (tmp_path / "README.md").read_text()
    assert "<script" not in card
    assert "\n# b" not in card
    assert "| model | x \\| y &lt;script>alert(1)&lt;/script> |" in card


def test_the_summary_counts_what_is_in_the_rows(tmp_path: FilePath, examples: list[Example], funnel: Funnel) -> None:
    summary: DatasetSummary = write_dataset(tmp_path, examples, funnel, ABOUT)
    contents = summary.contents
    assert (contents.rows, contents.questions, contents.hinted, contents.tokens) == (2, 1, 1, 200)
    assert contents.tasks == {"gsm8k": 2}
    assert [file.name for file in summary.files] == ["train.parquet", "train.jsonl", "README.md"]


def test_the_card_says_where_a_vote_stood_in_for_a_known_answer(
    tmp_path: FilePath, examples: list[Example], funnel: Funnel
) -> None:
    voted = replace(examples[0], provenance={**examples[0].provenance, "rule": "vote"})
    write_dataset(tmp_path, [voted, examples[1]], funnel, ABOUT)
    assert "In 1 rows the gold answer is a pseudo-label" in (tmp_path / "README.md").read_text()
    write_dataset(tmp_path, examples, funnel, ABOUT)
    assert "pseudo-label" not in (tmp_path / "README.md").read_text()
