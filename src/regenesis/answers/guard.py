"""The one boundary at which a failure of our own on some text becomes an outcome: no text may end a run.

    @guarded(lambda error: None)
    def extract(response: str) -> str | None: ...

The readers behind it are meant to take any text; a mistake in one of them costs the answer in hand and is logged.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_logger = logging.getLogger(__name__)
_LONGEST_SHOWN = 120


def guarded(
    fallback: Callable[[Exception], Any],
) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Makes a function of text return `fallback(error)` where it would raise.

    Not caught is `OSError`: that a process cannot be started says nothing of the text.
    """

    def decorate(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        @functools.wraps(function)
        def call(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            try:
                return function(*args, **kwargs)
            except OSError:
                raise
            except Exception as error:
                text = ascii(args[0])[:_LONGEST_SHOWN] if args else "a text"
                _logger.warning("%s failed on %s: %s", function.__name__, text, type(error).__name__)
                _logger.debug("the whole of it", exc_info=True)
                outcome: Result = fallback(error)
                return outcome

        return call

    return decorate
