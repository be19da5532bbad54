"""Is the hub in reach? Its libraries try for half a minute before they say no; a connection says it at once.

offline_if_unreachable()
datasets.load_dataset(…)      # from the cache, or a ConnectionError straight away
"""

from __future__ import annotations

import functools
import socket
import sys
from urllib.parse import urlsplit

from regenesis.proxies import is_proxied

_PATIENCE = 5.0
"""Seconds for a connection to open."""


@functools.cache
def offline_if_unreachable() -> None:
    """Switches the hub's libraries to their offline mode, for this process, where no connection can be opened."""
    from huggingface_hub import constants

    if not constants.HF_HUB_OFFLINE and hub_fault(constants.ENDPOINT) is not None:
        constants.HF_HUB_OFFLINE = True
        if "datasets" in sys.modules:
            sys.modules["datasets"].config.HF_HUB_OFFLINE = True


@functools.cache
def hub_fault(endpoint: str) -> OSError | None:
    """Why no connection to the hub can be opened, `None` if one can.

    Behind a proxy nothing is tried, since what lies beyond it cannot be told by a connection.
    """
    if is_proxied(endpoint):
        return None
    address = urlsplit(endpoint)
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        socket.create_connection((address.hostname or "", port), timeout=_PATIENCE).close()
    except OSError as error:
        return error
    return None
