"""octavo's fake server in a process of its own, with the faithful reader behind it and a log of what arrived.

`FakeServing` starts it and reads its logs; run as a script it is the server. Every call is noted as it arrives,
before it is answered, so that what a killed client had under way is seen; the account of tokens is made when it
stops.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import MutableMapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import faithful
from facts import FACTS, Fact
from octavo.models.chat import Request
from octavo.models.estimated_tokenizer import EstimatedTokenizer
from octavo.models.fake_endpoint import Receive, Scope, Send
from octavo.models.fake_server import FakeServer
from octavo.models.prompt_measure import PromptMeasure
from octavo.models.scripted import TEMPLATE
from octavo.models.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Arrival:
    """A call that came in: when (`time.monotonic()` of this machine), and the hash of its body."""

    at: float
    body: str


@dataclass(frozen=True, slots=True)
class ServedCall:
    """A call that was answered: what it was for, the tokens of its prompt, whether the fact stood in it, its status."""

    kind: str
    prompt_tokens: int
    shows_fact: bool
    status: str


class FakeServing:
    """The server's process, for `with`. `fact` is the one that its reader sees, or its key in `FACTS`; `latency` is in
    seconds a call. With `embedded_tokens` prompts are counted by the embedded model's tokenizer, else by the server's
    own estimate."""

    def __init__(
        self,
        fact: str | Fact = "en-shared",
        *,
        latency: float = 0.0,
        window: int = 8_192,
        embedded_tokens: bool = False,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._arrivals = Path(self._folder.name) / "arrivals"
        self._log = Path(self._folder.name) / "log"
        seen = FACTS[fact] if isinstance(fact, str) else fact
        self._command = [
            sys.executable,
            __file__,
            "--fact",
            json.dumps(asdict(seen)),
            "--latency",
            str(latency),
            "--window",
            str(window),
        ]
        self._command += ["--arrivals", str(self._arrivals), "--log", str(self._log)]
        if embedded_tokens:
            self._command.append("--embedded-tokens")
        self._process: subprocess.Popen[str] | None = None
        self.base_url = ""

    def __enter__(self) -> FakeServing:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.base_url = self._process.stdout.readline().strip()
        if not self.base_url:
            raise RuntimeError("the fake server did not start; its reason stands above")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        self._folder.cleanup()

    def arrivals(self) -> list[Arrival]:
        """What has arrived so far."""
        return read_arrivals(self._arrivals)

    def finish(self) -> list[ServedCall]:
        """Stop the server; all that it answered, in order."""
        self._stop()
        lines = self._log.read_text(encoding="utf-8").splitlines()
        return [ServedCall(**json.loads(line)) for line in lines]

    def _stop(self) -> None:
        if self._process is not None:
            self._process.communicate()  # closes its input, on which it ends
            self._process = None


def read_arrivals(log: Path) -> list[Arrival]:
    """What a `NotingServer` has noted in `log` so far."""
    if not log.exists():
        return []
    # The last line may still be under way.
    lines = log.read_text(encoding="ascii").rpartition("\n")[0].splitlines()
    return [Arrival(float(at), body) for at, body in (line.split() for line in lines)]


# --- the process ----------------------------------------------------------------------------------------------------


class NotingServer(FakeServer):
    """A fake server that notes every chat call as its body arrives."""

    def __init__(self, *endpoint: Any, arrivals: IO[str], **options: Any) -> None:
        super().__init__(*endpoint, **options)
        self._arrivals = arrivals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = hashlib.sha256()

        async def noting() -> MutableMapping[str, Any]:
            message = await receive()
            if message["type"] == "http.request":
                body.update(message.get("body", b""))
                if not message.get("more_body"):
                    self._arrivals.write(f"{time.monotonic()} {body.hexdigest()}\n")
            return message

        chat = scope["type"] == "http" and scope["path"].endswith("/chat/completions")
        await super().__call__(scope, noting if chat else receive, send)


def main() -> None:
    """Serve until standard input ends, then write the account."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fact", type=json.loads, required=True, help="as JSON")
    parser.add_argument("--latency", type=float, required=True)
    parser.add_argument("--window", type=int, required=True)
    parser.add_argument("--arrivals", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--embedded-tokens", action="store_true")
    arguments = parser.parse_args()
    fact = Fact(**arguments.fact)

    def reply(request: Request) -> str:
        return faithful.reply(fact, request.messages)

    tokenizer = embedded_tokenizer() if arguments.embedded_tokens else EstimatedTokenizer(exact=True)
    with arguments.arrivals.open("w", encoding="ascii", buffering=1) as arrivals:
        server = NotingServer(
            reply, arrivals=arrivals, window=arguments.window, latency=arguments.latency, tokenizer=tokenizer
        )
        with server:
            print(server.base_url, flush=True)
            sys.stdin.read()
    with arguments.log.open("w", encoding="utf-8") as log:
        for call in _account(server, fact, tokenizer):
            log.write(json.dumps(asdict(call)) + "\n")


def _account(server: FakeServer, fact: Fact, tokenizer: Tokenizer) -> list[ServedCall]:
    measure = PromptMeasure(tokenizer, TEMPLATE)
    return [
        ServedCall(
            kind=faithful.kind(call.messages),
            prompt_tokens=measure.tokens(call.messages),
            shows_fact=any(fact.shown_in(message.content) for message in call.messages),
            status=str(call.outcome),
        )
        for call in server.calls
    ]


def embedded_weights() -> Path:
    """The embedded model's file. Raises `RuntimeError` where it is not installed."""
    from octavo.models.install import weights_of

    weights = weights_of("smollm2")
    if weights is None:
        raise RuntimeError("the embedded model is not installed: octavo models install smollm2")
    return weights


@cache
def embedded_tokenizer() -> Tokenizer:
    """The embedded model's own tokenizer, without the model. Raises as `embedded_weights` does."""
    from octavo.models.gguf_tokenizer import gguf_tokenizer
    from octavo.models.weights import default_cache

    return gguf_tokenizer(embedded_weights(), default_cache())


if __name__ == "__main__":
    main()
