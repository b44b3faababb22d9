"""What went wrong in a call, as octavo's errors.

Knows how OpenAI-compatible servers (vLLM, SGLang, llama.cpp, Ollama, gateways, OpenAI itself) word their refusals;
nothing of retries.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from octavo.errors import (
    ModelError,
    ModelUnavailable,
    RateLimited,
    RequestRejected,
    Unauthorized,
    UnknownModel,
    WindowExceeded,
)

if TYPE_CHECKING:
    from openai import OpenAIError

_LONGEST_QUOTE = 300
_TOO_LONG = re.compile(
    r"context[ _](length|window|size)|context_length_exceeded|exceed_context_size|"
    r"longer than the model|prompt is too long|maximum (context|input|prompt)|input (is )?too long|too many tokens",
    re.IGNORECASE,
)
_WINDOW = re.compile(
    r"(?:context (?:length|window|size) (?:is |of )?\(?|context size \()(\d+)|(?:limit|maximum) (?:of|is) (\d+)",
    re.IGNORECASE,
)
_PROMPT = (
    re.compile(r"(\d+) (?:tokens )?(?:in|from) the (?:input )?(?:messages|prompt)", re.IGNORECASE),
    re.compile(
        r"(?:request|input|prompt|messages) (?:has|\(|resulted in|is|of)? ?\(?(\d+) (?:input )?tokens", re.IGNORECASE
    ),
    re.compile(r"requested (?:a total of )?(\d+) tokens", re.IGNORECASE),
    re.compile(r"(\d+) (?:input )?tokens", re.IGNORECASE),
)


_ABOUT_TOOLS = re.compile(r"\btools?\b|tool_choice|tool[ _-]call|function[ _-]call", re.IGNORECASE)
_LACKS = re.compile(
    r"requires|not (?:\w+ )?support|unsupported|not (?:implemented|enabled)|no endpoints found", re.IGNORECASE
)


class TimedOut(ModelUnavailable):
    """The server took the call and did not answer in time: it may have too much to do."""


def model_error(error: OpenAIError, *, url: str, model: str) -> ModelError:
    """The error of octavo for one of the client's, for a call of `model` at `url`."""
    import openai

    where = f"{model} at {url}"
    if isinstance(error, openai.APITimeoutError):
        return TimedOut(f"{where}: no answer in time; is the server overloaded?")
    if isinstance(error, openai.APIConnectionError):
        return ModelUnavailable(
            f"{where}: no connection ({_root_cause(error)}); is the server running, and the address right?"
        )
    if isinstance(error, openai.APIStatusError):
        return _status_error(error, url=url, where=where)
    return ModelUnavailable(f"{where}: {_shortened(str(error))}")


def _status_error(error: Any, *, url: str, where: str) -> ModelError:
    status: int = error.status_code
    headers: Mapping[str, str] = error.response.headers
    said = message_of(error.body) or _shortened(error.message)
    match status:
        case 401 | 403:
            return Unauthorized(f"{url}: the key was refused (status {status}): {said}; set OPENAI_API_KEY")
        case 429:
            return RateLimited(f"{where}: too many requests: {said}", retry_after=_retry_after(headers))
        case _ if status >= 500 or status == 408:
            return ModelUnavailable(f"{where}: status {status}: {said}", retry_after=_retry_after(headers))
        case _ if status < 400:
            leads = headers.get("location", "elsewhere")
            return RequestRejected(f"{url}: it leads to {leads}, which is not followed; give that as the base URL")
        case _:
            return _rejection(error.body, said, status=status, where=where)


def _rejection(body: object, said: str, *, status: int, where: str) -> ModelError:
    if is_too_long(body, said):
        prompt_tokens, window = _counts(body, said)
        return WindowExceeded(
            f"{where}: the prompt is longer than the window: {said}", prompt_tokens=prompt_tokens, window=window
        )
    if status == 404 and "model" in said.lower():
        return UnknownModel(f"{where}: {said}; `octavo models list` shows what is served")
    return RequestRejected(f"{where}: status {status}: {said}")


def message_of(body: object) -> str:
    """The server's own words in the body of an error, in the shapes that servers use."""
    if isinstance(body, Mapping):
        for key in ("message", "error", "detail"):
            value = body.get(key)
            if isinstance(value, str) and value:
                return _shortened(value)
            if isinstance(value, Mapping | list):
                return message_of(value) or _shortened(str(value))
    if isinstance(body, list) and body:
        return message_of(body[0])
    return _shortened(body) if isinstance(body, str) else ""


def is_too_long(body: object, said: str) -> bool:
    """Whether a refusal is about the length of the prompt."""
    code = " ".join(str(body.get(key, "")) for key in ("code", "type")) if isinstance(body, Mapping) else ""
    return bool(_TOO_LONG.search(f"{code} {said}"))


def refuses_tools(status: int, said: str) -> bool:
    """Whether a refusal of a call with tools, in these words, is about the tools. Gateways call it 404 that nobody
    serves the model with tools, and llama.cpp 500 that it was started without a template for them."""
    if not _ABOUT_TOOLS.search(said):
        return False
    return status in {400, 422} or (status in {404, 500, 501} and bool(_LACKS.search(said)))


def _counts(body: object, said: str) -> tuple[int | None, int | None]:
    """Tokens of the prompt and of the window, as far as the server gave them."""
    prompt = window = None
    if isinstance(body, Mapping):
        prompt, window = _integer(body.get("n_prompt_tokens")), _integer(body.get("n_ctx"))
    if window is None and (match := _WINDOW.search(said)):
        window = int(match.group(1) or match.group(2))
    if prompt is None:
        found = (int(match.group(1)) for pattern in _PROMPT for match in pattern.finditer(said))
        prompt = next((count for count in found if count != window), None)
    return prompt, window


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * unit)
        except (KeyError, ValueError):
            continue
    return None


def _root_cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return _shortened(str(error)) or type(error).__name__


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_QUOTE else line[: _LONGEST_QUOTE - 1] + "…"
