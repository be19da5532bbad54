"""The synthesis stage: questions → chains → judged paths → a dataset, durable at every step.

    report = await synthesize(config, "runs/x")

Started again, it goes on: finished questions are passed over, an unfinished one replays its recorded completions
and asks only what is missing. The dataset is written at the end of every start, from all finished questions but those
that overlap the evaluation.
"""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path as FilePath
from typing import Any

from regenesis.config import BudgetConfig, RunConfig
from regenesis.dataset.deriving import derive, generated_tokens
from regenesis.engines.base import Engine
from regenesis.errors import EngineError, RegenesisError, RequestFailed, RunError
from regenesis.ledger import Ledger
from regenesis.methods import Method, Session
from regenesis.scheduling import Budget, BudgetSpent, Sampler, WindowReport, window_size, work_through
from regenesis.scheduling.collecting import collecting_seldom
from regenesis.scheduling.no_engine import NoEngine
from regenesis.scheduling.open_engine import MakeEngine, open_engine
from regenesis.storage import open_folder
from regenesis.store.directory import RunDirectory, write_whole
from regenesis.store.journal import Journal
from regenesis.store.outcomes import OutcomeDamaged, OutcomeStore
from regenesis.store.reused import ledgers_of
from regenesis.store.sealed_outcomes import outcomes_in
from regenesis.store.tables import read_left_out, write_questions
from regenesis.synthesis.decontaminating import Decontamination, decontaminate
from regenesis.synthesis.deriving_beside import made_beside
from regenesis.synthesis.describing import describe_origin
from regenesis.synthesis.inputs import digests, digests_of_parts, fingerprint_of, method_of, shown_to
from regenesis.synthesis.judging import PathJudge
from regenesis.synthesis.judging_beside import judging_beside
from regenesis.synthesis.progress import Progress
from regenesis.synthesis.questions import digest_of, load_for, write_set_aside
from regenesis.synthesis.recalling import LEAST, Recall
from regenesis.synthesis.report import SynthesisReport
from regenesis.synthesis.sharding import Shard
from regenesis.tasks import LoadedQuestions
from regenesis.types import Question

Errand = tuple[Question, Callable[[int, Question], Awaitable[None]]]
"""A question to ask besides, and what asks it, given its place."""
MakeErrands = Callable[[Engine, Sampler], Awaitable[Sequence[Errand]]]
"""Says what else to ask of an engine that is open, by a sampler `behind` that of the synthesis."""

_LOOKED_AT = 50
"""Questions by which the most requests of a question are told."""


@dataclass(slots=True)
class _Synthesis:
    """What one start of a synthesis works with; `questions` are those of `loaded` that are not left out."""

    config: RunConfig
    directory: RunDirectory
    progress: Progress
    journal: Journal
    loaded: LoadedQuestions
    decontamination: Decontamination
    questions: list[Question]
    method: Method[Any]
    judge: PathJudge
    budget: BudgetConfig = field(default_factory=BudgetConfig)
    model: str = ""
    report: WindowReport = field(default_factory=WindowReport)
    damaged: int = 0
    recalled: int = 0
    make_engine: MakeEngine | None = None
    errands: MakeErrands | None = None


