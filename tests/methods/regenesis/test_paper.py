"""Every row of the table in `docs/paper.md`, held to what the package does."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.played import SOLUTION, question
from tests.methods.conftest import Lead

from regenesis.answers import grade
from regenesis.config import RunConfig, config_from_mapping, load_config
from regenesis.curation.boxes import unwrap
from regenesis.methods import make_method
from regenesis.methods.regenesis import ReGenesis
from regenesis.prompts import load_answering
from regenesis.tasks import load_questions
from regenesis.tasks.library import find_entry

ROOT = Path(__file__).parents[3]
REAL_ROWS = Path(os.environ.get("REGENESIS_DATA_ROOT") or ROOT.parent / "shared" / "data" / "hub")


def preset(name: str = "paper") -> RunConfig:
    return config_from_mapping({"preset": name, "tasks": ["gsm8k"]})


def method(name: str = "paper") -> ReGenesis:
    config = preset(name)
    return ReGenesis(config.method, load_answering(config.answering))


def estimate(name: str, *, hint: bool = True) -> Any:
    config = preset(name).method
    hinted = config.hint.model_copy(update={"enabled": hint})
    return ReGenesis(config.model_copy(update={"hint": hinted}), load_answering()).estimate([question()], 0.5)


def training_values(config: RunConfig) -> set[Any]:
    return {value for value in config.training.model_dump(mode="json").values() if not isinstance(value, dict | list)}


def test_chains() -> None:
    assert len(method().guidelines) == 25
    assert estimate("paper", hint=False).most_chains == 25 + 20


def test_calls() -> None:
    assert sum(stage.most_calls for stage in estimate("paper", hint=False).stages.values()) == 245


def test_text_against_code() -> None:
    text = preset("paper-text").method
    assert estimate("paper-text", hint=False).most_chains == 25
    assert (text.sampling.temperature, text.hint.temperature, text.selections) == (0.85, 0.85, 0)


def test_sampling() -> None:
    drawn = preset().method.sampling
    assert (drawn.temperature, drawn.top_p, drawn.max_tokens) == (1.2, 0.9, 2048)


async def test_selection(lead: Lead) -> None:
    led = await lead(
        lambda request: "None of them." if request.stage == "select" else SOLUTION,
        preset="paper",
        guidelines=0,
        selections=3,
        hint={"enabled": False},
    )
    assert [one.path.defect for one in led.outcome.judged] == ["selection_unread"] * 3


async def test_chats(lead: Lead) -> None:
    led = await lead(lambda request: SOLUTION, preset="paper", guidelines=1, selections=0, hint={"enabled": False})
    assert all(len([turn for turn in one.messages if turn.role == "user"]) == 1 for one in led.engine.asked)


async def test_hint_pass(lead: Lead) -> None:
    def wrong(request: Any) -> str:
        return "1, 2" if request.stage == "select" else SOLUTION.replace("42", "41")

    led = await lead(wrong, preset="paper", guidelines=1, selections=0, wave=50)
    hinted = [request for request in led.engine.asked if request.sampling.temperature == 0.85]
    assert sum(request.stage == "select" for request in hinted) == 20
    assert "summarise" not in {request.stage for request in hinted}
    shown = {request.stage for request in hinted if "The correct answer is" in request.messages[-1].content}
    assert shown == {"adapt", "structure", "solve"}
    assert len(method().suitable(hinted=True)) == 22


def test_vote() -> None:
    assert method().votes == "no_gold"


def test_filter() -> None:
    config = preset()
    assert (config.curation.max_tokens, config.curation.numbered_list) == (799, "require")
    assert (config.method.self_judge, config.curation.require_box) == ("and", True)


def test_grading() -> None:
    assert grade("So it is \\boxed{-5}.", "5", kind="number").status == "incorrect"
    assert grade("First 3, then \\boxed{7}.", "3", kind="number").status == "incorrect"
    assert grade("\\boxed{banana}", "A", kind="choice", choices=["a", "b"]).status != "correct"


def test_box() -> None:
    assert unwrap(r"so \boxed{\frac{1}{2}} kg") == r"so \frac{1}{2} kg"
    assert preset().curation.boxed == "unwrap"


def test_kept() -> None:
    assert preset().method.keep == 5


def test_training() -> None:
    assert {"full", 1e-6, "cosine", 0.03, 0.0, 3, 64, "bf16"} <= training_values(preset())


def test_training_prompt() -> None:
    (turn,) = load_answering(preset().answering).messages(question())
    assert "\\boxed{}" in turn.content
    assert preset().curation.boxed == "unwrap"


def test_evaluation_prompt() -> None:
    assert preset().answering == RunConfig(tasks=preset().tasks).answering
    assert load_answering(preset().answering).asks_for_a_box


def test_strategyqa(tmp_path: Path) -> None:
    entry, _ = find_entry("strategyqa_facts")
    draft = entry.recipe("default").draft({"qid": "1", "question": "Is it?", "answer": True, "facts": "It is so."})
    assert draft is not None
    assert draft.text == "It is so.\n\nIs it?"


@pytest.mark.parametrize(("task", "split", "count"), [("arc_challenge", "train+validation", 1418)])
def test_arc_challenge(task: str, split: str, count: int) -> None:
    _count(task, split, count)


def test_numglue() -> None:
    recipe = find_entry("numglue")[0].recipe("default")
    row = {"question": "How many?", "answer": 3, "passage": ""}
    taken = [kind for kind in range(1, 9) if recipe.draft(row | {"type": f"Type_{kind}"} | _nested(kind)) is not None]
    assert taken == [1, 2, 5, 8]


def test_svamp() -> None:
    _count("svamp", "train+test", 1000)


def test_star() -> None:
    config = preset("star-paper")
    assert (config.method.name, config.method.samples, config.method.stop_early) == ("star", 32, False)
    assert (
        make_method(config.method, load_answering()).estimate([question()], 0.0).stages["rationalise"].most_calls == 1
    )


def test_the_table_has_a_row_for_each_of_these_and_no_other() -> None:
    page = (ROOT / "docs" / "paper.md").read_text("utf-8")
    rows = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")][1:]
    tests = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    named = {re.sub(r"\W", "_", row.casefold()) for row in rows}
    assert named == tests - {name for name in tests if name.startswith(("the_table", "the_example"))}


def test_the_example_is_the_whole_experiment() -> None:
    config = load_config(ROOT / "examples" / "paper.yaml")
    assert len(config.tasks) == 5
    assert len(config.evaluation.tasks) == 6
    for task in config.tasks:
        assert task.split in find_entry(task.name)[0].splits


def _nested(kind: int) -> dict[str, Any]:
    return {"answer": {"number": "3"}} if kind == 5 else {}


def _count(task: str, split: str, count: int) -> None:
    if not (REAL_ROWS / find_entry(task)[0].hub).exists():
        pytest.skip("the real rows are not here")
    config = config_from_mapping({"tasks": [{"name": task, "split": split}]})
    loaded = load_questions(config.tasks, seed=0, data_root=REAL_ROWS, once=False)
    assert loaded.counts[0].read == count
