"""What the engine sends, and what it makes of each thing a server can do."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from tests.fixtures.script import ACTIONS, Action, echo
from tests.fixtures.scripted_server import ScriptedServer

from regenesis.config import OpenAIEngineConfig
from regenesis.engines.openai import OpenAIEngine
from regenesis.errors import ConfigError, EngineError, RequestFailed
from regenesis.nouns import Request

Opened = Callable[..., AbstractAsyncContextManager[OpenAIEngine]]
RequestFor = Callable[..., Request]
EngineConfig = Callable[..., OpenAIEngineConfig]

KEY = "sk-a-secret-that-nobody-may-see"


def always(name: str) -> Callable[[int, Any], str]:
    return lambda index, body: name


async def test_a_request_is_sent_as_chat_messages_with_its_seed(opened: Opened, request_for: RequestFor) -> None:
    async with ScriptedServer() as server, opened(server.base_url, extra_body={"top_k": 40}) as engine:
        await engine.complete(request_for(seed=7))
    assert server.requests == [
        {
            "model": "scripted",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How many?"}],
            "temperature": 0.8,
            "top_p": 0.95,
            "max_tokens": 64,
            "n": 1,
            "stream": False,
            "seed": 7,
            "chat_template_kwargs": {"enable_thinking": False, "thinking": False},
            "top_k": 40,
        }
    ]


async def test_the_seed_can_be_left_out(opened: Opened, request_for: RequestFor) -> None:
    async with ScriptedServer() as server, opened(server.base_url, send_seed=False) as engine:
        await engine.complete(request_for())
    assert "seed" not in server.requests[0]


async def test_a_completion_holds_what_came_back(opened: Opened, request_for: RequestFor) -> None:
    async with ScriptedServer() as server, opened(server.base_url) as engine:
        completion = await engine.complete(request_for())
    text = echo(server.requests[0])
    assert (completion.text, completion.finish_reason, completion.engine) == (text, "stop", "openai")
    assert (completion.prompt_tokens, completion.completion_tokens) == (5, len(text) // 4 + 1)
    assert completion.seconds > 0
    assert completion.error is None


async def test_a_prompt_with_a_lone_surrogate_can_be_sent(opened: Opened, request_for: RequestFor) -> None:
    async with ScriptedServer() as server, opened(server.base_url) as engine:
        await engine.complete(request_for(text="a\ud800b"))
    assert server.requests[0]["messages"][1]["content"] == "a\ud800b"


PASSING = {
    name: ACTIONS[name] for name in ("429", "500", "503", "drop", "cut", "broken", "no-choices", "empty", "null")
} | {f"HTTP {status}": Action(status=status) for status in (408, 409, 425, 502, 529)}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
async def test_a_passing_fault_is_tried_again(fault: Action, opened: Opened, request_for: RequestFor) -> None:
    async with ScriptedServer([fault]) as server, opened(server.base_url) as engine:
        completion = await engine.complete(request_for())
    assert completion.text == echo(server.requests[0])
    assert server.requests[0] == server.requests[1]
    assert len(server.requests) == 2


async def test_a_server_that_hangs_is_tried_again_after_the_time_out(opened: Opened, request_for: RequestFor) -> None:
    async with ScriptedServer(["hang"]) as server, opened(server.base_url, timeout=0.2) as engine:
        completion = await engine.complete(request_for())
    assert completion.finish_reason == "stop"
    assert len(server.requests) == 2


@pytest.mark.parametrize("fault", ["500", "drop", "cut", "broken", "no-choices"])
async def test_a_request_that_always_fails_is_given_up(fault: str, opened: Opened, request_for: RequestFor) -> None:
    async with ScriptedServer(always(fault)) as server, opened(server.base_url) as engine:
        with pytest.raises(RequestFailed, match=r"task/train/0 \(solve\): failed 4 times"):
            await engine.complete(request_for())
    assert len(server.requests) == 4


@pytest.mark.parametrize("fault", ["empty", "null"])
async def test_empty_text_is_believed_the_third_time(fault: str, opened: Opened, request_for: RequestFor) -> None:
    async with ScriptedServer(always(fault)) as server, opened(server.base_url) as engine:
        completion = await engine.complete(request_for())
    assert (completion.text, completion.finish_reason) == ("", "stop")
    assert len(server.requests) == 3


async def test_empty_text_at_the_last_attempt_is_believed(opened: Opened, request_for: RequestFor) -> None:
    async with ScriptedServer(always("empty")) as server, opened(server.base_url, retry={"attempts": 1}) as engine:
        assert (await engine.complete(request_for())).text == ""
    assert len(server.requests) == 1


async def test_empty_text_cut_at_the_limit_is_believed_at_once(opened: Opened, request_for: RequestFor) -> None:
    cut_empty = Action(text="", finish_reason="length")
    async with ScriptedServer([cut_empty]) as server, opened(server.base_url) as engine:
        assert (await engine.complete(request_for())).finish_reason == "length"
    assert len(server.requests) == 1


async def test_truncated_text_says_so(opened: Opened, request_for: RequestFor) -> None:
    async with ScriptedServer(["truncated"]) as server, opened(server.base_url) as engine:
        completion = await engine.complete(request_for())
    assert completion.finish_reason == "length"
    assert echo(server.requests[0]).startswith(completion.text)


@pytest.mark.parametrize("fault", ["wrong-usage", "no-usage"])
async def test_wrong_usage_is_estimated_and_counted(fault: str, opened: Opened, request_for: RequestFor) -> None:
    async with ScriptedServer([fault]) as server, opened(server.base_url) as engine:
        completion = await engine.complete(request_for())
        assert engine.statistics.usage_estimated == 1
    assert completion.completion_tokens == len(completion.text) // 4 + 1
    assert completion.prompt_tokens == 0


async def test_a_reply_over_32_mb_is_not_read_to_its_end(opened: Opened, request_for: RequestFor) -> None:
    huge = Action(raw=b" " * (32 * 2**20 + 1))
    async with ScriptedServer([huge]) as server, opened(server.base_url, retry={"attempts": 1}) as engine:
        with pytest.raises(RequestFailed, match="over 32 MB"):
            await engine.complete(request_for())
        assert (await engine.complete(request_for())).finish_reason == "stop"


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_refused_request_is_a_completion(status: int, opened: Opened, request_for: RequestFor) -> None:
    refusal = Action(status=status, words="context is 4096 tokens " + "x" * 1000)
    async with ScriptedServer([refusal]) as server, opened(server.base_url) as engine:
        completion = await engine.complete(request_for())
        assert (await engine.complete(request_for())).finish_reason == "stop"
    assert (completion.text, completion.finish_reason) == ("", "refused")
    assert completion.error is not None
    assert completion.error.startswith("context is 4096 tokens")
    assert len(completion.error) == 500


async def test_a_session_of_refusals_alone_stops(opened: Opened, request_for: RequestFor) -> None:
    async with ScriptedServer(always("400")) as server, opened(server.base_url) as engine:
        for seed in range(19):
            assert (await engine.complete(request_for(seed, question_id=f"q{seed}"))).finish_reason == "refused"
        with pytest.raises(EngineError, match="maximum context length"):
            await engine.complete(request_for(19, question_id="q19"))


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("401", "OPENAI_API_KEY is not set"),
        ("403", "OPENAI_API_KEY is not set"),
        ("404", r"The model does not exist\. Check .*engine.model"),
        (Action(status=402, words="no credit"), "no credit"),
        (Action(status=301, headers={"Location": "https://elsewhere/v1"}), "https://elsewhere/v1"),
    ],
)
async def test_what_no_request_can_pass_stops_the_engine(
    fault: Any, says: str, opened: Opened, request_for: RequestFor
) -> None:
    async with ScriptedServer([fault]) as server, opened(server.base_url) as engine:
        for _ in range(2):
            with pytest.raises(EngineError, match=says) as raised:
                await engine.complete(request_for())
            assert not isinstance(raised.value, RequestFailed)
    assert len(server.requests) == 1


async def test_a_server_that_stays_down_stops_the_engine(opened: Opened, request_for: RequestFor) -> None:
    async with ScriptedServer() as server, opened(server.base_url, retry={"circuit_after": 6}) as engine:
        await server.stop()
        outcomes = await asyncio.gather(*map(engine.complete, map(request_for, range(40))), return_exceptions=True)
    stopped = [error for error in outcomes if isinstance(error, EngineError) and not isinstance(error, RequestFailed)]
    assert stopped
    assert "stays down" in str(stopped[0])
    assert all(isinstance(error, EngineError) for error in outcomes)


async def test_a_dead_url_does_not_stop_the_engine_while_another_is_slow(
    opened: Opened, request_for: RequestFor
) -> None:
    dead, slow = ScriptedServer(), ScriptedServer(delay=(0.5, 0.5))
    retry = {"circuit_after": 2, "attempts": 100}
    async with dead, slow, opened([dead.base_url, slow.base_url], max_in_flight=4, retry=retry) as engine:
        await dead.stop()
        completions = await asyncio.gather(*map(engine.complete, map(request_for, range(4))))
    assert {completion.finish_reason for completion in completions} == {"stop"}


async def test_a_server_that_starts_again_is_taken_up_again(opened: Opened, request_for: RequestFor) -> None:
    async with ScriptedServer() as server, opened(server.base_url, retry={"attempts": 50}) as engine:
        await engine.complete(request_for())
        await server.stop()
        asked = [asyncio.create_task(engine.complete(request_for(seed))) for seed in range(40)]
        await asyncio.sleep(0.05)
        assert not any(task.done() for task in asked)
        await server.start()
        assert {(await task).finish_reason for task in asked} == {"stop"}


async def test_one_dead_url_of_two_costs_no_request(opened: Opened, request_for: RequestFor) -> None:
    first, second = ScriptedServer(), ScriptedServer()
    async with first, second, opened([first.base_url, second.base_url], max_in_flight=8) as engine:
        await first.stop()
        questions = [request_for(seed, question_id=f"q{seed}") for seed in range(100)]
        completions = await asyncio.gather(*map(engine.complete, questions))
    assert {completion.finish_reason for completion in completions} == {"stop"}
    assert len(second.requests) == 100


async def test_a_failed_request_goes_to_another_url(opened: Opened, request_for: RequestFor) -> None:
    first, second = ScriptedServer(always("500")), ScriptedServer(always("500"))
    async with first, second, opened([first.base_url, second.base_url], retry={"attempts": 2}) as engine:
        with pytest.raises(RequestFailed):
            await engine.complete(request_for())
    assert (len(first.requests), len(second.requests)) == (1, 1)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 200])
async def test_an_echoed_key_is_shown_nowhere(
    status: int,
    opened: Opened,
    request_for: RequestFor,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    # the key ends beyond the 500th character: shortening must not leave half of it
    echoing = Action(status=status, words="x" * 480 + KEY, text=f"The key is {KEY}.")
    async with ScriptedServer(lambda index, body: echoing, key=KEY) as server:
        monkeypatch.setenv("MY_KEY", KEY)
        async with opened(server.base_url, api_key_env="MY_KEY", retry={"attempts": 8}) as engine:
            try:
                shown = repr(await engine.complete(request_for()))
            except EngineError as error:
                shown = repr(error) + repr(error.__cause__) + repr(error.__context__)
            shown += repr(engine) + repr(engine.statistics) + caplog.text
    assert len(server.requests) >= 1
    assert KEY[:12] not in shown


async def test_statistics_count_what_happened(opened: Opened, request_for: RequestFor) -> None:
    plan = ["500", "429", "empty", "no-usage"]
    async with ScriptedServer(plan) as server, opened(server.base_url, max_in_flight=1) as engine:
        await engine.complete(request_for())
        seen = engine.statistics
    assert (seen.failures, seen.rate_limited, seen.retries, seen.usage_estimated) == (1, 1, 2, 1)
    assert (seen.in_flight, seen.limit) == (0, 1)


async def test_no_more_than_max_in_flight_are_sent_at_once(opened: Opened, request_for: RequestFor) -> None:
    async with ScriptedServer(delay=(0.001, 0.01)) as server, opened(server.base_url, max_in_flight=5) as engine:
        await asyncio.gather(*map(engine.complete, map(request_for, range(60))))
    assert server.peak_in_flight == 5


async def test_connections_are_kept_and_used_again(opened: Opened, request_for: RequestFor) -> None:
    async with ScriptedServer() as server, opened(server.base_url, max_in_flight=4) as engine:
        for _ in range(5):
            await asyncio.gather(*map(engine.complete, map(request_for, range(4))))
    assert server.connections <= 5


async def test_cancelling_gives_back_the_place(opened: Opened, request_for: RequestFor) -> None:
    both_hang = asyncio.Event()

    def faults(index: int, body: Any) -> str | None:
        if index == 1:
            both_hang.set()
        return "hang" if index < 2 else None

    async with ScriptedServer(faults) as server, opened(server.base_url, max_in_flight=2) as engine:
        asked = [asyncio.create_task(engine.complete(request_for(seed))) for seed in range(6)]
        await both_hang.wait()
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        assert all(task.cancelled() for task in asked)
        assert engine.statistics.in_flight == 0
        assert (await engine.complete(request_for())).finish_reason == "stop"


async def test_closing_twice_is_harmless_and_a_closed_engine_says_so(opened: Opened, request_for: RequestFor) -> None:
    async with ScriptedServer() as server, opened(server.base_url) as engine:
        await engine.close()
        await engine.close()
        with pytest.raises(EngineError, match="open"):
            await engine.complete(request_for())


async def test_a_closed_engine_can_be_opened_again(opened: Opened, request_for: RequestFor) -> None:
    async with ScriptedServer() as server, opened(server.base_url) as engine:
        await engine.close()
        await engine.open()
        assert (await engine.complete(request_for())).finish_reason == "stop"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"extra_body": {"stream": True}}, "stream cannot be set there"),
        ({"extra_body": {"n": 4, "messages": []}}, "messages, n cannot be set there"),
        ({"extra_body": {"penalty": float("nan")}}, "JSON cannot carry"),
    ],
)
def test_an_extra_body_that_cannot_work_is_refused(
    fields: dict[str, Any], says: str, engine_config: EngineConfig
) -> None:
    with pytest.raises(ConfigError, match=says):
        OpenAIEngine(engine_config("http://host/v1", **fields))
