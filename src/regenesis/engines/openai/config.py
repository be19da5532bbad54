"""Config of the openai engine."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, field_validator, model_validator

from regenesis.engines.config import EngineConfig
from regenesis.findings import Finding
from regenesis.secrets import (
    FieldsWithoutKeys,
    misplaced,
    misplaced_in_header,
    misplaced_in_url,
    misplaced_in_variable,
)
from regenesis.section import A_PATH, MAY_DIFFER, Reach, Section
from regenesis.types import Thinking

if TYPE_CHECKING:
    from regenesis.engines.base import Engine
    from regenesis.models import Progress


class RetryConfig(Section):
    """Retries and backoff."""

    attempts: int = Field(default=8, ge=1)
    """Maximum attempts per request before its question is set aside."""
    first_wait: float = Field(default=0.5, gt=0)
    """Seconds before the first retry; doubles each time, with jitter. A server's Retry-After takes precedence."""
    longest_wait: float = Field(default=60.0, gt=0)
    """Maximum wait in seconds; a longer Retry-After is obeyed up to ten times this."""
    circuit_after: int = Field(default=20, ge=1)
    """Consecutive failures after which the run stops because the server is down."""


class OpenAIEngineConfig(EngineConfig):
    """Any server with an OpenAI-compatible chat-completions endpoint: vLLM, SGLang, llama.cpp, Ollama, a hosted one."""

    kind: Literal["openai"]
    base_url: str | list[str] = Field(json_schema_extra=MAY_DIFFER)
    """One or several URLs without `/chat/completions` (`http://127.0.0.1:8000/v1`), load-balanced. A query
    (`?api-version=…`) is sent with every request."""
    model: str
    """Name of the model on the server."""
    api_key_env: str = Field(default="OPENAI_API_KEY", json_schema_extra=MAY_DIFFER)
    """Environment variable holding the API key; if unset, no key is sent. Keys never go into a config."""
    headers: dict[str, str] = Field(default_factory=dict, json_schema_extra=MAY_DIFFER)
    """Extra headers. `${NAME}` in a value is replaced by an environment variable, as a gateway's key
    must be: `{api-key: "${AZURE_KEY}"}`."""
    max_in_flight: int = Field(default=64, ge=1, json_schema_extra=MAY_DIFFER)
    """Maximum requests in flight over all URLs; lowered on HTTP 429 and raised again automatically."""
    timeout: float = Field(default=600.0, gt=0, json_schema_extra=MAY_DIFFER)
    """Request timeout in seconds."""
    connect_timeout: float = Field(default=10.0, gt=0, json_schema_extra=MAY_DIFFER)
    """Connection timeout in seconds."""
    retry: RetryConfig = Field(default=RetryConfig(), json_schema_extra=MAY_DIFFER)
    """Retries and backoff."""
    extra_body: FieldsWithoutKeys = Field(default_factory=dict)
    """Extra fields of every request, e.g. `top_k` or `chat_template_kwargs`; `null`
    omits a field."""
    send_seed: bool = True
    """Send each request's seed; turn off for servers that reject the field."""
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = Field(
        default="max_tokens", json_schema_extra=MAY_DIFFER
    )
    """The server's name for the limit of new tokens."""
    load_adapters: bool = Field(default=False, json_schema_extra=MAY_DIFFER)
    """Have the server load tuned adapters while it runs: a vLLM that sees this machine's folders, started with
    `VLLM_ALLOW_RUNTIME_LORA_UPDATING=1` and `--enable-lora`."""
    adapter: Path | None = Field(default=None, json_schema_extra=A_PATH | MAY_DIFFER)
    """Folder of a PEFT LoRA adapter that the server is to load; needs `load_adapters`."""

    @field_validator("base_url")
    @classmethod
    def _http_urls(cls, value: str | list[str]) -> str | list[str]:
        urls = [value] if isinstance(value, str) else value
        if not urls:
            raise ValueError("give at least one URL")
        for url in urls:
            if fault := misplaced_in_url(url):
                raise misplaced(fault)
            if not url.strip().startswith(("http://", "https://")):
                raise ValueError(f"{url!r} is not an http:// or https:// URL")
            try:
                if not urlsplit(url.strip()).hostname:
                    raise ValueError("it names no host")
                _ = urlsplit(url.strip()).port
            except ValueError as error:
                raise ValueError(f"{url!r} is not a URL that can be used ({error})") from error
        return value

    @field_validator("api_key_env")
    @classmethod
    def _name_of_a_variable(cls, value: str) -> str:
        if fault := misplaced_in_variable(value):
            raise misplaced(fault)
        return value

    @field_validator("headers")
    @classmethod
    def _headers_without_keys(cls, value: dict[str, str]) -> dict[str, str]:
        for name, stated in value.items():
            if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) or not (
                stated.isascii() and stated.isprintable()
            ):
                raise misplaced("holds characters that are not allowed in a header")
            if name.lower() in _OWN_HEADERS:
                raise ValueError(f"{name} is set by the engine itself; remove it")
            if fault := misplaced_in_header(name, stated):
                raise misplaced(f"{name} {fault}")
        return value

    @model_validator(mode="after")
    def _loaded_by_the_server(self) -> Self:
        if self.adapter is not None and not self.load_adapters:
            raise ValueError("adapter needs load_adapters: true; a served adapter is named by model")
        return self

    @property
    def loaded_adapter(self) -> Path | None:
        return self.adapter

    @property
    def takes_adapters(self) -> bool:
        return self.load_adapters

    def with_adapter(self, adapter: Path | None) -> OpenAIEngineConfig:
        return self.model_copy(update={"adapter": adapter})

    @property
    def asked_model(self) -> str:
        """The model's name in requests.

        Raises:
            EngineError: The adapter is none.
        """
        from regenesis.engines.adapter_names import name_with_adapter

        return name_with_adapter(self.model, self.adapter)

    @property
    def urls(self) -> tuple[str, ...]:
        """The server URLs as a tuple: without trailing slashes, and without the endpoint where it was stated too."""
        urls = [self.base_url] if isinstance(self.base_url, str) else self.base_url
        return tuple(_base(url) for url in urls)

    def make(self, thinking: Thinking = "off", fetching: Progress | None = None) -> Engine:
        from regenesis.engines.openai.engine import OpenAIEngine

        return OpenAIEngine(self, thinking)

    def identity(self, thinking: Thinking = "off") -> str:
        """The model's name; what else shapes every completion is part of it where there is any."""
        from regenesis.engines.openai.switch import ThinkingSwitch

        shaping = ThinkingSwitch(self, thinking).shaping
        model = self.asked_model
        return f"{model} {json.dumps(shaping, sort_keys=True)}" if shaping else model

    def conditions(self, identity: str) -> dict[str, Any]:
        return {**super().conditions(identity), "settings": self.extra_body}

    def check(self) -> Iterator[Finding]:
        from regenesis.engines.openai.checking import check_servers

        yield from asyncio.run(check_servers(self))

    def reaches(self) -> Iterator[Reach]:
        yield from super().reaches()
        urls = [self.base_url] if isinstance(self.base_url, str) else self.base_url
        yield Reach("base_url", f"sends questions to {', '.join(urls)}")
        yield Reach("api_key_env", f"sends the value of ${self.api_key_env} there, where it is set")
        if self.headers:
            said = ", ".join(f"{name}: {value}" for name, value in self.headers.items())
            yield Reach("headers", f"sends the headers {said} there")

    def stop_setting(self, token: str) -> str:
        return f"engine.extra_body: {{stop: [{token!r}]}}"


_OWN_HEADERS = frozenset(
    {"host", "content-type", "content-length", "accept-encoding", "transfer-encoding", "connection"}
)


def _base(url: str) -> str:
    parts = urlsplit(url.strip())
    path = re.sub(r"(?:/chat)?/completions$", "", parts.path.rstrip("/")).rstrip("/")
    return urlunsplit(parts._replace(path=path, fragment=""))
