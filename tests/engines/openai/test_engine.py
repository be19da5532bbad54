"""What the engine sends, and what it makes of each thing a server can do."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest
from tests.fixtures.script import ACTIONS, Action, echo
from tests.fixtures.scripted_server import ScriptedServer

from regenesis.engines.openai import OpenAIEngine
from regenesis.engines.openai.config import OpenAIEngineConfig
from regenesis.errors import ConfigError, EngineError, RequestFailed
from regenesis.types import Request, Sampling

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
    assert "is down" in str(stopped[0])
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


async def test_sampling_fields_can_be_left_out_and_renamed(opened: Opened, request_for: RequestFor) -> None:
    bare = replace(request_for(), sampling=Sampling(None, None, 64))
    async with (
        ScriptedServer() as server,
        opened(server.base_url, max_tokens_field="max_completion_tokens", extra_body={"n": None}) as engine,
    ):
        await engine.complete(bare)
    assert not server.requests[0].keys() & {"temperature", "top_p", "max_tokens", "n"}
    assert server.requests[0]["max_completion_tokens"] == 64


TOO_LONG = (
    "maximum context length is 100 tokens. However, you requested 124 tokens (60 in the messages, 64 in the completion)"
)


async def test_a_request_that_is_too_long_is_fitted_to_the_context(opened: Opened, request_for: RequestFor) -> None:
    refusal = Action(status=400, words=TOO_LONG)
    async with ScriptedServer([refusal]) as server, opened(server.base_url) as engine:
        assert (await engine.complete(request_for())).finish_reason == "stop"
        assert engine.statistics.failures == 0
    assert [body["max_tokens"] for body in server.requests] == [64, 40]


async def test_fitting_goes_on_where_a_server_knows_the_prompt_only_roughly(
    opened: Opened, request_for: RequestFor
) -> None:
    roughly = Action(
        status=400, words="maximum context length is 100 tokens and your prompt contains at least 10 input tokens"
    )
    async with ScriptedServer([roughly]) as server, opened(server.base_url) as engine:
        assert (await engine.complete(request_for())).finish_reason == "stop"
    assert [body["max_tokens"] for body in server.requests] == [64, 32]


@pytest.mark.parametrize("prompt", [100, 90, 2000])
async def test_a_prompt_that_leaves_no_room_is_refused_in_the_words_of_the_server(
    prompt: int, opened: Opened, request_for: RequestFor
) -> None:
    words = f"The input ({prompt} tokens) is longer than the model's context length (100 tokens)."
    async with ScriptedServer([Action(status=400, words=words)]) as server, opened(server.base_url) as engine:
        completion = await engine.complete(request_for())
    assert (completion.finish_reason, completion.error) == ("refused", words)
    assert len(server.requests) == 1


async def test_a_server_that_takes_streams_alone_is_asked_for_one(opened: Opened, request_for: RequestFor) -> None:
    refusal = Action(status=400, words="This model only supports streaming, please set stream to true")
    async with ScriptedServer([refusal]) as server, opened(server.base_url) as engine:
        for seed in range(2):
            assert (await engine.complete(request_for(seed))).finish_reason == "stop"
    assert [body["stream"] for body in server.requests] == [False, True, True]


@pytest.mark.parametrize("status", [429, 502, 503])
async def test_an_error_under_status_200_is_met_like_its_own_status(
    status: int, opened: Opened, request_for: RequestFor
) -> None:
    error = Action(raw=json.dumps({"error": {"message": "no", "code": status}}).encode())
    async with ScriptedServer([error]) as server, opened(server.base_url) as engine:
        assert (await engine.complete(request_for())).finish_reason == "stop"
        assert engine.statistics.rate_limited == (status == 429)
    assert len(server.requests) == 2


@pytest.mark.parametrize("finish", ["error", "abort", "network_error"])
async def test_a_completion_that_was_broken_off_is_asked_for_again(
    finish: str, opened: Opened, request_for: RequestFor
) -> None:
    half = Action(text="1. Each crate", finish_reason=finish)
    async with ScriptedServer([half]) as server, opened(server.base_url) as engine:
        completion = await engine.complete(request_for())
    assert completion.text == echo(server.requests[1])


async def test_what_a_content_filter_withholds_is_told_apart(opened: Opened, request_for: RequestFor) -> None:
    by_reply = Action(text="half", finish_reason="content_filter")
    by_status = Action(status=400, raw=json.dumps({"error": {"message": "no", "code": "content_filter"}}).encode())
    async with ScriptedServer([by_reply, by_status]) as server, opened(server.base_url) as engine:
        withheld = [await engine.complete(request_for(seed)) for seed in range(2)]
    assert [one.finish_reason for one in withheld] == ["filtered", "filtered"]
    assert [one.text for one in withheld] == ["", ""]


async def test_an_account_without_credit_is_not_waited_for(opened: Opened, request_for: RequestFor) -> None:
    error = json.dumps({"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}})
    async with ScriptedServer([Action(status=429, raw=error.encode())]) as server, opened(server.base_url) as engine:
        with pytest.raises(EngineError, match="exceeded your current quota"):
            await engine.complete(request_for())


async def test_a_server_that_calls_tools_alone_stops_the_engine(opened: Opened, request_for: RequestFor) -> None:
    call = Action(text="", finish_reason="tool_calls", message={"tool_calls": [{"function": {"name": "search"}}]})
    async with ScriptedServer(lambda index, body: call) as server, opened(server.base_url) as engine:
        requests = [request_for(seed, question_id=f"q{seed}") for seed in range(20)]
        for request in requests[:-1]:
            assert (await engine.complete(request)).finish_reason == "refused"
        with pytest.raises(EngineError, match=r"called a tool \(search\)"):
            await engine.complete(requests[-1])
    assert len(server.requests) == 20


async def test_refusals_from_some_moment_on_stop_the_engine_with_advice(
    opened: Opened, request_for: RequestFor
) -> None:
    async with (
        ScriptedServer(
            lambda index, body: None if index < 5 else Action(status=400, words="unknown field: seed")
        ) as server,
        opened(server.base_url) as engine,
    ):
        requests = [request_for(seed, question_id=f"q{seed}") for seed in range(25)]
        reasons = [(await engine.complete(request)).finish_reason for request in requests[:-1]]
        with pytest.raises(EngineError, match=r"refused the last 20 requests.*unknown field: seed.*engine.send_seed"):
            await engine.complete(requests[-1])
    assert reasons == ["stop"] * 5 + ["refused"] * 19
    assert len(server.requests) == 25


async def test_headers_take_their_keys_from_the_environment(
    opened: Opened, request_for: RequestFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_KEY", KEY)
    headers = {"Authorization": "Bearer ${GATEWAY_KEY}", "X-Title": "regenesis"}
    echoing = Action(status=400, words=f"the key was {KEY}")
    async with ScriptedServer([echoing], key=KEY) as server, opened(server.base_url, headers=headers) as engine:
        refused = await engine.complete(request_for(0))
        assert (await engine.complete(request_for(1))).finish_reason == "stop"
    assert refused.error == "the key was [GATEWAY_KEY]"


def test_a_header_whose_variable_is_not_set_is_named(
    engine_config: EngineConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GATEWAY_KEY", raising=False)
    with pytest.raises(EngineError, match=r"engine\.headers\.api-key: .* GATEWAY_KEY is not set"):
        OpenAIEngine(engine_config("http://host/v1", headers={"api-key": "${GATEWAY_KEY}"}))
