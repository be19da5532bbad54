"""Forms of a chain against plain samples of the same model on the same questions: right answers, tokens, diversity.

    python benchmarks/chain_forms.py --model pypi:qwen2.5-coder-0.5b-instruct --to forms-0.5b [--forms plain,guided]
    python benchmarks/chain_forms.py --to forms-0.5b --show          # asks nothing

A form is a method with its settings, as a config has them; each is an ordinary run in a folder of its own, without
early stop and hint, so that all its chains count. Rerun to resume. Differences are paired over the questions that both
have finished. Prints a table and one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from regenesis import synthesize
from regenesis.config import config_from_mapping
from regenesis.curation.text import grams, words
from regenesis.errors import RegenesisError
from regenesis.evaluation.differences import TaskDifferences, estimate
from regenesis.evaluation.statistics import wilson
from regenesis.ledger import Ledger
from regenesis.runs import RunDirectory
from regenesis.runs.status import read_questions_and_outcomes
from regenesis.types import GradedPath

PLAIN = "plain"
_COMPARED_PATHS = 10
SAMPLING = {"temperature": 0.8, "top_p": 0.95, "max_tokens": 400}
COOL = {"temperature": 0.4}
STAGES = ["adapt", "structure", "solve"]
FORMS: Mapping[str, Mapping[str, Any]] = {
    PLAIN: {"name": "rejection"},
    "one-chat": {"prompts": "one-chat", "stages": STAGES},
    "one-chat-no-plan": {"prompts": "one-chat", "stages": ["adapt", "solve"]},
    "one-chat-solve": {"prompts": "one-chat", "stages": ["solve"]},
    "fused": {"prompts": "one-chat", "fused": True},
    "guided": {"prompts": "guided", "stages": STAGES, "adapt_tokens": 80, "structure_tokens": 120},
    "guided-no-plan": {"prompts": "guided", "stages": ["adapt", "solve"], "adapt_tokens": 80},
    "guided-no-advice": {"prompts": "guided", "stages": ["structure", "solve"], "structure_tokens": 120},
    "guided-solve": {"prompts": "guided", "stages": ["solve"]},
    "guided-solve-no-repair": {"prompts": "guided", "stages": ["solve"], "repair": False},
    "unguided": {"prompts": "guided", "stages": ["solve"], "guidelines": 0},
    "paper": {"prompts": "paper", "stages": STAGES, "retry_unusable": False},
    "paper-solves": {"prompts": "paper", "stages": STAGES, "retry_unusable": False, "solves": 3},
    "plain-cool": {"name": "rejection", "sampling": COOL},
    "guided-solve-cool": {"prompts": "guided", "stages": ["solve"], "sampling": COOL},
    "guided-no-plan-cool": {"prompts": "guided", "stages": ["adapt", "solve"], "adapt_tokens": 80, "sampling": COOL},
}


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of one form on one task."""

    form: str
    task: str
    questions: int
    chains: int
    right: int
    share: float
    low: float
    high: float
    fit: int
    tokens_a_chain: float
    tokens_a_right_path: float | None
    tokens_a_fit_path: float | None
    less_plain: float | None = None
    less_plain_low: float | None = None
    less_plain_high: float | None = None
    paired_questions: int = 0
    distinct_3: float | None = None
    guidelines: int = 0


