"""`regenesis export-task`: write tasks, with the prompt that asks them, for lm-evaluation-harness.

regenesis export-task gsm8k,bbh --to tasks                      the default prompt
regenesis export-task --config runs/x/config.yaml --to tasks    the tasks of a run's evaluation, as it asks them
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenesis.cli.options import AsJson, Overrides, config_to_work_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenesis.evaluation.config import EvaluatingConfig
    from regenesis.publish.harness_task import HarnessTask


def export_task_command(
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Output folder.")],
    tasks: Annotated[
        str | None,
        typer.Argument(
            metavar="[TASKS]",
            help="Comma-separated tasks, e.g. gsm8k,bbh/navigate; default those of the config's evaluation.",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="Ask as this config's evaluation does; of a run: RUN/config.yaml."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Maximum number of questions per task.")] = None,
    shuffle: Annotated[bool, typer.Option("--shuffle", help="Shuffle the questions with the config's seed.")] = False,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Write tasks as task files of lm-evaluation-harness: YAML, and JSONL with the prompts rendered.

    The harness then asks exactly what `regenesis evaluate` asks. `regenesis grade` reads the files that its
    --log_samples writes, and shows where its score and our checker disagree.
    """
    from regenesis.errors import ConfigError
    from regenesis.evaluation import EvaluationSettings
    from regenesis.evaluation.measuring import chosen_tasks
    from regenesis.evaluation.tasks import load_tasks
    from regenesis.prompts import AnsweringPrompt
    from regenesis.publish.harness_task import write_harness_task

    settings = _settings(config, tasks, overrides or ())
    evaluation = settings.evaluation
    chosen = chosen_tasks(tasks, evaluation, limit=limit, shuffle=shuffle)
    # whether programs may be run matters to grading alone
    asked = evaluation.model_copy(update={"run_programs": True})
    loaded = load_tasks(chosen, asked, seed=settings.evaluation_seed, data_root=settings.data_root)
    prompt = EvaluationSettings.of(settings).exam(loaded).answering
    if not isinstance(prompt, AnsweringPrompt):
        raise ConfigError(f"evaluation.prompts {evaluation.prompts}: is a task of the harness already.")
    written = [write_harness_task(task, prompt, evaluation.sampling.draw(), to) for task in loaded]
    _report(written, to, as_json)


def _settings(file: Path | None, tasks: str | None, overrides: Sequence[str]) -> EvaluatingConfig:
    """The config that says how to ask: the user's, or else the defaults."""
    from regenesis.config.loading import evaluating_config
    from regenesis.errors import ConfigError

    if file is not None:
        return config_to_work_by(file, overrides)
    if tasks is None:
        raise ConfigError("No tasks to export. Give some (`regenesis export-task gsm8k --to DIR`), or --config.")
    return evaluating_config({}, "the command line", overrides)


def _report(written: Sequence[HarnessTask], folder: Path, as_json: bool) -> None:
    from regenesis.cli.terminal import console, print_json

    command = (
        "lm_eval run --model local-chat-completions "
        "--model_args model=NAME,base_url=http://HOST:PORT/v1/chat/completions "
        f"--apply_chat_template --include_path . --tasks {','.join(task.name for task in written)} "
        "--log_samples --output_path logs"
    )
    if as_json:
        tasks = [{"task": task.name, "file": str(task.file), "questions": task.questions} for task in written]
        print_json({"tasks": tasks, "folder": str(folder), "command": command})
        return
    lines = [f"{task.file}  {task.questions:,} questions" for task in written]
    lines += ["", "lm-evaluation-harness:", f"    cd {shlex.quote(str(folder))}", f"    {command}"]
    lines += ["", "grade its log with our checker:", "    regenesis grade logs/NAME/samples_TASK_TIME.jsonl"]
    console().print("\n".join(lines), soft_wrap=True)
