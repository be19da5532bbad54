"""What a real chain shows of an engine."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.runs import THREE_STAGES, write_questions

from regenesis.config import RunConfig, config_from_mapping
from regenesis.doctor import Finding, Subject, examine
from regenesis.doctor.asking import check_requests

REPLY = "1. Add the numbers.\n2. Check the sum.\n3. It is \\boxed{7}."


@pytest.fixture
def served() -> Iterator[Callable[..., str]]:
    """Starts a server that gives one reply to everything; gives its URL."""
    servers: list[http.server.ThreadingHTTPServer] = []

    def start(message: dict[str, Any], finish: str = "stop", status: int = 200) -> str:
        choice = {"index": 0, "message": {"role": "assistant"} | message, "finish_reason": finish}
        usage = {"prompt_tokens": 9, "completion_tokens": 30, "total_tokens": 39}
        answer = {"choices": [choice], "usage": usage} if status == 200 else {"error": message}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(200, {"data": [{"id": "served"}]})

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.answer(status, answer)

            def answer(self, code: int, document: dict[str, Any]) -> None:
                body = json.dumps(document).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: Any) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/v1"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def look(tmp_path: Path) -> Callable[..., list[Finding]]:
    def look(url: str, **fields: Any) -> list[Finding]:
        return list(check_requests(Subject(config(url, tmp_path, **fields), tmp_path / "run")))

    return look


def config(url: str, folder: Path, **fields: Any) -> RunConfig:
    tasks = [{"name": "toy", "file": str(write_questions(folder, 2)), "kind": "number"}]
    engine = {"kind": "openai", "base_url": url, "model": "served", "retry": {"attempts": 1}}
    return config_from_mapping({"tasks": tasks, "engine": engine, "method": THREE_STAGES, **fields})


Served, Look = Callable[..., str], Callable[..., list[Finding]]


def test_a_chain_that_is_answered_tells_its_tokens_by_stage(served: Served, look: Look, tmp_path: Path) -> None:
    (finding,) = look(served({"content": REPLY}))
    assert finding.status == "ok"
    assert "adapt 30, structure 30, solve 30" in finding.summary
    assert not (tmp_path / "run").exists()


def test_a_stage_that_ends_within_its_thought_fails(served: Served, look: Look) -> None:
    url = served({"content": "<think>\nLet me see. First"}, "length")
    (finding,) = look(url)
    assert (finding.status, "adapt" in finding.summary, "`thinking: on`" in finding.advice) == ("fail", True, True)
    (finding,) = look(url, thinking="on")
    assert (finding.status, "raise" in finding.advice) == ("fail", True)


def test_a_model_that_thinks_all_the_same_is_a_warning(served: Served, look: Look) -> None:
    url = served({"content": REPLY, "reasoning_content": "Three and four."})
    (finding,) = look(url)
    assert (finding.status, finding.summary) == ("warn", "The model thinks despite `thinking: off`.")
    assert [finding.status for finding in look(url, thinking="on")] == ["ok"]


def test_replies_that_are_cut_off_are_warnings_that_name_the_setting(served: Served, look: Look) -> None:
    findings = look(served({"content": REPLY}, "length"))
    assert {finding.status for finding in findings} == {"warn"}
    assert [finding.advice.rpartition(" ")[2] for finding in findings] == [
        "method.adapt_tokens.",
        "method.structure_tokens.",
        "method.sampling.max_tokens.",
    ]


def test_an_empty_reply_fails(served: Served, look: Look) -> None:
    (finding,) = look(served({"content": ""}))
    assert (finding.status, finding.summary) == ("fail", "The reply to the stage adapt is empty.")


def test_a_refusal_fails_with_the_servers_words(served: Served, look: Look) -> None:
    (finding,) = look(served({"message": "seed: extra inputs are not permitted"}, status=422))
    assert finding.status == "fail"
    assert "extra inputs are not permitted" in finding.summary


def test_a_chain_is_asked_only_where_wanted_and_nothing_speaks_against_the_engine(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    made = config(served({"content": REPLY}), tmp_path)
    absent = config("http://127.0.0.1:9/v1", tmp_path)
    asked = [
        any(finding.check == "requests" for finding in examine(one, tmp_path / "run", ask=ask))
        for one, ask in ((made, True), (made, False), (absent, True))
    ]
    assert asked == [True, False, False]