async def synthesize(
    config: RunConfig,
    run_dir: str | FilePath,
    *,
    progress: Progress | None = None,
    engine: Engine | None = None,
    budget: BudgetConfig | None = None,
    on_loaded: Callable[[LoadedQuestions], None] | None = None,
    make_engine: MakeEngine | None = None,
    reuse: Sequence[str | FilePath] = (),
    shard: Shard | None = None,
    judged: Sequence[str | FilePath] = (),
    just_written: bool = False,
    errands: MakeErrands | None = None,
) -> SynthesisReport:
    """Starts or resumes a run's synthesis.

    Args:
        config: The run's config; a resume needs one that asks the same.
        run_dir: The run's folder, made if missing.
        progress: Counters to keep up to date, for a display.
        budget: What this start may spend, where that is less than the config's: other stages have spent of it.
        engine: An opened or unopened engine of the caller's own in place of the config's.
        on_loaded: Is told what was read for each task, before anything is asked.
        make_engine: Makes the config's engine, in place of the config itself.
        reuse: Folders of other runs, whose completions of equal requests are taken over.
        shard: Only these of the questions; see `synthesis.sharding`.
        judged: Folders, or their addresses, with sealed outcomes of this run's shards; see `store.sealed_outcomes`.
        just_written: Whether the caller wrote the run's ledger a moment ago, so that it is not read through once more.
        errands: What else to ask of the engine once all questions have begun and leave it places.

    Returns:
        How this start ended; a budget that ran out is a normal end.

    Raises:
        RegenesisError: The config, the tasks (also those of the evaluation, and where all questions overlap it), the
            run's folder, the ledger, the model or the engine cannot be used.
            What was recorded stays; the dataset is still written from the questions that are finished.
    """
    progress = progress or Progress()
    directory, reused = RunDirectory(run_dir), ledgers_of(reuse)
    with directory.locked(), Journal(directory.log) as journal, collecting_seldom():
        config = directory.as_begun(config)
        for line in directory.require_same(config):
            journal.write("extended", what=line)
        synthesis = _prepare(config, directory, progress, journal, on_loaded, shard)
        synthesis.budget, synthesis.make_engine = budget or config.budget, make_engine
        synthesis.errands = errands
        journal.write(
            "start",
            questions=progress.questions,
            left_out=len(synthesis.decontamination.left_out),
            bad_rows=len(synthesis.loaded.bad_rows),
        )
        with Ledger.open(directory.ledger, reused, every_page=not just_written) as ledger:
            store = OutcomeStore.open(directory.outcomes, fingerprint_of(config, synthesis.method, synthesis.questions))
            try:
                for records in outcomes_in(map(open_folder, judged), store.fingerprint):
                    store.take_over(records)
                try:
                    return await _run(synthesis, ledger, store, engine)
                except OutcomeDamaged:
                    # derived data: those questions are led through the ledger once more
                    journal.write("derived_again", questions=store.forget_damaged(synthesis.questions))
                    return await _run(synthesis, ledger, store, engine)
            finally:
                store.close()


def _prepare(
    config: RunConfig,
    directory: RunDirectory,
    progress: Progress,
    journal: Journal,
    on_loaded: Callable[[LoadedQuestions], None] | None,
    shard: Shard | None,
) -> _Synthesis:
    method = method_of(config.method, config.answering)
    loaded = load_for(config, directory)
    if on_loaded is not None:
        on_loaded(loaded)
    decontamination = decontaminate(
        loaded.questions,
        config.evaluation.tasks,
        config.decontamination,
        seed=config.evaluation_seed,
        data_root=config.data_root,
    )
    begun, before = directory.begun(), directory.frozen_questions()
    now = {"questions": digest_of(loaded.questions), **digests(method.inputs())}
    # of the questions, what has to be the same was looked at when they were loaded
    directory.freeze(config, now, digests_of_parts(method), extended=("questions",))
    if not begun:
        # what a ledger that is gone has left behind: nothing recorded would stand behind it
        OutcomeStore.remove(directory.outcomes)
    of_all_shards = loaded.questions
    if shard is not None:
        loaded = replace(loaded, questions=[one for one in loaded.questions if shard.holds(one.id)])
    if not begun or before != now["questions"] or _left_out_before(directory) != decontamination.left_out:
        write_questions(directory.questions, loaded.questions, decontamination.left_out)
    decontamination.write(directory.decontamination)
    write_set_aside(directory, loaded)
    decontamination.require_some_left(of_all_shards)
    for row in loaded.bad_rows:
        journal.write("bad_row", **asdict(row))
    questions = shown_to(method, decontamination.asked(loaded.questions))
    progress.questions = len(questions)
    judge = PathJudge.of(config.curation, method, progress.find_fit)
    return _Synthesis(config, directory, progress, journal, loaded, decontamination, questions, method, judge)


