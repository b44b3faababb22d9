"""Messages between a sandbox and its worker: a JSON head and raw bytes, each with its length before it.

JSON, not pickle: a parser that a hostile file has taken over must not be able to run code in the process it answers.
"""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

_LENGTHS = struct.Struct(">QQ")


def write_frame(stream: BinaryIO, head: dict[str, Any], body: bytes) -> None:
    """Sends one message; raises OSError (BrokenPipeError) where nobody reads any more."""
    encoded = json.dumps(head).encode("ascii")
    stream.write(_LENGTHS.pack(len(encoded), len(body)) + encoded)
    stream.write(body)
    stream.flush()


def read_frame(stream: BinaryIO, *, limit: int) -> tuple[dict[str, Any], bytes] | None:
    """The next message, or None at the stream's end (or in the middle of a message that was cut off). Raises ValueError
    for a message of more than `limit` bytes or a head that is not JSON."""
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    head_length, body_length = _LENGTHS.unpack(lengths)
    if head_length + body_length > limit:
        raise ValueError("the message is longer than it may be")
    encoded, body = stream.read(head_length), stream.read(body_length)
    if len(encoded) < head_length or len(body) < body_length:
        return None
    head: dict[str, Any] = json.loads(encoded)
    return head, body
