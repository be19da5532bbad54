"""How many threads are taken: those that find a core of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from regenesis.engines import threads


@pytest.mark.parametrize(
    ("text", "cores"), [("max 100000\n", None), ("200000 100000\n", 2), ("150000 100000", 2), ("50000 100000", 1)]
)
def test_a_containers_quota_counts_in_cores(text: str, cores: int | None) -> None:
    assert threads.quota_of(text) == cores


def test_a_quota_bounds_the_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)), raising=False)
    monkeypatch.setattr(threads, "_QUOTA", tmp_path / "cpu.max")
    assert threads.cores() == 64
    (tmp_path / "cpu.max").write_text("400000 100000\n")
    assert threads.cores() == 4
    (tmp_path / "cpu.max").write_text("something else\n")
    assert threads.cores() == 64


@pytest.mark.parametrize(
    ("others", "usable", "there", "free"),
    [
        (0.0, 2, 2, 2),
        (-0.1, 2, 2, 2),
        (0.3, 2, 2, 2),
        (1.0, 2, 2, 1),
        (2.0, 2, 2, 1),
        (20.0, 64, 64, 44),
        (20.0, 8, 64, 8),
        (60.0, 8, 64, 4),
        (7.0, 1, 1, 1),
    ],
)
def test_threads_take_the_cores_that_other_work_leaves(others: float, usable: int, there: int, free: int) -> None:
    assert threads.free_beside(others, usable, there) == free


def test_idle_waiting_and_nice_time_is_not_busy() -> None:
    # user, nice, system, idle, iowait, irq, softirq, steal, guest, guest_nice
    assert threads.busy_ticks(["1", "20", "4", "800", "1600", "32", "64", "128", "0", "0"]) == 1 + 4 + 32 + 64 + 128


def test_where_the_system_does_not_tell_all_cores_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_TIMES", tmp_path / "missing")
    assert threads.free_cores() == threads.cores()


def test_there_is_always_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_WATCHED", 0.01)
    assert 1 <= threads.free_cores() <= threads.cores()