def _left_out_before(directory: RunDirectory) -> dict[str, str] | None:
    """What the table of questions says is left out, `None` where there is no table that can be read."""
    try:
        return read_left_out(directory.questions) if directory.questions.exists() else None
    except RunError:
        return None


async def _run(
    synthesis: _Synthesis, ledger: Ledger, store: OutcomeStore, own_engine: Engine | None
) -> SynthesisReport:
    progress = synthesis.progress
    store.forget_others(question.id for question in synthesis.loaded.questions)
    synthesis.model = synthesis.directory.frozen_model() or ""
    left = _left(synthesis, store)
    try:
        if sum(stage.completions for stage in ledger.totals().values()) >= LEAST and len(left) > 1:
            progress.phase = "judging what is recorded"
            recall = Recall(synthesis.config, ledger.path, synthesis.model)
            synthesis.recalled = await recall.into(store, left, progress)
            left = _left(synthesis, store)
        if left and not synthesis.method.asks:
            await _work(synthesis, ledger, store, NoEngine(), left)
        elif left:
            progress.phase = "loading the engine"
            config = synthesis.config
            opened = open_engine(config.engine, config.thinking, progress, own_engine, synthesis.make_engine)
            async with opened as engine:
                synthesis.directory.freeze_model(engine.model, own_engine.kind if own_engine is not None else None)
                synthesis.model = engine.model
                progress.engine = engine
                await _work(synthesis, ledger, store, engine, left)
    except BaseException as error:
        stopped_by = type(error).__name__ if not isinstance(error, RegenesisError) else str(error)
        synthesis.journal.write("stopped", why=stopped_by, **progress.snapshot())
        # an interrupt ends at once; after an error of the engine there is time to write what is finished
        if isinstance(error, RegenesisError) and progress.finished:
            # where that fails too, for want of room say, the first error is the one to tell
            with suppress(RegenesisError, OSError):
                _write_out(synthesis, ledger, store, error=str(error))
        raise
    progress.phase = "writing the dataset"
    return _write_out(synthesis, ledger, store)


def _left(synthesis: _Synthesis, store: OutcomeStore) -> list[tuple[int, Question]]:
    """The questions that are not finished, with their places; counts the others."""
    progress = synthesis.progress
    again = store.asked_again()
    finished = store.finished() - again
    counts = store.counts(without={*synthesis.decontamination.left_out, *again})
    progress.finished, progress.served, progress.kept = counts.questions, counts.served, counts.kept
    progress.recalled_questions = progress.finished
    return [one for one in enumerate(synthesis.questions) if one[1].id not in finished]


async def _work(
    synthesis: _Synthesis,
    ledger: Ledger,
    store: OutcomeStore,
    engine: Engine,
    left: Sequence[tuple[int, Question]],
) -> None:
    config, progress, method = synthesis.config, synthesis.progress, synthesis.method
    # made only now, so that fetching and loading a model take nothing of the budget's minutes
    sampler = Sampler(engine, ledger, Budget(synthesis.budget), config.seed, room_for_thought=config.room_for_thought)
    progress.begin_asking(sampler)
    progress.window = window_size(engine.capacity, config.scheduling.window)
    progress.most_requests = _most_requests(method, [question for _, question in left[:_LOOKED_AT]])
    try:
        await method.prepare(sampler)
    except BudgetSpent as spent:
        synthesis.report = WindowReport(owed={}, stopped=str(spent))
        return
    except RequestFailed as failure:
        raise EngineError(f"{method.title} could not begin: {failure}") from failure

    errands = await synthesis.errands(engine, sampler) if synthesis.errands is not None else ()
    first_errand = len(synthesis.questions)
    besides = [(first_errand + place, question) for place, (question, _) in enumerate(errands)]

    async with synthesis.journal.heartbeat(progress), judging_beside(config, synthesis.judge) as judge:

        async def bring_to_its_end(ordinal: int, question: Question) -> None:
            if ordinal >= first_errand:
                await errands[ordinal - first_errand][1](ordinal, question)
                return
            outcome = await method.solve(Session(question, judge, sampler, ordinal))
            store.put(outcome, ask_again=question.id in sampler.unanswered)
            progress.finish(outcome, synthesis.judge.curator.left_out(outcome.judged, outcome.kept))
            if errands and progress.finished == progress.questions:
                progress.phase = "asking for the evaluation"
            synthesis.journal.write(
                "question",
                id=question.id,
                chains=len(outcome.judged),
                kept=len(outcome.kept),
                elapsed_s=round(progress.elapsed, 1),
            )

        synthesis.report = await work_through([*left, *besides], bring_to_its_end, progress.window, ledger.watch())
        await sampler.settle()
    synthesis.damaged = ledger.damaged
    for question_id, why in (synthesis.report.owed or {}).items():
        synthesis.journal.write("owed", id=question_id, why=why)


