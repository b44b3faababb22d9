"""The key of a call: what must be the same for one reply to stand for another.

Knows requests and models by their names; nothing of where keys are kept.
"""

from __future__ import annotations

import hashlib
import json

from octavo.models.chat import ChatModel, Request

RULES = 1
"""Raised when the same call would get another key."""


def call_key(model: ChatModel, request: Request) -> bytes:
    """The SHA-256 of the host, the fingerprint of the weights, the messages, the parameters, the replicate and, where
    there are any, the tools."""
    call: list[object] = [
        RULES,
        model.host,
        model.fingerprint,
        [[message.role, message.content] for message in request.messages],
        request.max_tokens,
        request.schema,
        request.logprobs,
        request.temperature,
        request.seed,
        request.stop,
        request.replicate,
    ]
    if request.tools:
        call.append([[tool.name, tool.description, tool.parameters] for tool in request.tools])
    # As ASCII, so that text which no encoding can carry (a lone surrogate) has a key as well.
    return hashlib.sha256(json.dumps(call, sort_keys=True, separators=(",", ":")).encode("ascii")).digest()
