"""The settings of the command line: flags > environment > octavo.toml > defaults.

Every setting is one field of `Settings`, described where it stands; `docs/settings.md` is made from them. `octavo.toml`
is looked for in the working folder, then in octavo's home. Knows nothing of models, documents or how they are read.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import user_data_path
from pydantic import Field, PositiveFloat, PositiveInt, SecretStr, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from octavo.errors import UsageError

FILE_NAME = "octavo.toml"

_PREFIX = "OCTAVO_"


class Settings(BaseSettings):
    """What a user can set, whichever way. A value of None means: decided where it is used, as described."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_ignore_empty=True, validate_by_name=True, extra="forbid", frozen=True
    )

    model: Annotated[
        str | None,
        Field(
            description="The model: the name that the endpoint knows it by (may be left out where it serves one only), "
            "`smollm2` (`smollm2-raw`: without what octavo taught it), the path of a `.gguf` file, or the folder of "
            "a training; these run in this process."
        ),
    ] = None
    base_url: Annotated[
        str | None,
        Field(
            validation_alias="OPENAI_BASE_URL",
            description="The address of an OpenAI-compatible endpoint, such as `http://localhost:8000/v1`. Without one "
            "no endpoint is used.",
        ),
    ] = None
    api_key: Annotated[
        SecretStr | None,
        Field(
            validation_alias="OPENAI_API_KEY",
            description="The endpoint's key. A key alone sends nothing anywhere.",
        ),
    ] = None
    window: Annotated[
        PositiveInt | None,
        Field(
            description="The most tokens that prompt and reply may have together; by default what the server says. "
            "4,096 and more are supported."
        ),
    ] = None
    tokenizer: Annotated[
        str | None,
        Field(
            description="The endpoint's tokenizer, for exact counts: a `tokenizer.json`, a `.gguf` file, or a name on "
            "the Hugging Face hub. Without one, counts are estimated, on the high side."
        ),
    ] = None
    home: Annotated[
        Path | None,
        Field(
            description="The folder of the library, the ledger of calls and what is worked out about models; by "
            "default the platform's data folder."
        ),
    ] = None
    level: Annotated[
        Literal["auto", "whole", "retrieve", "read", "reason"],
        Field(description="How to answer; `auto` is the cheapest level that suffices."),
    ] = "auto"
    highest: Annotated[
        Literal["retrieve", "read", "reason"] | None,
        Field(description="The highest level that `auto` climbs to; by default reason (read for smollm2)."),
    ] = None
    strategy: Annotated[
        Literal["number", "quote", "opening"] | None,
        Field(
            description="How the reader points at sentences: by number, by copying them, or by their opening words; "
            "the default depends on the kind of model."
        ),
    ] = None
    chunk_tokens: Annotated[int, Field(ge=32, description="The most tokens that a chunk holds.")] = 512
    read_tokens: Annotated[
        int | None,
        Field(
            ge=32,
            description="The most tokens that one reading call is shown: neighbouring chunks are shown together up to "
            "it; by default one chunk a call.",
        ),
    ] = None
    questions_at_once: Annotated[
        PositiveInt | None,
        Field(
            description="The most questions that one reading call is asked, where several are answered from one "
            "reading; by default 6 (1 for smollm2, which reads for one at a time)."
        ),
    ] = None
    rounds: Annotated[
        PositiveInt,
        Field(
            description="How often the documents are read at level read: from the second time on with what the time "
            "before found as notes, until nothing new is found."
        ),
    ] = 1
    steps: Annotated[PositiveInt, Field(description="The most steps of the level reason.")] = 6
    tools: Annotated[
        Literal["schema", "native"],
        Field(
            description="How the level reason calls tools: by a schema, which any server takes, or by the endpoint's "
            "own tool calls."
        ),
    ] = "schema"
    fill: Annotated[
        int | None,
        Field(
            ge=32,
            description="The most tokens of passages that the answering model is shown; by default all that the window "
            "leaves (1,200 for smollm2, which makes little of more).",
        ),
    ] = None
    answer_tokens: Annotated[
        PositiveInt | None,
        Field(description="The longest answer, in tokens; the default depends on the window."),
    ] = None
    concurrency: Annotated[
        PositiveInt | None, Field(description="Calls at once; by default adapted to the server.")
    ] = None
    budget_tokens: Annotated[
        PositiveInt | None,
        Field(
            description="A hard cap on the tokens of one question (an evaluation: of all that it asks), prompts and "
            "replies."
        ),
    ] = None
    budget_seconds: Annotated[PositiveFloat | None, Field(description="A hard cap on the seconds of one question.")] = (
        None
    )
    allow_private: Annotated[
        bool, Field(description="Whether a document's URL may lead to an address that is not public.")
    ] = False

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then the environment, then both files; no `.env` file and no folder of secrets is read."""
        files = [InitSettingsSource(settings_cls, values) for values in _files_of(init_settings(), env_settings())]
        return init_settings, env_settings, *files

    @property
    def home_folder(self) -> Path:
        """`home`, or the platform's data folder."""
        return self.home.expanduser() if self.home is not None else _default_home()


