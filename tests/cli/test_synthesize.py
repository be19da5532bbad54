from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest
from tests.cli.running import regenesis, write_config, write_questions
from tests.fixtures.scripted_server import server_process


def requests_seen(server: str) -> int:
    with urllib.request.urlopen(server.removesuffix("/v1") + "/stats") as reply:
        return int(json.load(reply)["requests"])


def test_a_run_ends_with_its_funnel_and_what_to_do_next(folder: Path) -> None:
    outcome = regenesis("synthesize", "config.yaml", "--run-dir", "run", cwd=folder)
    assert outcome.returncode == 0, outcome.stderr
    for word in ("chains", "parsed", "correct", "fit", "kept", "run/dataset", "regenesis show run"):
        assert word in outcome.stdout
    assert "reasoning paths kept, for 4 of 4 questions" in outcome.stdout
    assert outcome.stderr == ""


def test_without_a_terminal_there_are_plain_lines_and_no_escape_sequences(folder: Path) -> None:
    shown = regenesis("synthesize", "config.yaml", cwd=folder).stdout
    assert shown.startswith("[0 s] loading questions\n")
    assert "\x1b" not in shown


def test_the_run_lies_under_the_name_of_its_config_if_no_folder_is_given(folder: Path) -> None:
    regenesis("synthesize", "config.yaml", cwd=folder)
    assert (folder / "runs" / "config" / "dataset" / "train.jsonl").exists()


def test_started_again_a_finished_run_asks_nothing(finished: Path, server: str) -> None:
    before = requests_seen(server)
    outcome = regenesis("synthesize", "config.yaml", "--run-dir", "run", cwd=finished)
    assert outcome.returncode == 0
    assert "This session: 0 requests" in outcome.stdout
    assert requests_seen(server) == before


def test_json_is_one_document_alone_on_standard_output(folder: Path) -> None:
    outcome = regenesis("synthesize", "config.yaml", "--json", cwd=folder)
    report = json.loads(outcome.stdout)
    assert (report["questions"], report["finished"], report["stopped"]) == (4, 4, None)
    assert report["kept"] == report["funnel"]["total"]["kept"] > 0
    assert "loading questions" in outcome.stderr


def test_a_spent_budget_is_named_with_the_command_that_goes_on(folder: Path) -> None:
    outcome = regenesis("synthesize", "config.yaml", "--run-dir", "a run", "--set", "budget.requests=5", cwd=folder)
    assert outcome.returncode == 3
    assert "the budget of this session is exhausted (5 requests)" in outcome.stdout
    assert "0 of 4 questions finished" in outcome.stdout
    assert "regenesis synthesize config.yaml --run-dir 'a run' --set budget.requests=5" in outcome.stdout
    assert regenesis("synthesize", "config.yaml", "--run-dir", "a run", cwd=folder).returncode == 0


def test_a_run_that_keeps_nothing_says_where_its_chains_were_lost(tmp_path: Path) -> None:
    write_questions(tmp_path)
    with server_process("--play", "echo") as url:
        write_config(tmp_path, url)
        outcome = regenesis("synthesize", "config.yaml", cwd=tmp_path)
    assert outcome.returncode == 4
    assert "No paths were kept." in outcome.stdout
    assert "Where 24 chains were lost:\n  24 (100 %) had no answer that could be parsed" in outcome.stdout
    assert "regenesis show runs/config" in outcome.stdout


def test_questions_that_the_engine_kept_failing_on_are_named_as_unfinished_business(folder: Path) -> None:
    with server_process("--play", "arithmetic", "--fault-rate", "0.4", "--faults", "500", "--seed", "3") as url:
        write_config(folder, url)
        outcome = regenesis("synthesize", "config.yaml", "--run-dir", "run", cwd=folder)
    assert outcome.returncode == 3
    assert "Set aside: " in outcome.stdout
    assert "  mine/questions/q" in outcome.stdout
    assert "Resume        regenesis synthesize config.yaml --run-dir run" in outcome.stdout


def test_skipped_rows_are_named_and_counted(folder: Path) -> None:
    with (folder / "questions.jsonl").open("a") as file:
        file.writelines(f'{{"id": "bad{number}"}}\n' for number in range(5))
    outcome = regenesis("synthesize", "config.yaml", "--set", "tasks.0.on_bad_row=skip", cwd=folder)
    assert "Skipped: 5 bad rows." in outcome.stdout
    assert "questions.jsonl, line 5: " in outcome.stdout
    assert "… and 2 more; see log.jsonl in the run folder." in outcome.stdout


def test_a_server_that_is_not_there_is_an_error_without_a_traceback(folder: Path) -> None:
    write_config(folder, "http://127.0.0.1:9/v1")
    outcome = regenesis("synthesize", "config.yaml", cwd=folder)
    assert outcome.returncode == 1
    assert outcome.stderr.startswith("regenesis: No server answers.")
    assert "Traceback" not in outcome.stderr


def test_a_server_that_goes_away_leaves_a_run_to_go_on_with(folder: Path) -> None:
    with server_process("--play", "arithmetic", "--fault-rate", "1", "--faults", "404") as url:
        write_config(folder, url)
        outcome = regenesis("synthesize", "config.yaml", "--run-dir", "run", cwd=folder)
    assert outcome.returncode == 1
    assert "Resume with:\n  regenesis synthesize config.yaml --run-dir run\n" in outcome.stderr


@pytest.mark.parametrize("override", ["method.sampling.temperature=0.5", "seed=7"])
def test_another_config_for_the_same_run_is_refused_naming_the_difference(override: str, finished: Path) -> None:
    outcome = regenesis("synthesize", "config.yaml", "--run-dir", "run", "--set", override, cwd=finished)
    assert outcome.returncode == 1
    assert override.partition("=")[0] in outcome.stderr


@pytest.mark.parametrize("more", [("--shard", "1/2"), ("--reuse", "runs/other")])
def test_a_cluster_divides_the_questions_by_itself(tmp_path: Path, more: tuple[str, str]) -> None:
    outcome = regenesis("synthesize", "config.yaml", "--on", "ray", *more, cwd=tmp_path)
    assert outcome.returncode == 1
    assert "--on: divides the questions by itself" in outcome.stderr
