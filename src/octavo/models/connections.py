"""HTTP clients for a model that is used from several event loops, closed with their loops.

A client's connections belong to the loop that opened them, and synchronous callers run a loop per call. A client
looks through all of its connections for every call, so that many calls at once are spread over several clients. Knows
the `openai` client and event loops; nothing of what is asked.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl

    from openai import AsyncOpenAI

_CONNECT_SECONDS = 10.0
_CALLS_PER_CLIENT = 8


@dataclass
class _Client:
    """A client and how many calls it has under way."""

    openai: AsyncOpenAI
    calls: int = 0


@dataclass(eq=False)
class _LoopClients:
    """The clients of one event loop. A loop that ends finalizes its asynchronous generators: by `lifetime` they hear
    of it."""

    lifetime: AsyncGenerator[None, None]
    clients: list[_Client] = field(default_factory=list)
    closing: asyncio.Task[None] | None = None

    def close_soon(self) -> None:
        """Close them in the running loop."""

        async def close() -> None:
            await self.lifetime.aclose()

        self.closing = asyncio.get_running_loop().create_task(close())


_OPEN: set[_LoopClients] = set()
"""Keeps clients until they are closed in their loop. One that the garbage collector took first would have its sockets
closed under the loop, which then stops listening to whatever new socket has the old one's number."""


class Connections:
    """Clients for `base_url`. `timeout` is the longest silence, in seconds."""

    def __init__(self, base_url: str, api_key: str, *, timeout: float) -> None:
        self._base_url = base_url
        self._api_key = api_key
        self._timeout = timeout
        self._loops: dict[asyncio.AbstractEventLoop, _LoopClients] = {}
        # Whoever drops a model without closing it: its clients are closed where they were opened.
        weakref.finalize(self, _close_all, self._loops).atexit = False

    @asynccontextmanager
    async def client(self) -> AsyncIterator[AsyncOpenAI]:
        """A client for one call in the running loop, for as long as the call lasts."""
        clients = await self._clients()
        # The first that has room: few calls at once keep few connections open.
        client = next((client for client in clients if client.calls < _CALLS_PER_CLIENT), None)
        if client is None:
            client = _Client(self._new_client())
            clients.append(client)
        client.calls += 1
        try:
            yield client.openai
        finally:
            client.calls -= 1

    async def aclose(self) -> None:
        """Close the running loop's clients; those of other loops are closed when their loops end."""
        known = self._loops.get(asyncio.get_running_loop())
        if known is not None:
            await known.lifetime.aclose()

    async def _clients(self) -> list[_Client]:
        loop = asyncio.get_running_loop()
        known = self._loops.get(loop)
        if known is None:
            known = self._loops[loop] = _LoopClients(_lifetime(self._loops, loop))
            _OPEN.add(known)
            await anext(known.lifetime)
        return known.clients

    def _new_client(self) -> AsyncOpenAI:
        import httpx2
        import openai

        timeout = httpx2.Timeout(self._timeout, connect=min(_CONNECT_SECONDS, self._timeout))
        http_client = openai.DefaultAsyncHttpx2Client(
            timeout=timeout,
            verify=self._certificates,
            trust_env=not is_loopback(self._base_url),
            follow_redirects=False,  # prompts go to the address that was given, and nowhere else
        )
        return openai.AsyncOpenAI(
            api_key=self._api_key, base_url=self._base_url, max_retries=0, timeout=timeout, http_client=http_client
        )

    @cached_property
    def _certificates(self) -> ssl.SSLContext | bool:
        """Loading the authorities takes longer than making a client: once for all, and not where nothing is signed."""
        import httpx2

        return httpx2.create_ssl_context() if self._base_url.startswith("https:") else False


async def _lifetime(
    loops: dict[asyncio.AbstractEventLoop, _LoopClients], loop: asyncio.AbstractEventLoop
) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        known = loops.pop(loop)
        try:
            for client in known.clients:
                await client.openai.close()
        finally:
            _OPEN.discard(known)


def _close_all(loops: dict[asyncio.AbstractEventLoop, _LoopClients]) -> None:
    for loop, known in list(loops.items()):
        if loop.is_closed():
            _OPEN.discard(known)
        else:
            loop.call_soon_threadsafe(known.close_soon)


def is_loopback(url: str) -> bool:
    """Whether the address is this machine's own, which no proxy of the environment can reach."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
