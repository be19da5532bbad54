"""How long to wait before asking again.

    await asyncio.sleep(full_jitter(first=0.5, longest=60, tries=3))
    retry_after_seconds(response.headers.get("Retry-After"), now=time.time())

Pure functions: nothing here sleeps or keeps state.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"\d{1,12}(\.\d{1,9})?", re.ASCII)


def full_jitter(first: float, longest: float, tries: int, draw: Callable[[], float] = random.random) -> float:
    """A wait drawn evenly between nothing and a bound that doubles with every try.

    Args:
        first: Bound of the first wait, in seconds.
        longest: What the bound never exceeds, in seconds.
        tries: Tries that failed so far, at least 1.
        draw: Source of numbers in [0, 1). It needs no seed: waits change when a request is sent, never what it asks.
    """
    doublings = min(tries - 1, 60)  # beyond that the power of two is over any bound and soon over any float
    return draw() * min(longest, first * 2.0**doublings)


def retry_after_seconds(header: str | None, now: float) -> float | None:
    """Seconds that a Retry-After header asks for, or `None` if it is absent or says nothing readable.

    Args:
        header: A number of seconds or an HTTP date, as the server sent it.
        now: The time of day, in seconds since the epoch, that an HTTP date is compared with.
    """
    if header is None:
        return None
    text = header.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        when = parsedate_to_datetime(text)
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        return max(0.0, when.timestamp() - now)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