def main() -> None:
    arguments = _arguments()
    forms = arguments.forms.split(",") if arguments.forms else list(FORMS)
    tasks = arguments.tasks.split(",")
    if not arguments.show:
        for form in forms:
            for task in tasks:
                _ask(arguments, form, task)
    found = [figures for task in tasks for figures in _task_figures(arguments.to, task, forms)]
    _print_table(found)
    print(json.dumps({"benchmark": "chain_forms", "model": arguments.model, "forms": [asdict(one) for one in found]}))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compares forms of a chain with plain samples.")
    parser.add_argument("--model", default="pypi:qwen2.5-coder-0.5b-instruct")
    parser.add_argument("--engine", default="llamacpp")
    parser.add_argument("--to", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--forms", help=f"comma-separated; all by default: {', '.join(FORMS)}")
    parser.add_argument("--tasks", default="gsm8k", help="comma-separated; gsm8k, arc_challenge")
    parser.add_argument("--questions", type=int, default=24)
    parser.add_argument("--chains", type=int, default=2, help="chains a question")
    parser.add_argument("--minutes", type=float, help="most minutes a form and task, then the next")
    parser.add_argument("--reuse", action="append", default=[], help="folder of a run whose equal requests count")
    parser.add_argument("--show", action="store_true", help="only show what has been measured")
    return parser.parse_args()


def _ask(arguments: argparse.Namespace, form: str, task: str) -> None:
    settings = dict(FORMS[form]) | {"keep": arguments.chains, "wave": arguments.chains, "stop_early": False}
    if form.startswith(PLAIN):
        settings["samples"] = arguments.chains
    else:
        chains = "unguided" if settings.get("guidelines") == 0 else "guidelines"
        settings |= {chains: arguments.chains, "hint": {"enabled": False}}
    settings["sampling"] = SAMPLING | settings.get("sampling", {})
    config = config_from_mapping(
        {
            "tasks": [{"name": task, "split": "train", "limit": arguments.questions}],
            "engine": {"kind": arguments.engine, "model": arguments.model, "context": 2048},
            "method": settings,
            "budget": {"minutes": arguments.minutes},
        }
    )
    try:
        report = synthesize(config, _folder(arguments.to, form, task), reuse=arguments.reuse)
        print(f"{form}, {task}: {'complete' if report.complete else 'to be gone on with'}", file=sys.stderr, flush=True)
    except RegenesisError as error:
        print(f"{form}, {task}: {error}", file=sys.stderr, flush=True)  # a form that keeps nothing is a result too


def _folder(to: Path, form: str, task: str) -> Path:
    return to / f"{form}-{task}"


def _task_figures(to: Path, task: str, forms: Sequence[str]) -> list[Figures]:
    read = {form: _read(_folder(to, form, task)) for form in dict.fromkeys([PLAIN, *forms])}
    plain = read[PLAIN]
    return [_figures(to, form, task, paths, plain) for form, paths in read.items() if paths]


def _read(folder: Path) -> dict[str, tuple[GradedPath, ...]]:
    """The paths of each finished question."""
    if not (folder / "config.yaml").exists():  # not begun, or it could not be
        return {}
    rows = read_questions_and_outcomes(folder)
    return {question.id: outcome.judged for question, outcome in rows if outcome is not None and outcome.judged}


def _figures(
    to: Path, form: str, task: str, read: Mapping[str, Sequence[GradedPath]], plain: Mapping[str, Sequence[GradedPath]]
) -> Figures:
    paths = [one for some in read.values() for one in some]
    right = [one for one in paths if one.verdict.correct]
    fit = [one for one in paths if one.keepable]
    tokens = _tokens(_folder(to, form, task), paths)
    interval = wilson(len(right), len(paths))
    paired: dict[str, Any] = {}
    shared = [question for question in read if question in plain] if form != PLAIN else []
    if shared:
        differences = [_share(read[question]) - _share(plain[question]) for question in shared]
        measured = estimate([TaskDifferences([differences], shared)])
        paired = {
            "less_plain": round(100 * measured.value, 1),
            "less_plain_low": round(100 * measured.interval.low, 1),
            "less_plain_high": round(100 * measured.interval.high, 1),
            "paired_questions": len(shared),
        }
    return Figures(
        form=form,
        task=task,
        questions=len(read),
        chains=len(paths),
        right=len(right),
        share=round(100 * len(right) / len(paths), 1),
        low=round(100 * interval.low, 1),
        high=round(100 * interval.high, 1),
        fit=len(fit),
        tokens_a_chain=round(tokens / len(paths), 1),
        tokens_a_right_path=round(tokens / len(right), 1) if right else None,
        tokens_a_fit_path=round(tokens / len(fit), 1) if fit else None,
        distinct_3=_distinct([one.training_text for one in fit]),
        guidelines=len({one.path.guideline for one in fit if one.path.guideline}),
        **paired,
    )


def _share(paths: Sequence[GradedPath]) -> float:
    return fmean(one.verdict.correct for one in paths)


def _tokens(folder: Path, paths: Sequence[GradedPath]) -> float:
    """New tokens that these paths took, asking again included: the ledger's, less what unfinished questions took."""
    with Ledger.read(RunDirectory(folder).ledger) as ledger:
        keys = {key for one in paths for _, key, _ in one.path.steps}
        kept = [completion for key in keys if (completion := ledger.get(key)) is not None]
        retried = sum(len(one.path.retries) for one in paths)
        tokens = sum(completion.completion_tokens for completion in kept)
    # a reply that was asked for again is not among a path's steps; it is as long as the others on average
    return tokens * (1 + retried / max(1, len(kept)))


def _distinct(texts: Sequence[str]) -> float | None:
    """Different runs of three words as a share of all, in ten of the fit paths: the mean over a hundred draws.

    More paths repeat more, so that only shares of equally many compare.
    """
    if len(texts) < _COMPARED_PATHS:
        return None
    drawing = random.Random(0)
    runs = [list(grams(words(text))) for text in texts]
    shares = []
    for _ in range(100):
        drawn = [gram for some in drawing.sample(runs, _COMPARED_PATHS) for gram in some]
        shares.append(len(set(drawn)) / len(drawn))
    return round(fmean(shares), 3)


def _print_table(found: Sequence[Figures]) -> None:
    columns = (
        "task", "form", "right / chains [95 % CI]", "against plain, paired (questions)", "fit", "tokens a chain",
        "a right path", "a fit path", "distinct 3-grams", "guidelines",
    )  # fmt: skip
    print(f"| {' | '.join(columns)} |")
    print("|---" * len(columns) + "|")
    for one in found:
        paired = (
            "–"
            if one.less_plain is None
            else f"{one.less_plain:+} [{one.less_plain_low:+}, {one.less_plain_high:+}] ({one.paired_questions})"
        )
        print(
            f"| {one.task} | {one.form} | {one.right}/{one.chains} = {one.share} % [{one.low}, {one.high}] | {paired} "
            f"| {one.fit} | {one.tokens_a_chain} | {one.tokens_a_right_path} | {one.tokens_a_fit_path} "
            f"| {one.distinct_3} | {one.guidelines} |"
        )


if __name__ == "__main__":
    main()
