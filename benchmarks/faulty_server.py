"""A fake server that fails as it is told, the same way whenever the same prompt comes.

Of all prompts a share fails the first time that it comes and a share every time, by a status, a connection that ends or
half a reply; of the replies a share is not the JSON that was asked for. All by a hash of the prompt, so a retry of a
prompt that fails for good fails too. The log tells afterwards which passages were read for which questions. Knows
calls; nothing of budgets or coverage.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from asked import Reading, asked
from octavo.models.chat import Completion, Message, Request
from octavo.models.fake_endpoint import FakeCall, Fault, Receive, Send
from octavo.models.fake_server import FakeServer
from octavo.models.scripted import Script

_NOT_JSON = ("I would rather not say.", '{"sent', "", "```\nnone\n```", '{"answer": "yes"}')


@dataclass(frozen=True, slots=True)
class Faults:
    """Shares, 0 to 1: of prompts that fail once, of prompts that fail for good, of replies that are not JSON."""

    once: float = 0.20
    for_good: float = 0.02
    not_json: float = 0.05
    seed: int = 0

    def of(self, messages: Sequence[Message]) -> tuple[Fault | None, bool]:
        """The fault of this prompt, if it has one, and whether it has it for good."""
        drawn = self._drawn("fault", messages)
        if drawn >= self.once + self.for_good:
            return None, False
        kinds: tuple[Fault, ...] = get_args(Fault)
        return kinds[int(self._drawn("kind", messages) * len(kinds))], drawn < self.for_good

    def garbled(self, messages: Sequence[Message], temperature: float) -> str | None:
        """What is replied in place of the JSON that was asked for; another temperature is another draw."""
        if self._drawn(f"garbled {temperature:g}", messages) >= self.not_json:
            return None
        return _NOT_JSON[int(self._drawn("how", messages) * len(_NOT_JSON))]

    def _drawn(self, what: str, messages: Sequence[Message]) -> float:
        digest = hashlib.sha256(f"{self.seed}\0{what}".encode())
        for message in messages:
            digest.update(b"\0" + message.content.encode("utf-8", "surrogatepass"))
        return int.from_bytes(digest.digest()[:8], "big") / 2**64


class FaultyServer(FakeServer):
    """A `FakeServer` of `script` with `faults`, for `with`."""

    def __init__(self, script: Script, faults: Faults, **options: Any) -> None:
        self._told = faults
        self._come: set[tuple[Message, ...]] = set()

        def reply(request: Request) -> str | Completion:
            garbled = faults.garbled(request.messages, request.temperature) if request.schema else None
            return script(request) if garbled is None else garbled

        super().__init__(reply, **options)

    async def _chat(self, body: Mapping[str, Any], receive: Receive, send: Send) -> None:
        messages = tuple(Message(item["role"], item["content"]) for item in body["messages"])
        fault, for_good = self._told.of(messages)
        if messages in self._come and not for_good:
            fault = None
        self._come.add(messages)
        self._faults.append(fault)
        await super()._chat(body, receive, send)

    def __enter__(self) -> FaultyServer:
        super().__enter__()
        return self

    def passages_read(self) -> dict[str, set[str]]:
        """For every question, the passages for which it got a reply that can be used."""
        read: dict[str, set[str]] = defaultdict(set)
        for call in self.calls:
            parts = asked(call.messages)
            if isinstance(parts, Reading) and call.outcome == 200 and not self._garbled(call):
                for question in parts.questions:
                    read[question].add(" ".join(parts.sentences))
        return read

    def _garbled(self, call: FakeCall) -> bool:
        return self._told.garbled(call.messages, call.body.get("temperature", 1.0)) is not None

    def tokens_given(self) -> int:
        """Prompt tokens of all calls that were replied to."""
        return sum(self._measure.tokens(call.messages) for call in self.calls if call.outcome == 200)
