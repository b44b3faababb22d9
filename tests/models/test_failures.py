from __future__ import annotations

from typing import Any

import httpx2
import openai
import pytest

from octavo import errors
from octavo.models.failures import TimedOut, model_error, refuses_tools

REQUEST = httpx2.Request("POST", "http://localhost:8000/v1/chat/completions")


def refused(status: int, body: Any, headers: dict[str, str] | None = None) -> errors.ModelError:
    """The error for a reply with this status and body, as the client itself makes it."""
    response = httpx2.Response(status, json=body, headers=headers, request=REQUEST)
    client = openai.OpenAI(api_key="none", base_url="http://localhost:8000/v1")
    error = client._make_status_error_from_response(response)
    client.close()
    return model_error(error, url="http://localhost:8000/v1", model="tiny")


@pytest.mark.parametrize(
    ("body", "prompt_tokens", "window"),
    [
        (
            {
                "error": {
                    "code": 400,
                    "message": "request (9031 tokens) exceeds the available context size (8192 tokens), try "
                    "increasing it",
                    "type": "exceed_context_size_error",
                    "n_prompt_tokens": 9031,
                    "n_ctx": 8192,
                }
            },
            9031,
            8192,
        ),
        (
            {
                "object": "error",
                "message": "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens "
                "(8488 in the messages, 512 in the completion). Please reduce the length of the messages.",
                "type": "BadRequestError",
                "code": 400,
            },
            8488,
            8192,
        ),
        (
            {
                "error": {
                    "message": "This model's maximum context length is 8192 tokens. However, your request has 9000 "
                    "input tokens. Please reduce the length of the input messages.",
                    "type": "BadRequestError",
                }
            },
            9000,
            8192,
        ),
        (
            {
                "error": {
                    "message": "This model's maximum context length is 128000 tokens. However, your messages resulted "
                    "in 130001 tokens. Please reduce the length of the messages.",
                    "code": "context_length_exceeded",
                }
            },
            130001,
            128000,
        ),
        (
            {"message": "The input (9000 tokens) is longer than the model's context length (8192 tokens)."},
            9000,
            8192,
        ),
        (
            {
                "message": "Requested token count exceeds the model's maximum context length of 8192 tokens. You "
                "requested a total of 9000 tokens: 8488 tokens from the input messages and 512 for the completion."
            },
            8488,
            8192,
        ),
        ({"error": {"message": "prompt is too long", "type": "invalid_request_error"}}, None, None),
    ],
    ids=["llama.cpp", "vllm-old", "vllm-new", "openai", "sglang-input", "sglang-total", "bare"],
)
def test_a_prompt_over_the_window_is_known_by_every_server_s_words(
    body: dict[str, Any], prompt_tokens: int | None, window: int | None
) -> None:
    error = refused(400, body)
    assert isinstance(error, errors.WindowExceeded)
    assert (error.prompt_tokens, error.window) == (prompt_tokens, window)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": {"message": "'messages' must not be empty"}}, errors.RequestRejected),
        (422, {"detail": [{"loc": ["body"], "msg": "Field required"}]}, errors.RequestRejected),
        (401, {"error": {"message": "Incorrect API key provided"}}, errors.Unauthorized),
        (403, {"error": "forbidden"}, errors.Unauthorized),
        (404, {"error": {"message": "The model `x` does not exist."}}, errors.UnknownModel),
        (404, {"detail": "Not Found"}, errors.RequestRejected),
        (408, {"error": "timeout"}, errors.ModelUnavailable),
        (429, {"error": {"message": "Rate limit reached"}}, errors.RateLimited),
        (500, {"error": {"message": "oops"}}, errors.ModelUnavailable),
        (503, {"error": {"message": "Loading model"}}, errors.ModelUnavailable),
    ],
)
def test_every_status_has_its_error(status: int, body: dict[str, Any], kind: type[errors.ModelError]) -> None:
    error = refused(status, body)
    assert type(error) is kind
    assert "\n" not in str(error)


def test_the_server_s_own_word_on_when_is_kept() -> None:
    assert refused(429, {}, {"retry-after": "7"}).retry_after == 7.0
    assert refused(429, {}, {"retry-after-ms": "250"}).retry_after == 0.25
    assert refused(429, {}, {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}).retry_after is None


def test_a_page_of_html_is_quoted_short_and_on_one_line() -> None:
    response = httpx2.Response(502, text="<html>\n" + "x" * 5_000, request=REQUEST)
    error = openai.InternalServerError(response.text, response=response, body=None)
    said = str(model_error(error, url="http://localhost:8000/v1", model="tiny"))
    assert len(said) < 500
    assert "\n" not in said


def test_timeouts_and_broken_connections_are_told_apart() -> None:
    timeout = model_error(openai.APITimeoutError(REQUEST), url="http://a", model="m")
    broken = model_error(openai.APIConnectionError(request=REQUEST), url="http://a", model="m")
    assert isinstance(timeout, TimedOut)
    assert isinstance(broken, errors.ModelUnavailable)
    assert not isinstance(broken, TimedOut)
    assert timeout.retryable and broken.retryable


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "Unsupported parameter: 'tools'"),
        (400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
        (400, "tiny:latest does not support tools"),
        (422, "tools: extra fields not permitted"),
        (404, "No endpoints found that support tool use."),
        (500, "tools param requires --jinja flag"),
    ],
)
def test_a_refusal_of_tools_is_known_by_every_server_s_words(status: int, said: str) -> None:
    assert refuses_tools(status, said)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "'messages' must not be empty"),
        (404, "The model `tool-llm` does not exist."),
        (429, "Too many tool calls: not supported on this plan"),
        (500, "the tool parser crashed"),
    ],
)
def test_other_refusals_are_not_taken_for_one_of_tools(status: int, said: str) -> None:
    assert not refuses_tools(status, said)
