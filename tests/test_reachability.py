from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from huggingface_hub import constants

from regenesis.reachability import offline_if_unreachable


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The libraries as they are on a machine that is online, and left as they were."""
    import datasets

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(name, raising=False)
    offline_if_unreachable.cache_clear()
    yield
    offline_if_unreachable.cache_clear()


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_hub_that_takes_no_connection_is_not_asked_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{closed_port()}")
    offline_if_unreachable()
    assert constants.HF_HUB_OFFLINE
    assert datasets.config.HF_HUB_OFFLINE


def test_a_hub_that_takes_connections_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        offline_if_unreachable()
    assert not constants.HF_HUB_OFFLINE


def test_behind_a_proxy_nothing_is_taken_for_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "ENDPOINT", f"https://127.0.0.1:{closed_port()}")
    offline_if_unreachable()
    assert not constants.HF_HUB_OFFLINE


@pytest.mark.parametrize(
    ("proxies", "direct"),
    [
        ({"http_proxy": "http://127.0.0.1:9"}, False),
        ({"all_proxy": "socks5://127.0.0.1:9"}, False),
        ({"http_proxy": "socks5h://127.0.0.1:9"}, False),
        ({"https_proxy": "http://127.0.0.1:9"}, True),
        ({"http_proxy": ""}, True),
        ({"http_proxy": "http://127.0.0.1:9", "no_proxy": "127.0.0.0/8"}, True),
        ({"all_proxy": "http://127.0.0.1:9", "no_proxy": "localhost, 127.0.0.1"}, True),
        ({"http_proxy": "http://127.0.0.1:9", "no_proxy": "10.0.0.0/8"}, False),
    ],
)
def test_a_hub_that_the_environment_reaches_directly_is_tried_directly(
    proxies: dict[str, str], direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in proxies.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{closed_port()}")
    offline_if_unreachable()
    assert constants.HF_HUB_OFFLINE is direct
