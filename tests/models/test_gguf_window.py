"""The window of a GGUF file: what it says, and a copy with a longer one."""

from __future__ import annotations

from pathlib import Path

import gguf
import pytest

from octavo.errors import UsageError
from octavo.models.gguf_window import gguf_window, stretched
from tests.models.vocabulary import write_gguf, write_tiny_model


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """One layer with two heads of 16 numbers, trained for 256 tokens."""
    path = tmp_path / "tiny.gguf"
    write_tiny_model(path, "smollm", rotary=True)
    return path


def test_the_file_tells_its_window_and_what_a_token_of_it_costs(tiny: Path) -> None:
    known = gguf_window(tiny)
    assert (known.trained, known.rotary, known.scaled) == (256, True, None)
    assert known.token_bytes == 1 * 2 * (16 + 16) * 2


def test_a_stretched_copy_has_the_same_tensors_and_yarn_in_its_metadata(tiny: Path, tmp_path: Path) -> None:
    copy = stretched(tiny, 1_024, tmp_path / "cache")
    before, after = gguf.GGUFReader(tiny), gguf.GGUFReader(copy)
    added = {name: field.contents() for name, field in after.fields.items() if name not in before.fields}
    assert added == {
        "llama.rope.scaling.type": "yarn",
        "llama.rope.scaling.factor": 4.0,
        "llama.rope.scaling.original_context_length": 256,
    }
    changed = {name for name, field in before.fields.items() if field.contents() != after.fields[name].contents()}
    assert changed == {"llama.context_length", "GGUF.kv_count"}
    assert after.fields["llama.context_length"].contents() == 1_024
    assert [each.name for each in after.tensors] == [each.name for each in before.tensors]
    assert all((one.data == other.data).all() for one, other in zip(before.tensors, after.tensors, strict=True))
    known = gguf_window(copy)
    assert (known.trained, known.scaled) == (1_024, "yarn")


def test_the_copy_is_made_once(tiny: Path, tmp_path: Path) -> None:
    first = stretched(tiny, 1_024, tmp_path / "cache")
    made = first.stat().st_mtime_ns
    assert stretched(tiny, 1_024, tmp_path / "cache") == first
    assert first.stat().st_mtime_ns == made
    assert [path.name for path in first.parent.iterdir()] == ["tiny-yarn-1024.gguf"]


def test_what_cannot_be_stretched_is_said(tiny: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with pytest.raises(UsageError, match=r"tiny\.gguf was trained for 256 tokens: 256 need no stretching"):
        stretched(tiny, 256, cache)
    with pytest.raises(UsageError, match=r"stretched already \(yarn\), to 512 tokens"):
        stretched(stretched(tiny, 512, cache), 1_024, cache)
    write_tiny_model(tmp_path / "plain.gguf", "smollm")
    with pytest.raises(UsageError, match="positions are no rotations"):
        stretched(tmp_path / "plain.gguf", 512, cache)
    write_gguf(tmp_path / "bare.gguf")
    with pytest.raises(UsageError, match="does not say for how long"):
        gguf_window(tmp_path / "bare.gguf")
    (tmp_path / "none.gguf").write_bytes(b"GGUF")
    with pytest.raises(UsageError, match="not a GGUF file"):
        gguf_window(tmp_path / "none.gguf")


def test_a_place_that_takes_no_copy_is_named(tiny: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "stretched").write_text("in the way")
    with pytest.raises(UsageError, match="cannot keep a copy of the model there"):
        stretched(tiny, 512, cache)
