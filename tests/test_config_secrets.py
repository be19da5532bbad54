"""Keys in a config are refused before anything is written, and shown nowhere."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from regenesis.config import config_from_mapping
from regenesis.engines.openai.config import OpenAIEngineConfig
from regenesis.errors import ConfigError

KEY = "sk-SECRET0123456789abcdef"
URL = "http://host/v1"


def engine(**fields: Any) -> dict[str, Any]:
    return {"kind": "openai", "base_url": URL, "model": "m", **fields}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"base_url": f"http://me:{KEY}@host/v1"}, "user name or password"),
        ({"base_url": f"http://{KEY}@host/v1"}, "user name or password"),
        ({"base_url": [URL, f"http://me:{KEY}@host/v1"]}, "user name or password"),
        ({"base_url": f"me:{KEY}@host/v1"}, "user name or password"),
        ({"base_url": f"{URL}?key={KEY}"}, "a key in its query"),
        ({"base_url": f"{URL}?api-key=short"}, "a key in its query"),
        ({"base_url": f"{URL}?api-version=1&Access_Token={KEY}"}, "a key in its query"),
        ({"base_url": f"http://host/{KEY}/v1"}, "holds a key"),
        ({"base_url": f"ftp://host?key={KEY}"}, "a key in its query"),
        ({"api_key_env": KEY}, "the name of an environment variable"),
        ({"api_key_env": "hf_" + "aB3" * 12}, "the name of an environment variable"),
        ({"api_key_env": "0f1e2d3c4b5a69788796a5b4c3d2e1f0"}, "the name of an environment variable"),
        ({"api_key_env": [KEY]}, "must be text"),
        ({"api_key": KEY}, "did you mean `api_key_env`"),
        ({"headers": {"api-key": "plain"}}, r"write \$\{ITS_NAME\}"),
        ({"headers": {"Authorization": f"Bearer {KEY}"}}, r"write \$\{ITS_NAME\}"),
        ({"headers": {"X-Title": KEY}}, r"write \$\{ITS_NAME\}"),
        ({"headers": {"api-key": f"${{EMPTY}}{KEY}"}}, r"write \$\{ITS_NAME\}"),
        ({"headers": {"bad name": KEY}}, "are not allowed in a header"),
        ({"headers": {"X-Title": f"two\nlines {KEY}"}}, "are not allowed in a header"),
        ({"headers": {"X-Title": [KEY]}}, "must be text"),
        ({"extra_body": {"api_key": "plain"}}, "holds a key"),
        ({"extra_body": {"provider": [{"credentials": {"token": "plain"}}]}}, "holds a key"),
        ({"extra_body": {"user": KEY}}, "holds a key"),
    ],
)
def test_a_key_is_refused_and_not_repeated(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says) as raised:
        config_from_mapping({"tasks": ["gsm8k"], "engine": engine(**fields)})
    assert KEY[3:] not in str(raised.value)
    assert "plain" not in str(raised.value)


def test_a_config_made_in_python_does_not_repeat_it_either() -> None:
    with pytest.raises(ValidationError) as raised:
        OpenAIEngineConfig(kind="openai", base_url=f"http://me:{KEY}@host/v1", model="m")
    assert KEY not in str(raised.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"base_url": f"{URL}?api-version=2024-02-01&deployment=a"},
        {"base_url": "https://gateway/0f1e2d3c4b5a69788796a5b4c3d2e1f0/openai"},
        {"api_key_env": "MY_COMPANY_OPENAI_KEY_2024"},
        {"api_key_env": "my_openai_key_2"},
        {"headers": {"api-key": "${AZURE_KEY}", "Authorization": "Bearer ${TOKEN}", "OpenAI-Organization": "org-1"}},
        {"extra_body": {"top_k": 40, "stop_token_ids": [1], "stop": ["key", "token"], "eos_token": "<|end|>"}},
        {"extra_body": {"chat_template_kwargs": {"enable_thinking": False}, "top_p": None}},
    ],
)
def test_what_holds_no_key_is_taken(fields: dict[str, Any]) -> None:
    config_from_mapping({"tasks": ["gsm8k"], "engine": engine(**fields)})


@pytest.mark.parametrize("url", ["http://[::1/v1", "http://host:port/v1", "http:///v1", "host/v1"])
def test_what_is_no_url_is_told(url: str) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        config_from_mapping({"tasks": ["gsm8k"], "engine": engine(base_url=url)})
