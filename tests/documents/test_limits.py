"""Sizes in words."""

from __future__ import annotations

import pytest

from octavo.documents.limits import in_words


@pytest.mark.parametrize(
    ("size", "words"), [(999, "999 bytes"), (1000, "1.0 kB"), (1_400_000, "1.4 MB"), (5_700_000_000_000, "5700.0 GB")]
)
def test_sizes_read_as_people_say_them(size: int, words: str) -> None:
    assert in_words(size) == words
