from __future__ import annotations

import pytest

from regenesis.engines.openai.addresses import address, path_hint
from regenesis.engines.openai.config import OpenAIEngineConfig


@pytest.mark.parametrize(
    ("stated", "asked"),
    [
        ("http://host/v1", "http://host/v1/chat/completions"),
        ("http://host/v1/", "http://host/v1/chat/completions"),
        (" http://host/v1 ", "http://host/v1/chat/completions"),
        ("http://host", "http://host/chat/completions"),
        ("http://host/v1/chat/completions", "http://host/v1/chat/completions"),
        ("http://host/v1/chat/completions/", "http://host/v1/chat/completions"),
        ("http://host/v1/completions", "http://host/v1/chat/completions"),
        ("https://host/v1?api-version=1&x=2", "https://host/v1/chat/completions?api-version=1&x=2"),
        (
            "https://host/openai/deployments/m/chat/completions?api-version=1",
            "https://host/openai/deployments/m/chat/completions?api-version=1",
        ),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1/chat/completions"),
    ],
)
def test_a_path_is_joined_before_the_query(stated: str, asked: str) -> None:
    (base,) = OpenAIEngineConfig(kind="openai", base_url=stated, model="m").urls
    assert address(base, "chat/completions") == asked


@pytest.mark.parametrize(
    ("base", "hint"),
    [
        ("http://host:8000", "try http://host:8000/v1."),
        ("http://host/api", "try http://host/api/v1."),
        ("http://host/?x=1", "try http://host/v1?x=1."),
        ("http://host/v1", ""),
        ("http://host/api/v3", ""),
    ],
)
def test_a_missing_version_is_hinted_at(base: str, hint: str) -> None:
    assert path_hint(base).endswith(hint) if hint else path_hint(base) == ""
