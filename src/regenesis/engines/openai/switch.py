"""Whether a served model thinks: what a server is told, and a server that does not take it.

    switch = ThinkingSwitch(config, "off")
    body.update(switch.fields())              # {"chat_template_kwargs": {"enable_thinking": False, …}, …}
    if switch.gives_way(body, words): ...     # send it again, without the switch

Templates pass over a switch that they do not have, and most servers over a field that they do not know. Some refuse it:
they are sent no more of it from then on.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from regenesis.checkpoints.chats import unseen_switches
from regenesis.engines.openai.config import OpenAIEngineConfig
from regenesis.types import Thinking

logger = logging.getLogger(__name__)

_FIELD = "chat_template_kwargs"
_UNKNOWN_FIELD = re.compile(
    r"extra (?:inputs|fields)|extra_forbidden|additional propert|not permitted|"
    r"(?:unrecogni[sz]ed|unknown|unexpected|unsupported|invalid)"
    r" (?:request )?(?:\w+ )?(?:argument|field|parameter|key|propert)",
    re.IGNORECASE,
)


class ThinkingSwitch:
    """The fields that an `openai` engine adds to every request.

    Attributes:
        shaping: Those that are part of the model's identity: what the config adds, and a thinking model's thinking.
            To be told not to think is how every model is asked, so that needs no name.
        refused: Whether the server does not take the switch.
    """

    def __init__(self, config: OpenAIEngineConfig, thinking: Thinking) -> None:
        own = config.extra_body.get(_FIELD, {})
        # what the config says itself goes before, also that nothing is to be said
        told = unseen_switches(config.model, thinking) | own if isinstance(own, dict) else own
        self._own = config.extra_body
        self._thinking = thinking
        self._told = {**config.extra_body, _FIELD: told}
        self.shaping: dict[str, Any] = self._own if thinking == "off" else self._told
        self.refused = False

    def fields(self) -> dict[str, Any]:
        """What is added to a request."""
        return self._own if self.refused else self._told

    def gives_way(self, fields: dict[str, Any], words: str) -> bool:
        """Takes the switch out of a request that was refused for it, and out of all later ones.

        Args:
            fields: The request.
            words: What the server says.

        Returns:
            Whether that was it, so that the request may be sent again.
        """
        if fields.get(_FIELD) == self._own.get(_FIELD):
            return False  # it went without the switch
        others = [name for name in fields if name != _FIELD and re.search(rf"\b{re.escape(name)}\b", words)]
        if _FIELD not in words and (others or not _UNKNOWN_FIELD.search(words)):
            return False
        if not self.refused:
            logger.warning(
                "The server does not take %s, so `thinking: %s` cannot be passed on to it: %s",
                _FIELD,
                self._thinking,
                words[:200],
            )
        self.refused = True
        fields.pop(_FIELD)
        fields.update(self._own)
        return True
