"""From options to the model that judges answers.

Knows settings and models; nothing of what is judged.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import SecretStr

from octavo.cli.choosing import Choice, choose_model
from octavo.settings import Settings

KEY_VARIABLE = "OCTAVO_JUDGE_API_KEY"

_WINDOW = 8_192
"""What a judge is shown, question and answers without the text, is far shorter; servers that do not tell their window
need to be told one."""


def choose_judge(name: str, url: str | None, settings: Settings, flags: Mapping[str, object]) -> Choice:
    """The model that judges: at `url`, or found as the model itself is found.

    It gets the key of `KEY_VARIABLE`; without one the model's own key, but only where the two have the same host.
    Raises `UsageError` as `choose_model` does.
    """
    changes: dict[str, object] = {"model": name, "window": _WINDOW, "tokenizer": None}
    given = {**flags, "model": name}
    if url is not None:
        given["base_url"] = url
        changes["base_url"] = url
    own = os.environ.get(KEY_VARIABLE)
    if own:
        changes["api_key"] = SecretStr(own)
    elif url is not None and _host(url) != _host(settings.base_url):
        # The client would look for a key itself where it is given none.
        changes["api_key"] = SecretStr("none")
    return choose_model(settings.model_copy(update=changes), given)


def _host(url: str | None) -> str | None:
    return urlsplit(url).netloc if url is not None else None