def _most_requests(method: Method[Any], questions: Sequence[Question]) -> int:
    """What the method asks for one of these questions if it keeps nothing of it, on average over them.

    Not what it could ask at most: few replies are asked for again, or for their end.
    """
    estimate = method.estimate(questions, 0.0)
    return math.ceil(sum(stage.expected_calls for stage in estimate.stages.values()) / len(questions))


def _write_out(synthesis: _Synthesis, ledger: Ledger, store: OutcomeStore, error: str | None = None) -> SynthesisReport:
    """Writes tables, dataset and summary from all finished questions."""
    directory, progress, report = synthesis.directory, synthesis.progress, synthesis.report
    about = _origin(synthesis)
    write_whole(directory.origin, json.dumps(about, indent=1, ensure_ascii=False) + "\n")
    derived = derive(
        directory,
        lambda: store.in_order(synthesis.questions),
        method=synthesis.method,
        curator=synthesis.judge.curator,
        about=about,
        config=synthesis.config.dataset,
        thoughts=ledger if synthesis.config.thinking == "keep" else None,
        generated=generated_tokens(ledger, synthesis.config.dataset),
        portions=made_beside(synthesis.config, directory, store, synthesis.questions),
    )
    sampler = progress.sampler
    result = SynthesisReport(
        directory=directory.path,
        questions=progress.questions,
        finished=progress.finished,
        kept=derived.dataset.rows,
        available=derived.available,
        funnel=derived.funnel,
        stopped=report.stopped,
        owed=dict(report.owed or {}),
        bad_rows=synthesis.loaded.bad_rows,
        requests_sent=sampler.traffic.sent if sampler else 0,
        requests_recalled=synthesis.recalled + (sampler.traffic.recalled if sampler else 0),
        prompt_tokens=sampler.traffic.prompt_tokens if sampler else 0,
        completion_tokens=sampler.traffic.completion_tokens if sampler else 0,
        seconds=progress.elapsed,
        model=synthesis.model,
        decontamination=synthesis.decontamination,
        damaged=synthesis.damaged,
        refusals=sampler.traffic.refusals if sampler else {},
        stalled=sampler.traffic.stalled if sampler else 0,
        reused_nothing=ledger.reused_nothing and sampler is not None and sampler.traffic.sent > 0,
    )
    write_whole(directory.summary, json.dumps(result.summary(error), indent=1, ensure_ascii=False) + "\n")
    synthesis.journal.write(
        "end", stopped=result.stopped, owed=len(result.owed), damaged=result.damaged, **progress.snapshot()
    )
    return result


def _origin(synthesis: _Synthesis) -> dict[str, Any]:
    return describe_origin(
        synthesis.config,
        synthesis.method,
        synthesis.questions,
        synthesis.loaded.counts,
        asked=synthesis.directory.asked_model(synthesis.config),
        decontaminated=synthesis.decontamination.in_words(),
    )
