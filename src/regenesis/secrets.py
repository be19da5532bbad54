"""Keys and passwords where none may stand: a config is written into the run's folder and shown on the screen.

    words = misplaced_in_url("https://me:word@host/v1")      # "holds a user name or password", or None

Nothing here repeats the secret that it finds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

KEY = re.compile(
    r"(?<![A-Za-z0-9])(?:hf_[A-Za-z0-9]{30,}"  # hub
    r"|sk-(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{20,}"  # OpenAI, Anthropic, OpenRouter
    r"|gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{40,}|glpat-[\w-]{20,}"  # GitHub, GitLab
    r"|gsk_[A-Za-z0-9]{40,}|xox[abprs]-[A-Za-z0-9-]{20,}"  # Groq, Slack
    r"|AKIA[0-9A-Z]{16}|AIza[\w-]{35}"  # AWS, Google
    r"|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+)"  # JSON web tokens
)
"""Keys as well-known services write them."""

REFERENCE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
"""What stands for the value of an environment variable."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RANDOM = re.compile(r"(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{16,}|[A-Za-z]{32,}")
_NAMES_OF_SECRETS = frozenset(
    [
        "key",
        "apikey",
        "xapikey",
        "token",
        "accesstoken",
        "authtoken",
        "apitoken",
        "bearertoken",
        "auth",
        "authorization",
        "proxyauthorization",
        "bearer",
        "password",
        "passwd",
        "pwd",
        "secret",
        "apisecret",
        "clientsecret",
        "secretkey",
        "accesskey",
        "subscriptionkey",
        "ocpapimsubscriptionkey",
        "credential",
        "credentials",
        "sig",
        "signature",
        "cookie",
        "code",
    ]
)
_SECRET_HEADER = re.compile(r"key|token|secret|password|auth|cookie|credential|signature", re.IGNORECASE)


def misplaced(words: str) -> PydanticCustomError:
    """A fault whose value is not to be shown."""
    return PydanticCustomError("secret", "{words}", {"words": words})


def misplaced_in_url(url: str) -> str | None:
    """What is wrong with a URL that holds a secret, `None` if it holds none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    elsewhere = "put it into an environment variable and refer to it in engine.api_key_env or engine.headers"
    if "@" in parts.netloc or re.match(r"[^/?#]*:[^/?#]*@", url):
        return f"holds a user name or password, which would end up in files and logs; {elsewhere}"
    for name, value in parse_qsl(parts.query):
        if _is_name_of_secret(name) or KEY.search(value):
            return f"holds a key in its query, which would end up in files and logs; {elsewhere}"
    if KEY.search(parts.path) or KEY.search(parts.netloc):
        return f"holds a key, which would end up in files and logs; {elsewhere}"
    return None


def misplaced_in_variable(name: str) -> str | None:
    """What is wrong with the name of an environment variable, `None` if it can be one."""
    looks_random = any(_RANDOM.fullmatch(part) for part in name.split("_")) and not name.isupper()
    if _VARIABLE.fullmatch(name) and not KEY.search(name) and not looks_random:
        return None
    return (
        "must be the name of an environment variable (such as OPENAI_API_KEY) and not the key itself: "
        "put the key into that variable"
    )


def misplaced_in_header(name: str, value: str) -> str | None:
    """What is wrong with a header that holds a secret, `None` if it holds none."""
    stated = REFERENCE.sub("", value)
    if KEY.search(stated) or (_SECRET_HEADER.search(name) and not REFERENCE.search(value)):
        return "holds a key, which would end up in files; put it into an environment variable and write ${ITS_NAME}"
    return None


def misplaced_in_body(value: Any, name: str = "") -> str | None:
    """What is wrong with fields of a request that hold a secret, `None` if they hold none."""
    if isinstance(value, str):
        if value and (_is_name_of_secret(name) or KEY.search(value)):
            return (
                "holds a key, which would end up in files; put it into an environment variable and refer to it "
                "in engine.api_key_env or engine.headers"
            )
    elif isinstance(value, Mapping):
        return next(filter(None, (misplaced_in_body(item, str(key)) for key, item in value.items())), None)
    elif isinstance(value, list):
        return next(filter(None, (misplaced_in_body(item, name) for item in value)), None)
    return None


def _without_keys(fields: dict[str, Any]) -> dict[str, Any]:
    if fault := misplaced_in_body(fields):
        raise misplaced(fault)
    return fields


FieldsWithoutKeys = Annotated[dict[str, Any], AfterValidator(_without_keys)]
"""Fields of requests, or options of a server, that a config states and that hold no secret."""


def may_be_shown(text: str) -> bool:
    """Whether a value that is at fault may be repeated."""
    return not KEY.search(text) and not re.search(r"://[^/\s]*@|[?&][\w-]*(?:key|token|secret|sig)\w*=", text, re.I)


def _is_name_of_secret(name: str) -> bool:
    return re.sub(r"[^a-z]", "", name.lower()) in _NAMES_OF_SECRETS
