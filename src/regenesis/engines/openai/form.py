"""The form of an engine's requests: which fields they have, and how they give way to what a server says of them.

    form = Form(config, switch)
    fields = form.fields(request)
    while refused and form.adapt(fields, words): ...       # send it again

What holds for every request of a server, such as that it answers in streams alone, is remembered for the next ones.
"""

from __future__ import annotations

import json
import re
from typing import Any

from regenesis.engines.openai.config import OpenAIEngineConfig
from regenesis.engines.openai.fitting import read_room
from regenesis.engines.openai.switch import ThinkingSwitch
from regenesis.errors import ConfigError
from regenesis.quoting import encoder
from regenesis.types import Request

_OWN_FIELDS = ("model", "messages", "n", "stream")
_compact = encoder(",", ":")
_LEAST_ROOM = 32
"""New tokens below which a reply is not worth asking for."""
_STREAM_ONLY = re.compile(
    r"stream.{0,60}\b(?:only|must|required?|enable)|\b(?:only|must|requires?|enable).{0,60}stream", re.IGNORECASE
)
"""How servers say that they answer in no other way."""


class Form:
    """Makes the bodies of requests."""

    def __init__(self, config: OpenAIEngineConfig, switch: ThinkingSwitch) -> None:
        """Looks at what the config adds to every body.

        Raises:
            ConfigError: That is a field that the engine sets itself, or something JSON cannot hold.
        """
        _check(config)
        self._config, self._model = config, config.asked_model
        self._switch = switch
        self._streams = False

    def fields(self, request: Request) -> dict[str, Any]:
        """A request's body, its messages as JSON already; what is `null` in the config is left to the server."""
        sampling = request.sampling
        fields = {
            "model": self._model,
            "messages": request.chat,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            self._config.max_tokens_field: sampling.max_tokens,
            "n": 1,
            "stream": self._streams,
            "stream_options": {"include_usage": True} if self._streams else None,
            "seed": request.seed if self._config.send_seed else None,
            **self._switch.fields(),
        }
        return {name: value for name, value in fields.items() if value is not None}

    @staticmethod
    def body(fields: dict[str, Any]) -> bytes:
        """The fields as JSON, as they are sent."""
        rest = _compact({name: value for name, value in fields.items() if name != "messages"})
        return f'{{"messages":{fields["messages"]},{rest[1:]}'.encode("ascii")

    def adapt(self, fields: dict[str, Any], words: str) -> bool:
        """Changes a refused body to one that the server may take, where its words say how."""
        if self._switch.gives_way(fields, words):
            return True
        if not fields.get("stream") and _STREAM_ONLY.search(words):
            self._streams = True
            fields.update(stream=True, stream_options={"include_usage": True})
            return True
        return self._fit(fields, words)

    def _fit(self, fields: dict[str, Any], words: str) -> bool:
        """Asks for as many new tokens as the server has room for."""
        limit = fields.get(self._config.max_tokens_field)
        room = read_room(words, limit) if isinstance(limit, int) else None
        if limit is None or room is None or room.new_tokens is None:
            return False
        # some servers know the length of a prompt only by "at least"
        lower = room.new_tokens if room.new_tokens < limit else limit // 2
        if lower < min(_LEAST_ROOM, limit):
            return False
        fields[self._config.max_tokens_field] = lower
        return True


def _check(config: OpenAIEngineConfig) -> None:
    clashing = [field for field in _OWN_FIELDS if field in config.extra_body]
    if config.extra_body.get("n", 0) is None:
        clashing.remove("n")  # one is what comes of leaving it out
    if clashing:
        raise ConfigError(f"engine.extra_body: {', '.join(clashing)} cannot be set there; remove it.")
    try:
        json.dumps(config.extra_body, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"engine.extra_body: holds something that JSON cannot carry ({error}).") from error
