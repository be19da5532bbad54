"""Where the requests to a server go: a path joined to its base URL, before the URL's query.

address("https://host/v1?api-version=1", "models")     # https://host/v1/models?api-version=1
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit


def address(base_url: str, path: str) -> str:
    """The URL of something below a base URL."""
    parts = urlsplit(base_url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{path}"))


def path_hint(base_url: str) -> str:
    """What to try where nothing is found below a base URL; empty where its path names a version already."""
    parts = urlsplit(base_url)
    if re.search(r"/v\d", parts.path):
        return ""
    return f"Most servers are at /v1: try {urlunsplit(parts._replace(path=parts.path.rstrip('/') + '/v1'))}."
