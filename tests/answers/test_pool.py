from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from regenesis.answers import Rules, grade, score_with_reasoning_gym
from regenesis.answers.pool import Worker, WorkerPool, shared_pool
from regenesis.answers.reasoning_gym_scorer import EVALUATE_FORMULAS, EVALUATE_LITERALS

SLOW = "9^{9^{9^{9}}}"
SCORING = {"parameters": {}, "seed": 0, "size": 1, "entry": {"question": "", "answer": "1", "metadata": {}}}


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool(size=2)
    yield pool
    pool.close()


def test_formulas_are_compared(pool: WorkerPool) -> None:
    assert pool.same_formula(r"\int_0^3 x \, dx", r"\frac{9}{2}") is not None
    assert pool.same_formula(r"\frac{1}{2}", "0.5") is True
    assert pool.same_formula(r"\frac{1}{2}", "0.6") is False


def test_what_cannot_be_read_is_none(pool: WorkerPool) -> None:
    assert pool.same_formula("1", "\\frac{") is None


def test_a_job_out_of_time_is_none_and_the_next_one_works(pool: WorkerPool) -> None:
    assert pool.same_formula(SLOW, "3", seconds=0.5) is None
    assert pool.same_formula("x+1", "1+x") is True


def test_a_dead_worker_is_replaced_and_costs_one_job() -> None:
    pool = WorkerPool(size=1)
    assert pool.same_formula("1", "1") is True
    (worker,) = pool._started
    os.kill(worker.process.pid, signal.SIGKILL)
    assert pool.same_formula("1", "1") is None
    assert pool.same_formula("1", "1") is True
    assert pool.replaced == 1
    pool.close()


def test_a_hung_worker_is_replaced_and_costs_one_job() -> None:
    pool = WorkerPool(size=1)
    assert pool.same_formula("1", "1") is True
    (worker,) = pool._started
    os.kill(worker.process.pid, signal.SIGSTOP)
    assert pool.same_formula("1", "1", seconds=0.2) is None
    assert pool.same_formula("1", "1") is True
    pool.close()


def test_a_worker_out_of_memory_is_replaced() -> None:
    pool = WorkerPool(size=1, memory=400 * 2**20)
    for _ in range(2):
        pool.ask("scorer", {"answer": "[" * 20_000, "scoring": SCORING | {"task": "binary_matrix"}}, 5)
    assert pool.ask("math", {"gold": "1", "answer": "1"}, 10) is True
    pool.close()


def test_many_threads_share_a_pool(pool: WorkerPool) -> None:
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda n: pool.same_formula(f"{n}x", f"x \\cdot {n}"), range(1, 41)))
    assert results == [True] * 40


def test_closing_ends_the_processes() -> None:
    pool = WorkerPool(size=1)
    pool.same_formula("1", "1")
    (worker,) = pool._started
    pool.close()
    assert worker.process.poll() is not None
    assert pool.same_formula("1", "1") is None or pool.same_formula("1", "1") is True
    pool.close()


async def test_grading_works_from_async_code() -> None:
    gold, response = r"\sum_{k=1}^{4} k", r"\boxed{\sum_{k=1}^{4} k + \int_0^1 0\,dx}"
    rules = Rules(symbolic_seconds=5)
    verdicts = await asyncio.gather(
        *(asyncio.to_thread(grade, response, gold, kind="math", rules=rules) for _ in range(4))
    )
    assert len({verdict.status for verdict in verdicts}) == 1


def test_grading_in_a_thread_needs_no_signals() -> None:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(grade(r"\boxed{\int_0^1 x}", r"\int_0^1 2x", kind="math")))
    thread.start()
    thread.join()
    assert found[0].status in ("incorrect", "unparsed")


def test_a_formula_past_its_time_is_unparsed() -> None:
    verdict = grade(rf"\boxed{{\int {SLOW}}}", r"\int 3", kind="math", rules=Rules(symbolic_seconds=0.3))
    assert verdict.status in ("unparsed", "incorrect")


def test_workers_get_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "secret-value")
    worker = Worker()
    environment = Path(f"/proc/{worker.process.pid}/environ").read_bytes()
    worker.close()
    assert b"secret-value" not in environment


@pytest.mark.parametrize("task", sorted(EVALUATE_FORMULAS | EVALUATE_LITERALS))
@pytest.mark.parametrize(
    "call", ["__import__('os').system('touch {0}')", "open('{0}', 'w').close()", "[open('{0}','w')]"]
)
def test_an_answer_that_is_code_is_not_run(pool: WorkerPool, tmp_path: Path, task: str, call: str) -> None:
    marker = tmp_path / "marker"
    job = {"answer": call.format(marker), "scoring": SCORING | {"task": task}}
    assert pool.ask("scorer", job, 10) in (0.0, None)
    assert not marker.exists()


def test_a_worker_cannot_write_or_start_programs(tmp_path: Path) -> None:
    from regenesis.answers import worker

    worker._locked = True
    try:
        with pytest.raises(PermissionError, match="refused"):
            worker._refuse("open", (str(tmp_path / "file"), "w", os.O_WRONLY | os.O_CREAT))
        with pytest.raises(PermissionError, match="refused"):
            worker._refuse("subprocess.Popen", ())
        worker._refuse("open", ("/usr/lib/python3/os.py", "r", os.O_RDONLY))
    finally:
        worker._locked = False


def test_a_worker_is_locked_during_a_job_only() -> None:
    from regenesis.answers import worker

    with worker._lock():
        assert worker._locked
    assert not worker._locked
    with pytest.raises(ValueError, match="of the job"), worker._lock():
        raise ValueError("of the job")
    assert not worker._locked


def test_a_worker_may_prepare_for_another_kind_of_job_after_its_first() -> None:
    pool = WorkerPool(size=1)
    assert pool.same_formula("1", "1") is True
    assert pool.ask("scorer", {"answer": "1", "scoring": SCORING | {"task": "binary_matrix"}}, 10) == 1.0
    assert pool.same_formula("1", "1") is True
    assert pool.replaced == 0
    pool.close()


def test_every_scorer_that_evaluates_its_answer_is_guarded() -> None:
    from regenesis.tasks.reasoning_gym import EVALUATING_SCORERS

    assert EVALUATING_SCORERS <= EVALUATE_FORMULAS | EVALUATE_LITERALS


def test_an_unknown_task_has_no_score() -> None:
    assert score_with_reasoning_gym("1", SCORING | {"task": "no_such_task"}) is None


def test_the_shared_pool_is_one() -> None:
    assert shared_pool() is shared_pool()
