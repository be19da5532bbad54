"""The API key: read from the environment, sent in one header, kept out of everything else.

credential = Credential("OPENAI_API_KEY")
session = ClientSession(headers=credential.headers())
print(credential.redact(server_words))
"""

from __future__ import annotations

import json
import os
from urllib.parse import quote

from regenesis.errors import EngineError

_SHORTEST_IN_ERRORS = 4
_SHORTEST_IN_TEXT = 16


class Credential:
    """The key that an environment variable holds, or none."""

    def __init__(self, variable: str) -> None:
        """Reads the variable; unset or blank means that no key is sent.

        Raises:
            EngineError: The variable holds something that cannot stand in an HTTP header.
        """
        self.variable = variable
        self._key = os.environ.get(variable, "").strip()
        if not (self._key.isascii() and self._key.isprintable()):
            raise EngineError(
                f"The environment variable {variable} holds characters that cannot be part of an API key. Set it again."
            )

    def __repr__(self) -> str:
        return f"Credential({self.variable!r}, {'set' if self._key else 'not set'})"

    @property
    def is_set(self) -> bool:
        return bool(self._key)

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}"} if self._key else {}

    def redact(self, words: str) -> str:
        """Words meant for a person, with the key taken out however the server may have escaped it."""
        if len(self._key) < _SHORTEST_IN_ERRORS:
            return words
        for form in (self._key, json.dumps(self._key)[1:-1], quote(self._key, safe="")):
            words = words.replace(form, f"[{self.variable}]")
        return words

    def redact_completion(self, text: str) -> str:
        """A completion with the key taken out, should a server echo it.

        Placeholders such as `EMPTY`, which servers without keys are often given, are ordinary words and stay.
        """
        if len(self._key) < _SHORTEST_IN_TEXT:
            return text
        return text.replace(self._key, f"[{self.variable}]")