def load_settings(flags: Mapping[str, object] | None = None) -> Settings:
    """The settings as `flags` (those that are None were not given), the environment and both files have them.

    Raises `UsageError`, which names the setting and where it was set.
    """
    given: dict[str, Any] = {name: value for name, value in (flags or {}).items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False)[0]
        name = _field_name(str(problem["loc"][0]))
        where = _origin(name, given)
        found = "" if name == "api_key" else f", not {problem['input']!r}"
        raise UsageError(f"{where}: {_reason(problem['msg'])}{found}") from None


def variable_of(name: str) -> str:
    """The environment variable of a setting."""
    return str(Settings.model_fields[name].validation_alias or f"{_PREFIX}{name.upper()}")


def flag_of(name: str) -> str | None:
    """The flag of a setting; the key has none, since a command line is seen by others and kept in a history."""
    return None if name == "api_key" else f"--{name.replace('_', '-')}"


def set_by_working_folder(name: str, flags: Mapping[str, object]) -> bool:
    """Whether the setting's value comes from the `octavo.toml` of the working folder.

    That file may be someone else's: a folder that was downloaded, say. What it says is followed, but it is not trusted
    with what it was not given.
    """
    elsewhere = flags.get(name) is not None or _in_environment(name)
    return not elsewhere and name in _read_file(_working_file())


def _files_of(flags: Mapping[str, Any], environment: Mapping[str, Any]) -> list[dict[str, Any]]:
    here = _read_file(_working_file())
    home = flags.get("home") or environment.get("home") or here.get("home")
    in_home = (Path(home).expanduser() if home else _default_home()) / FILE_NAME
    if in_home.resolve() == _working_file().resolve():
        return [here]
    there = _read_file(in_home)
    if "home" in there:
        raise UsageError(f"{in_home}: home cannot be set inside the home itself; set OCTAVO_HOME")
    return [here, there]


def _read_file(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: no valid TOML: {error}") from error
    for key in values:
        if key not in Settings.model_fields:
            close = get_close_matches(key, Settings.model_fields, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(Settings.model_fields)}"
            raise UsageError(f"{path}: unknown setting {key!r}; {hint}")
    return values


def _working_file() -> Path:
    return Path.cwd() / FILE_NAME


def _default_home() -> Path:
    return user_data_path("octavo", appauthor=False)


def _in_environment(name: str) -> bool:
    variable = variable_of(name)
    return any(value and key.upper() == variable for key, value in os.environ.items())


def _field_name(location: str) -> str:
    aliases = {field.validation_alias: name for name, field in Settings.model_fields.items()}
    return aliases.get(location, location)


def _origin(name: str, flags: Mapping[str, object]) -> str:
    """Where a setting's value was found, for a message."""
    if name in flags:
        return flag_of(name) or name
    if _in_environment(name):
        return variable_of(name)
    return f"{FILE_NAME}: {name}"


def _reason(message: str) -> str:
    return (
        message.removeprefix("Input ").replace("should be", "must be").replace("greater than or equal to", "at least")
    )
