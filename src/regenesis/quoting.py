r"""Texts as JSON strings, remembered for a while.

    quoted('"é"')            # "\"\u00e9\""
    quoted_plainly('"é"')    # "\"é\""

A message stands in the key, the body and the ledger's row of its own request, and of every later turn of its chat. To
look it up takes a tenth of the time of looking through it for what has to be escaped.
"""

from __future__ import annotations

from functools import lru_cache
from json.encoder import encode_basestring, encode_basestring_ascii

_REMEMBERED = 1024
_LONGEST = 8192
"""Characters of a text that is remembered: so all of them together take some megabytes."""


def quoted(text: str) -> str:
    """The text as `json.dumps` writes it: in ASCII."""
    return _remembered(text) if len(text) <= _LONGEST else encode_basestring_ascii(text)


def quoted_plainly(text: str) -> str:
    """The text as `json.dumps` writes it with `ensure_ascii=False`."""
    # of ASCII, the two differ in one character only
    return quoted(text) if text.isascii() and "\x7f" not in text else encode_basestring(text)


_remembered = lru_cache(maxsize=_REMEMBERED)(encode_basestring_ascii)
