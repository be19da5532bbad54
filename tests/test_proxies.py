"""Which proxy the environment names for a URL."""

from __future__ import annotations

import pytest

from regenesis.errors import EngineError
from regenesis.proxies import environment_proxy

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
PROXY = "http://proxy.example:3128"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("url", "environment", "expected"),
    [
        ("http://models.example/v1", {}, None),
        ("http://models.example/v1", {"http_proxy": PROXY}, PROXY),
        ("https://models.example/v1", {"http_proxy": PROXY}, None),
        ("https://models.example/v1", {"HTTPS_PROXY": PROXY}, PROXY),
        ("http://models.example:8000/v1", {"http_proxy": PROXY, "no_proxy": "models.example"}, None),
        ("http://models.example/v1", {"http_proxy": PROXY, "no_proxy": ".example"}, None),
        ("http://127.0.0.1:8000/v1", {"http_proxy": PROXY, "no_proxy": "localhost,127.0.0.1"}, None),
        ("http://models.example/v1", {"http_proxy": PROXY, "no_proxy": "*"}, None),
        ("http://127.0.0.1:8000/v1", {"http_proxy": PROXY, "no_proxy": "10.0.0.0/8, 127.0.0.0/8"}, None),
        ("http://10.1.2.3/v1", {"http_proxy": PROXY, "no_proxy": "10.0.0.0/8"}, None),
        ("http://11.1.2.3/v1", {"http_proxy": PROXY, "no_proxy": "10.0.0.0/8"}, PROXY),
        ("http://[fd00::1]:8000/v1", {"http_proxy": PROXY, "no_proxy": "fd00::/8"}, None),
        ("http://a.models.example/v1", {"http_proxy": PROXY, "NO_PROXY": "*.models.example"}, None),
        ("http://models.example:8000/v1", {"http_proxy": PROXY, "no_proxy": "models.example:9000"}, PROXY),
        ("http://notmodels.example/v1", {"http_proxy": PROXY, "no_proxy": "models.example"}, PROXY),
        ("http://models.example/v1", {"http_proxy": "proxy.example:3128"}, PROXY),
        ("http://models.example/v1", {"all_proxy": PROXY}, PROXY),
        ("http://models.example/v1", {"all_proxy": "socks5://proxy.example:1080"}, None),
    ],
)
def test_the_environment_names_the_proxy_of_a_url(
    url: str, environment: dict[str, str], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert environment_proxy(url) == expected


def test_a_proxy_that_cannot_be_used_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "socks5://me:open-sesame@proxy.example:1080")
    with pytest.raises(EngineError, match=r"socks5://proxy\.example:1080.*no_proxy=models\.example") as raised:
        environment_proxy("http://models.example/v1")
    assert "open-sesame" not in str(raised.value)
