"""The answers of an evaluation as logs of Inspect: one file per model and task, written by its own package.

    files = export_inspect("runs/x")
    files[0]                    # runs/x/exports/inspect/base-gsm8k.eval, for `inspect view`

Each answer has the chat that was sent, the reply, our checker's verdict and its reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from statistics import stdev
from typing import Any

from regenesis.errors import RunError
from regenesis.evaluation.answers import answer_tables
from regenesis.evaluation.record import SUMMARY
from regenesis.evaluation.result_tables import ResultRow, read_results
from regenesis.filesystems import replacing
from regenesis.ledger import Ledger
from regenesis.store.directory import RunDirectory, read_json

SCORER = "regenesis"
_STOP_REASONS = {"stop": "stop", "length": "max_tokens", "filtered": "content_filter"}
_VALUES = {"correct": "C", "incorrect": "I", "unparsed": "I"}


def export_inspect(run: str | Path, out: str | Path | None = None) -> list[Path]:
    """Writes a run's recorded evaluation as logs of Inspect.

    Args:
        run: A folder with an evaluation: that of a run, or one that `regenesis evaluate MODEL` wrote.
        out: Folder to write into; the run's `exports` if left out.

    Raises:
        RunError: There is no evaluation, it is damaged, Inspect is not installed, or the logs cannot be written.
        LedgerError: The ledger cannot be read.
    """
    try:
        from inspect_ai.log import write_eval_log
    except ImportError as error:
        raise RunError(f"Inspect is not installed ({error}). Install it: pip install 'regenesis[inspect]'") from error
    directory = RunDirectory(run)
    file = directory.evaluation / SUMMARY
    summary = read_json(file)
    if summary is None:
        raise RunError(f"{file}: there is no evaluation yet. Evaluate first: regenesis evaluate {run}")
    created = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    folder = (directory.exports if out is None else Path(out)) / "inspect"
    written = []
    with Ledger.read(directory.ledger) as ledger:
        for model, task, table in answer_tables(summary, directory.evaluation):
            rows = read_results(table)
            if not rows:
                continue
            log = _log(summary, model, task, rows, ledger, created)
            target = folder / f"{model}-{table.stem}.eval"
            try:
                folder.mkdir(parents=True, exist_ok=True)
                with replacing(target) as partial:
                    write_eval_log(log, str(partial), format="eval")
            except OSError as error:
                raise RunError(
                    f"{target}: cannot be written ({error.strerror}). Give another folder: --out DIR"
                ) from error
            written.append(target)
    if not written:
        raise RunError(f"{file}: the evaluation has no answers yet. Go on with it: regenesis evaluate {run}")
    return written


def _log(
    summary: Mapping[str, Any], model: str, task: str, rows: Sequence[ResultRow], ledger: Ledger, created: datetime
) -> Any:
    from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalPlan, EvalResults, EvalSpec, EvalStats
    from inspect_ai.model import GenerateConfig

    conditions, described, figures = summary["conditions"], summary["models"][model], summary["tasks"][task]
    epochs = 1 + max(row.sample for row in rows)
    ids = list(dict.fromkeys(row.question_id for row in rows))
    named = f"{described.get('engine')}/{described.get('model')}"
    samples = [_sample(row, named, ledger) for row in rows]
    sampling = GenerateConfig(**{name: conditions.get(name) for name in ("temperature", "top_p", "max_tokens", "seed")})
    when = created.isoformat()
    identity = [_identity(described.get("identity"), task, when, part) for part in ("eval", "run", "task")]
    return EvalLog(
        status="success" if len(ids) == figures["questions"] else "cancelled",
        eval=EvalSpec(
            eval_id=identity[0],
            run_id=identity[1],
            task_id=identity[2],
            created=when,
            task=task,
            dataset=EvalDataset(name=task, samples=figures["questions"], sample_ids=ids),
            model=named,
            model_generate_config=sampling,
            config=EvalConfig(epochs=epochs, epochs_reducer=["mean"]),
            packages={"regenesis": version("regenesis")},
            metadata={
                "name": model,
                "identity": described.get("identity"),
                "conditions": {**conditions, **described.get("conditions", {})},
                "origin": figures.get("origin"),
                "questions_digest": figures.get("questions_digest"),
            },
        ),
        plan=EvalPlan(config=sampling),
        results=EvalResults(
            total_samples=figures["questions"] * epochs,
            completed_samples=len(rows),
            scores=[_score(rows, figures["models"].get(model, {}))],
        ),
        stats=EvalStats(started_at=when, completed_at=when, model_usage={named: _usage(rows)}),
        samples=samples,
    )


def _identity(*parts: Any) -> str:
    return hashlib.blake2b(repr(parts).encode("utf-8", "replace"), digest_size=11).hexdigest()


def _usage(rows: Sequence[ResultRow]) -> Any:
    from inspect_ai.model import ModelUsage

    prompt, new = sum(row.prompt_tokens for row in rows), sum(row.completion_tokens for row in rows)
    return ModelUsage(input_tokens=prompt, output_tokens=new, total_tokens=prompt + new)


def _sample(row: ResultRow, model: str, ledger: Ledger) -> Any:
    from inspect_ai.log import EvalSample
    from inspect_ai.model import (
        ChatMessageAssistant,
        ChatMessageSystem,
        ChatMessageUser,
        ModelOutput,
    )
    from inspect_ai.scorer import Score

    request = ledger.request(row.ledger_key)
    if request is None:
        raise RunError(
            f"The ledger does not hold what was asked for {row.question_id}. Evaluate again: what is missing is asked, "
            "and nothing else."
        )
    kinds: dict[str, Any] = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}
    # ids of their own would differ between two exports of the same answers
    asked = [
        kinds[turn["role"]](content=turn["content"], id=f"{row.ledger_key}-{place}")
        for place, turn in enumerate(request["messages"])
    ]
    output = ModelOutput.from_content(model, row.response, stop_reason=_STOP_REASONS.get(row.finish_reason, "unknown"))
    output.choices[0].message.id = f"{row.ledger_key}-reply"
    output.completion = row.response
    output.usage = _usage([row])
    return EvalSample(
        id=row.question_id,
        epoch=row.sample + 1,
        input=asked,
        target=row.gold or "",
        messages=[*asked, output.choices[0].message],
        output=output,
        scores={
            SCORER: Score(
                value=_VALUES[row.status],
                answer=row.extracted,
                explanation=row.reason,
                metadata={"status": row.status, "rule": row.rule},
            )
        },
        metadata={"kind": row.kind, "group": row.question_group, "ledger_key": row.ledger_key},
        model_usage={model: _usage([row])},
        uuid=row.ledger_key,
    )


def _score(rows: Sequence[ResultRow], tally: Mapping[str, Any]) -> Any:
    """The accuracy as Inspect computes it, over questions' means, and our interval beside it."""
    from inspect_ai.log import EvalMetric, EvalScore

    shares: dict[str, list[int]] = {}
    for row in rows:
        shares.setdefault(row.question_id, []).append(row.correct)
    means = [float(Fraction(sum(right), len(right))) for right in shares.values()]
    error = stdev(means) / len(means) ** 0.5 if len(means) > 1 else 0.0
    metrics = {"accuracy": sum(means) / len(means), "stderr": error}
    return EvalScore(
        name=SCORER,
        scorer=SCORER,
        reducer="mean",
        scored_samples=len(means),
        unscored_samples=0,
        metrics={name: EvalMetric(name=name, value=value) for name, value in metrics.items()},
        metadata={"interval_95": tally.get("interval"), "shown": tally.get("shown")},
    )
