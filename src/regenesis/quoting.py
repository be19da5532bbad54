r"""JSON as the standard library writes it, for what is written of every request.

    quoted('"é"')            # "\"\u00e9\""
    quoted_plainly('"é"')    # "\"é\""
    encoder(",", ":")(["é", 1])    # ["\u00e9",1]

A message stands in the key, the body and the ledger's row of its own request, and of every later turn of its chat. To
look it up takes a tenth of the time of looking through it for what has to be escaped, so texts are remembered for a
while. And `json` sets up an encoder for every call, which takes longer than to encode a few numbers.
"""

from __future__ import annotations

import json.encoder
from collections.abc import Callable, Iterable
from functools import lru_cache
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any, Protocol

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


class Turn(Protocol):
    """A message of a chat."""

    @property
    def role(self) -> str: ...

    @property
    def content(self) -> str: ...


def quoted_chat(chat: Iterable[Turn], quote: Callable[[str], str]) -> str:
    """A chat's messages as JSON without spaces.

    Args:
        chat: The messages.
        quote: `quoted` or `quoted_plainly`.
    """
    turns = [f'{{"role":{quote(one.role)},"content":{quote(one.content)}}}' for one in chat]
    return f"[{','.join(turns)}]"


def encoder(item_separator: str, key_separator: str, *, ensure_ascii: bool = True) -> Callable[[Any], str]:
    """What writes values as `json.dumps` does with these settings, set up once.

    Lists and dictionaries that hold themselves end in a `RecursionError`: nothing looks for them.
    """
    plain = json.JSONEncoder(
        ensure_ascii=ensure_ascii, separators=(item_separator, key_separator), check_circular=False
    )
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # an interpreter without it
        return plain.encode
    quote = encode_basestring_ascii if ensure_ascii else encode_basestring
    encode = make(None, plain.default, quote, None, key_separator, item_separator, False, False, True)
    return lambda value: "".join(encode(value, 0))


_remembered = lru_cache(maxsize=_REMEMBERED)(encode_basestring_ascii)
