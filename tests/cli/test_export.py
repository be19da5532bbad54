from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.running import regenesis
from tests.helpers.tiny_models import save_random_adapter, write_tiny_gguf

from regenesis.checkpoints import load_model
from regenesis.models import locate_weights


@pytest.mark.model
def test_it_says_what_was_written_and_how_to_load_it(tmp_path: Path) -> None:
    base = locate_weights(str(write_tiny_gguf(tmp_path / "tiny.gguf", "qwen2")))
    save_random_adapter(load_model(base, "float32"), tmp_path / "run" / "model")
    done = regenesis("export", "run", "--to", "gguf", cwd=tmp_path)
    file = tmp_path / "run" / "exports" / "adapter.gguf"
    assert (done.returncode, done.stderr) == (0, "")
    assert f"llama-server -m {base.path} --lora {file}" in done.stdout
    assert f"engine: {{kind: llamacpp, model: '{base.spec}', adapter: {file}}}" in done.stdout
    again = json.loads(regenesis("export", "run", "--to", "gguf", "--json", cwd=tmp_path).stdout)
    assert again["already_done"]
    assert again["bytes"] == file.stat().st_size


def test_an_untrained_run_is_an_error_in_a_sentence(tmp_path: Path) -> None:
    done = regenesis("export", ".", "--to", "merged", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("regenesis: model: there is no tuned model yet.")
