"""What a server says about the model it serves: names, window, template, weights.

Asks `GET /models` (OpenAI's protocol; vLLM and SGLang add `max_model_len`), then llama.cpp's `/props`,
`/apply-template` and `/tokenize`, which other servers answer with 404. Nothing is guessed: what no server says stays
None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from octavo.errors import ModelUnavailable, UnknownModel
from octavo.models.prompt_measure import TemplateOverhead

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_MOST_NAMES = 20
_USER = {"role": "user", "content": "x"}
_SYSTEM = {"role": "system", "content": "x"}
_ASSISTANT = {"role": "assistant", "content": "x"}


@dataclass(frozen=True, slots=True)
class ServedModel:
    """One model of a server. `window` in tokens; `parallel` calls at once; `weights` names the file or its size;
    `template` is what the chat template adds."""

    name: str
    window: int | None = None
    parallel: int | None = None
    weights: str = ""
    template: TemplateOverhead | None = None


async def find_model(client: AsyncOpenAI, name: str | None) -> ServedModel:
    """The model `name`, or the only one that is served. Raises `UnknownModel`, naming those that are served, and the
    client's own errors."""
    url = str(client.base_url)
    entries = _entries(await _json(client, "models"), url)
    entry = _chosen(entries, name, url)
    window = _positive(entry.get("max_model_len"))
    if window is not None:
        return ServedModel(entry["id"], window)
    props = await _llama_cpp(client, "GET", "/props")
    if not isinstance(props, Mapping):
        return ServedModel(entry["id"])
    settings = props.get("default_generation_settings")
    meta = entry.get("meta")
    size = meta.get("size", "") if isinstance(meta, Mapping) else ""
    return ServedModel(
        name=entry["id"],
        window=_positive(settings.get("n_ctx")) if isinstance(settings, Mapping) else None,
        parallel=_positive(props.get("total_slots")),
        weights=f"{props.get('model_path', '')}:{size}",
        template=await _template(client),
    )


def _entries(listing: Any, url: str) -> list[Mapping[str, Any]]:
    data = listing.get("data") if isinstance(listing, Mapping) else None
    if not isinstance(data, list):
        raise ModelUnavailable(f"{url}: the server's list of models cannot be read; is this an OpenAI-compatible URL?")
    return [entry for entry in data if isinstance(entry, Mapping) and isinstance(entry.get("id"), str)]


def _chosen(entries: list[Mapping[str, Any]], name: str | None, url: str) -> Mapping[str, Any]:
    if name is None and len(entries) == 1:
        return entries[0]
    for entry in entries:
        aliases = entry.get("aliases")
        if name is not None and (entry["id"] == name or (isinstance(aliases, list) and name in aliases)):
            return entry
    names = [entry["id"] for entry in entries]
    served = ", ".join(names[:_MOST_NAMES]) + (
        f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    )
    if name is None:
        raise UnknownModel(f"{url}: which model? It serves {served or 'none'}; name one with -m")
    raise UnknownModel(f"{url}: no model {name!r}; it serves {served or 'none'}")


async def _template(client: AsyncOpenAI) -> TemplateOverhead | None:
    patterns = ([_USER], [_SYSTEM, _USER], [_USER, _ASSISTANT, _USER])
    counts = [await _prompt_tokens(client, messages) for messages in patterns]
    letter = await _text_tokens(client, "x", special=False)
    if letter is None or None in counts:
        return None
    base, with_system, further = (
        count - letter * len(messages) for count, messages in zip(counts, patterns, strict=True) if count is not None
    )
    return TemplateOverhead(base=base, base_with_system=with_system, turn=further - base)


async def _prompt_tokens(client: AsyncOpenAI, messages: list[dict[str, str]]) -> int | None:
    applied = await _llama_cpp(client, "POST", "/apply-template", {"messages": messages})
    prompt = applied.get("prompt") if isinstance(applied, Mapping) else None
    return await _text_tokens(client, prompt, special=True) if isinstance(prompt, str) else None


async def _text_tokens(client: AsyncOpenAI, text: str, *, special: bool) -> int | None:
    body = {"content": text, "add_special": special, "parse_special": True}
    tokenized = await _llama_cpp(client, "POST", "/tokenize", body)
    tokens = tokenized.get("tokens") if isinstance(tokenized, Mapping) else None
    return len(tokens) if isinstance(tokens, list) else None


async def _llama_cpp(client: AsyncOpenAI, method: str, path: str, body: object = None) -> Any:
    """The reply of llama.cpp's own interface, which stands beside `/v1`; None from any other server."""
    import openai

    root = str(client.base_url).rstrip("/").removesuffix("/v1")
    try:
        return await _json(client, root + path, method=method, body=body)
    except (openai.APIStatusError, ModelUnavailable):
        return None


async def _json(client: AsyncOpenAI, path: str, *, method: str = "GET", body: object = None) -> Any:
    import httpx2

    response = await (
        client.get(path, cast_to=httpx2.Response)
        if method == "GET"
        else client.post(path, cast_to=httpx2.Response, body=body)
    )
    try:
        return response.json()
    except ValueError as error:
        raise ModelUnavailable(f"{response.url}: the reply is not JSON; is this an OpenAI-compatible URL?") from error


def _positive(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
