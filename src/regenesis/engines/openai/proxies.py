"""Which proxy the environment names for a server (`http_proxy`, `https_proxy`, `no_proxy`).

    environment_proxy("http://models.example/v1")  # "http://proxy.example:3128", or None

Looked up once a URL and handed to each request. The HTTP client's own way would look it up in a thread for every
request, and read `~/.netrc` beside it, whose credentials clash with the key.
"""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def environment_proxy(url: str) -> str | None:
    """The proxy to reach a URL by, `None` for a direct connection."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)
