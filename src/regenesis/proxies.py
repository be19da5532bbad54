"""Which proxy the environment names for a server (`http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`).

    environment_proxy("http://models.example/v1")  # "http://proxy.example:3128", or None
    through(proxy, url)                            # "through the proxy http://proxy.example:3128 (…)"
    is_proxied("https://hub.example")              # whether any is named, also of a kind that only others can use

Looked up once a URL and handed to each request. The HTTP client's own way would look it up in a thread for every
request, and read `~/.netrc` beside it, whose credentials clash with the key.
"""

from __future__ import annotations

import ipaddress
import os
import re
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from regenesis.errors import EngineError


def environment_proxy(url: str) -> str | None:
    """The proxy to reach a URL by, `None` for a direct connection.

    Raises:
        EngineError: It is of a kind that cannot be used, SOCKS say.
    """
    named = _named(url)
    if named is None:
        return None
    variable, proxy = named
    if proxy.startswith(("http://", "https://")):
        return proxy
    # unlike the variable of a scheme, this one is often set for other programs alone
    if variable == "all":
        return None
    parts = urlsplit(url)
    raise EngineError(
        f"{parts.scheme}_proxy names the proxy {shown(proxy)}, and only http:// proxies can be used. "
        f"Set no_proxy={parts.hostname} to reach the server directly, or name another proxy."
    )


def is_proxied(url: str) -> bool:
    """Whether the environment names a proxy of any kind for a URL."""
    return _named(url) is not None


def through(proxy: str | None, url: str) -> str:
    """By which proxy a message came about and how to do without it; empty for a direct connection."""
    return f"through the proxy {shown(proxy)} (no_proxy={urlsplit(url).hostname} avoids it)" if proxy else ""


def shown(proxy: str) -> str:
    """A proxy's URL without its password."""
    parts = urlsplit(proxy)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], path="", query="", fragment="").geturl()


def _named(url: str) -> tuple[str, str] | None:
    """The proxy that the environment names for a URL, behind the name of the variable; `None` if there is none."""
    parts = urlsplit(url)
    if _is_bypassed(parts.hostname or "", parts.port) or proxy_bypass(parts.netloc):
        return None
    proxies = getproxies()
    variable = parts.scheme if parts.scheme in proxies else "all"
    proxy = _spelled_out(proxies.get(variable, ""))
    return (variable, proxy) if proxy else None


def _spelled_out(proxy: str) -> str:
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"


def _is_bypassed(host: str, port: int | None) -> bool:
    """Whether `no_proxy` names a host: by name, by the name of a domain above it, or by a range of addresses."""
    host = host.lower().rstrip(".")
    stated = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    for entry in re.split(r"[,\s]+", stated.lower()):
        name, _, entry_port = entry.rpartition(":") if re.fullmatch(r"(\[.+\]|[^:]+):\d+", entry) else (entry, "", "")
        if entry_port and entry_port != str(port):
            continue
        name = name.strip("[]").removeprefix("*.").removeprefix(".")
        if entry == "*" or (name and (host == name or host.endswith(f".{name}") or _is_in_range(host, name))):
            return True
    return False


def _is_in_range(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
