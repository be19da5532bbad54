"""A run on the OpenVINO engine: synthesis that is stopped and resumed, and an evaluation of base and tuned model."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("openvino_genai")
pytest.importorskip("peft")

from tests.helpers.runs import toy_config, write_questions
from tests.helpers.tiny_models import save_random_adapter, write_tiny_gguf

from regenesis.checkpoints import load_model
from regenesis.config import RunConfig
from regenesis.models import locate_weights
from regenesis.runs import synthesize
from regenesis.runs.evaluating import evaluate_run

pytestmark = pytest.mark.model


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Copies of tiny models are not left in the user's cache."""
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("copies")
    patch.setattr("regenesis.engines.openvino.copies.cache_folder", lambda: folder)
    yield
    patch.undo()


def config(folder: Path, file: Path, requests: int | None = None) -> RunConfig:
    model = folder / "tiny.gguf"
    mapping = toy_config(file).model_dump(mode="json") | {
        "engine": {"kind": "openvino", "model": str(model), "max_in_flight": 2, "context": 512, "threads": 1},
        "method": {"name": "rejection", "samples": 3, "sampling": {"temperature": 0.8, "max_tokens": 8}},
        "budget": {"requests": requests},
        "decontamination": {"action": "report"},
        "evaluation": {
            "tasks": [{"name": "toy", "file": str(file), "kind": "number"}],
            "sampling": {"temperature": 0, "max_tokens": 8},
        },
    }
    return RunConfig.model_validate(mapping)


def test_a_run_is_stopped_resumed_and_measured_with_its_adapter(tmp_path: Path) -> None:
    file, run = write_questions(tmp_path, 2), tmp_path / "run"
    base = write_tiny_gguf(tmp_path / "tiny.gguf", "qwen2")
    first = asyncio.run(synthesize(config(tmp_path, file, requests=2), run))
    second = asyncio.run(synthesize(config(tmp_path, file), run))
    assert (first.complete, second.complete) == (False, True)
    assert first.requests_sent + second.requests_sent == 6

    model = load_model(locate_weights(str(base)), dtype="float32")
    save_random_adapter(model, run / "model", size=0.2, target_modules=["q_proj", "down_proj"])
    report = asyncio.run(evaluate_run(run))
    plain, tuned = report.evaluation.models
    assert (report.complete, report.requests_sent) == (True, 4)
    assert plain.identity == f"{locate_weights(str(base)).identity}/q8_0"
    assert tuned.identity.startswith(f"{locate_weights(str(base)).identity}+adapter@sha256:")
    assert plain.conditions == tuned.conditions == {"engine": "openvino", "precision": "Q8_0", "context": 512}
    assert report.evaluation.versus[0].caveats == []
    responses = [[one.response for one in report.evaluation.results[name]["toy"]] for name in ("base", "tuned")]
    assert responses[0] != responses[1]
    again = asyncio.run(evaluate_run(run))
    assert (again.requests_sent, again.requests_recalled) == (0, 4)
