from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.helpers.runs import journal

from regenesis.config import RunConfig
from regenesis.errors import LedgerError, RunError
from regenesis.ledger import Ledger
from regenesis.runs import RunDirectory, read_status
from regenesis.runs.status import read_outcomes, read_questions_and_outcomes

Finished = tuple[Callable[..., RunConfig], Path]


def test_a_finished_run_is_counted(finished: Finished) -> None:
    _, run = finished
    status = read_status(run)
    assert (status.running, status.tasks, status.model, status.questions) == (False, ["toy"], "played", 8)
    assert status.outcomes.questions == 8
    outcomes = list(read_outcomes(run))
    assert status.kept == sum(len(one.kept) for one in outcomes) > 0
    assert status.outcomes.chains == sum(len(one.judged) for one in outcomes)
    with Ledger.read(run / "ledger.sqlite") as ledger:
        assert status.stages == ledger.totals()
        assert sum(one.completions for one in status.stages.values()) == len(list(ledger.keys()))
    assert status.last_end is not None
    assert (status.last_end["finished"], status.last_end["kept"], status.last_end["error"]) == (8, status.kept, None)


def test_looking_at_a_run_changes_none_of_its_files(finished: Finished) -> None:
    _, run = finished

    def files() -> dict[str, bytes]:
        return {
            str(one.relative_to(run)): one.read_bytes()
            for one in run.rglob("*")
            if one.is_file() and not one.name.endswith(("-wal", "-shm"))
        }

    before = files()
    read_status(run)
    list(read_outcomes(run))
    assert files() == before


def test_outcomes_come_in_the_order_of_the_questions_finished_or_not(finished: Finished) -> None:
    _, run = finished
    (run / "outcomes.sqlite").unlink()
    found = list(read_questions_and_outcomes(run))
    assert [question.id.rsplit("/", 1)[1] for question, _ in found] == [str(number) for number in range(8)]
    assert all(outcome is None for _, outcome in found)
    assert list(read_outcomes(run)) == []
    assert read_status(run).kept == 0


def test_a_run_being_worked_on_is_seen_to_be(finished: Finished) -> None:
    _, run = finished
    with RunDirectory(run).locked():
        assert read_status(run).running
    assert not read_status(run).running


def test_time_is_added_up_over_all_starts_whatever_lines_were_torn(finished: Finished) -> None:
    _, run = finished
    (run / "log.jsonl").write_text(
        '{"event": "start"}\n{"event": "progress", "elapsed_s": 5}\n{"event": "end", "elapsed_s": 7.5}\n'
        '{"event": "start"}\n{"event": "progress", "elapsed_s": 2}\n{"event": "prog\n'
        '{"event": "start"}\n{"event": "stopped", "elapsed_s": 1}\n'
    )
    assert read_status(run).seconds == 10.5


def test_the_time_of_an_evaluation_is_added_to_that_of_the_synthesis(finished: Finished) -> None:
    _, run = finished
    (run / "log.jsonl").write_text(
        '{"event": "start"}\n{"event": "end", "elapsed_s": 7.5}\n'
        '{"event": "evaluate"}\n{"event": "evaluated", "elapsed_s": 2}\n'
    )
    assert read_status(run).seconds == 9.5


def test_a_run_that_has_only_been_begun_can_be_looked_at(finished: Finished) -> None:
    _, run = finished
    for one in run.iterdir():
        if one.name != "config.yaml":
            shutil.rmtree(one) if one.is_dir() else one.unlink()
    status = read_status(run)
    assert (status.questions, status.kept, status.stages, status.last_end) == (0, 0, {}, None)


def test_what_is_damaged_is_named(finished: Finished) -> None:
    _, run = finished
    (run / "ledger.sqlite").write_bytes(b"no ledger at all")
    with pytest.raises(LedgerError, match=r"ledger\.sqlite"):
        read_status(run)


def test_another_folder_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is not a run folder"):
        read_status(tmp_path)


def test_the_log_tells_of_every_question(finished: Finished) -> None:
    _, run = finished
    events = [one["event"] for one in journal(run)]
    assert (events[0], events[-1], events.count("question")) == ("start", "end", 8)


def test_a_log_that_holds_other_things_is_read_past_them(finished: Finished) -> None:
    _, run = finished
    (run / "log.jsonl").write_bytes(b'[1]\n"x"\n\xff\xfe\n{"event": "start"}\n{"elapsed_s": 4}\n')
    assert read_status(run).seconds == 4


def test_a_file_is_no_run(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("tasks: []")
    with pytest.raises(RunError, match="is not a run folder"):
        read_status(file)
