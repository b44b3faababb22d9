"""A fake OpenAI-compatible server on a loopback port, for tests and benchmarks: public and small.

`FakeServer` runs in a thread of this process; `python -m octavo.models.fake_server` is a process of its own, which
prints its base URL as its first line and ends when its standard input does or it is interrupted. What it answers is
`fake_endpoint.py`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import socket
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from octavo.errors import MissingExtra
from octavo.models.fake_endpoint import FakeEndpoint

_BACKLOG = 1_024
_KEEP_ALIVE_SECONDS = 300


class FakeServer(FakeEndpoint):
    """A `FakeEndpoint` that listens, for `with`. Takes what that takes, and `port` (0: any that is free)."""

    def __init__(self, *endpoint: Any, port: int = 0, **options: Any) -> None:
        super().__init__(*endpoint, **options)
        self._port = port
        self._socket: socket.socket | None = None
        self._server: Any = None
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        """The address to give to an `EndpointModel`."""
        if self._socket is None:
            raise RuntimeError("the fake server is not started")
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"

    def start(self) -> str:
        """Listen, answer in a thread, and return the base URL."""
        try:
            import uvicorn
        except ImportError as error:
            raise MissingExtra("the fake server", "testing") from error

        self._socket = _listening(self._port)
        config = uvicorn.Config(
            self,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="octavo-fake-server", daemon=True
        )
        self._thread.start()
        return self.base_url

    def stop(self) -> None:
        """Stop answering and close the port. May be called again."""
        if self._thread is not None and self._socket is not None:
            self._server.should_exit = True
            self._thread.join()
            self._socket.close()
            self._thread = self._socket = None

    def __enter__(self) -> FakeServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _listening(port: int) -> socket.socket:
    # asyncio sends at once (without Nagle's delay, 40 ms a reply) only where the protocol is named.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen(_BACKLOG)
    return listening


def main(arguments: list[str] | None = None) -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m octavo.models.fake_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--reply", default="none", help="the text of every reply")
    parser.add_argument("--name", default="fake", help="the model's name")
    parser.add_argument("--window", type=int, default=8_192, help="tokens")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds a call")
    parser.add_argument("--most-at-once", type=int, help="more calls than these get status 429")
    for fault in ("rate-limited", "server-error", "broken-json", "dropped"):
        parser.add_argument(f"--{fault}", type=float, default=0.0, help="share of the calls, 0 to 1")
    parser.add_argument("--seed", type=int, default=0, help="of the draw of faults")
    parser.add_argument("--log", type=Path, help="file for the calls, as JSON lines, written at the end")
    given = parser.parse_args(arguments)
    server = FakeServer(
        given.reply,
        port=given.port,
        name=given.name,
        window=given.window,
        latency=given.latency,
        most_at_once=given.most_at_once,
        fault_shares={
            "rate_limited": given.rate_limited,
            "server_error": given.server_error,
            "broken_json": given.broken_json,
            "dropped": given.dropped,
        },
        seed=given.seed,
    )
    with server:
        sys.stdout.write(f"{server.base_url}\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            sys.stdin.read()
    if given.log is not None:
        given.log.write_text("".join(f"{json.dumps(asdict(call))}\n" for call in server.calls), encoding="utf-8")


if __name__ == "__main__":
    main()
