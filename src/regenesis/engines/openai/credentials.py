"""Keys: read from the environment, sent in headers, kept out of everything else.

credential = Credential("OPENAI_API_KEY", {"api-key": "${AZURE_KEY}"})
session = ClientSession(headers=credential.headers())
print(credential.redact(server_words))
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from urllib.parse import quote

from regenesis.errors import EngineError

_SHORTEST_IN_ERRORS = 4
_SHORTEST_IN_TEXT = 16
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Credential:
    """The key that an environment variable holds, or none, and what further headers take from the environment."""

    def __init__(self, variable: str, headers: Mapping[str, str] | None = None) -> None:
        """Reads the variables; that of the key may be unset or blank, which means that no key is sent.

        Args:
            variable: The environment variable of the key.
            headers: Further headers; `${NAME}` in their values stands for an environment variable.

        Raises:
            EngineError: A variable holds something that cannot stand in an HTTP header, or one that a header needs is
                not set.
        """
        self.variable = variable
        self._key = _read(variable)
        self._secrets = [(variable, self._key)] if self._key else []
        self._headers = {name: self._filled_in(name, value) for name, value in (headers or {}).items()}

    def __repr__(self) -> str:
        return f"Credential({self.variable!r}, {'set' if self._key else 'not set'})"

    @property
    def is_set(self) -> bool:
        """Whether anything is sent by which a server could know the user."""
        return bool(self._secrets)

    @property
    def variables(self) -> list[str]:
        """The environment variables whose values are sent."""
        return list(dict.fromkeys(variable for variable, _ in self._secrets))

    def headers(self) -> dict[str, str]:
        """The headers to send; one that the config states takes the place of the key's own."""
        own = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        stated = {name.lower() for name in self._headers}
        return {name: value for name, value in own.items() if name.lower() not in stated} | self._headers

    def redact(self, words: str) -> str:
        """Words meant for a person, with the keys taken out however the server may have escaped them."""
        for variable, secret in self._secrets:
            if len(secret) >= _SHORTEST_IN_ERRORS:
                for form in (secret, json.dumps(secret)[1:-1], quote(secret, safe="")):
                    words = words.replace(form, f"[{variable}]")
        return words

    def redact_completion(self, text: str) -> str:
        """A completion with the keys taken out, should a server echo them.

        Placeholders such as `EMPTY`, which servers without keys are often given, are ordinary words and stay.
        """
        for variable, secret in self._secrets:
            if len(secret) >= _SHORTEST_IN_TEXT:
                text = text.replace(secret, f"[{variable}]")
        return text

    def _filled_in(self, name: str, value: str) -> str:
        def read(reference: re.Match[str]) -> str:
            variable = reference[1]
            secret = _read(variable)
            if not secret:
                raise EngineError(f"engine.headers.{name}: the environment variable {variable} is not set. Set it.")
            self._secrets.append((variable, secret))
            return secret

        return _REFERENCE.sub(read, value)


def _read(variable: str) -> str:
    value = os.environ.get(variable, "").strip()
    if not (value.isascii() and value.isprintable()):
        raise EngineError(
            f"The environment variable {variable} holds characters that cannot be part of an API key. Set it again."
        )
    return value
