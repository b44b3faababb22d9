"""Flags before environment before octavo.toml before defaults; nothing unknown, nothing undocumented."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from octavo.errors import UsageError
from octavo.reading.options import LevelChoice, ReadingOptions, Strategy
from octavo.settings import FILE_NAME, Settings, flag_of, load_settings, set_by_working_folder, variable_of

DOCS = Path(__file__).parents[1] / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A working folder and a home, both empty, and an environment that sets nothing but the home."""
    for name in Settings.model_fields:
        monkeypatch.delenv(variable_of(name), raising=False)
    here, home = tmp_path / "here", tmp_path / "home"
    here.mkdir()
    home.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("OCTAVO_HOME", str(home))
    return here, home


def test_every_way_of_setting_gives_way_to_the_one_before_it(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, home = folders
    assert load_settings().window is None

    (home / FILE_NAME).write_text("window = 1\n")
    assert load_settings().window == 1
    (here / FILE_NAME).write_text("window = 2\n")
    assert load_settings().window == 2
    monkeypatch.setenv("OCTAVO_WINDOW", "3")
    assert load_settings().window == 3
    assert load_settings({"window": 4}).window == 4


def test_a_flag_that_was_not_given_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCTAVO_MODEL", "qwen3-4b")
    assert load_settings({"model": None}).model == "qwen3-4b"


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    assert load_settings().base_url is None


def test_a_key_alone_names_no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    assert load_settings().base_url is None


def test_a_key_is_never_shown(monkeypatch: pytest.MonkeyPatch, folders: tuple[Path, Path]) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    assert "secret" not in repr(load_settings())
    monkeypatch.delenv("OPENAI_API_KEY")
    (folders[0] / FILE_NAME).write_text("api_key = 31337\n")
    with pytest.raises(UsageError) as error:
        load_settings()
    assert "31337" not in str(error.value)


def test_the_files_home_is_used_and_holds_more_settings(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OCTAVO_HOME")
    other = tmp_path / "other"
    other.mkdir()
    (folders[0] / FILE_NAME).write_text(f"home = {str(other)!r}\n")
    (other / FILE_NAME).write_text("fill = 99\n")
    settings = load_settings()
    assert (settings.home_folder, settings.fill) == (other, 99)


def test_a_home_cannot_name_another(folders: tuple[Path, Path]) -> None:
    (folders[1] / FILE_NAME).write_text("home = '/elsewhere'\n")
    with pytest.raises(UsageError, match="home cannot be set inside the home"):
        load_settings()


def test_an_unknown_key_is_named_with_its_file_and_the_likely_one(folders: tuple[Path, Path]) -> None:
    (folders[0] / FILE_NAME).write_text("windw = 9\n")
    with pytest.raises(UsageError, match=r"octavo\.toml: unknown setting 'windw'; did you mean window\?"):
        load_settings()


def test_a_file_that_is_no_toml_is_named(folders: tuple[Path, Path]) -> None:
    (folders[1] / FILE_NAME).write_text("window : 9\n")
    with pytest.raises(UsageError, match=r"home.octavo\.toml: no valid TOML"):
        load_settings()


def test_a_value_that_means_nothing_is_named_with_where_it_was_set(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match=r"^--strategy: must be 'number', 'quote' or 'opening', not 'guess'$"):
        load_settings({"strategy": "guess"})
    (folders[0] / FILE_NAME).write_text("fill = 'much'\n")
    with pytest.raises(UsageError, match=r"^octavo\.toml: fill: must be"):
        load_settings()
    monkeypatch.setenv("OCTAVO_FILL", "0")
    with pytest.raises(UsageError, match=r"^OCTAVO_FILL: must be at least 32, not '0'$"):
        load_settings()


def test_it_is_known_what_the_working_folder_alone_has_set(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not set_by_working_folder("base_url", {})
    (folders[0] / FILE_NAME).write_text("base_url = 'http://example.org/v1'\n")
    assert set_by_working_folder("base_url", {})
    assert not set_by_working_folder("base_url", {"base_url": "http://localhost/v1"})
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost/v1")
    assert not set_by_working_folder("base_url", {})


def test_the_choices_and_defaults_are_those_of_the_reader() -> None:
    fields = Settings.model_fields
    assert get_args(fields["level"].annotation) == get_args(LevelChoice)
    assert get_args(get_args(fields["strategy"].annotation)[0]) == get_args(Strategy)
    assert fields["chunk_tokens"].default == ReadingOptions().chunk_tokens


def test_the_default_home_is_the_librarys(monkeypatch: pytest.MonkeyPatch) -> None:
    from octavo.library.home import default_home

    monkeypatch.delenv("OCTAVO_HOME")
    assert Settings().home_folder == default_home()


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented(name: str) -> None:
    flag = flag_of(name)
    row = next((line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{name}` ")), "")
    assert f"`{variable_of(name)}`" in row
    assert (f"`{flag}`" if flag else "none") in row
    assert str(Settings.model_fields[name].description) in row
