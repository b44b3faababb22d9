"""Texts of a given size, made from a book: its paragraphs in another order, so that no two are alike.

What comes out reads like the book to a tokenizer, a sentence splitter and an index. Knows nothing of octavo.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

QUESTION = "Who is Prince Andrew's sister?"
"""What is asked of War and Peace where any question will do."""


def paragraphs(text: str) -> list[str]:
    """The paragraphs of `text` that are not empty, headings among them."""
    return [paragraph for paragraph in text.split("\n\n") if paragraph.strip()]


def shuffled(text: str, seed: int) -> str:
    """The paragraphs of `text` in a random order."""
    order = paragraphs(text)
    random.Random(seed).shuffle(order)
    return "\n\n".join(order) + "\n"


def write_shuffled(text: str, folder: Path, total_bytes: int) -> Iterator[Path]:
    """Files of the text's paragraphs, each in an order of its own, the last cut short: `total_bytes` in all."""
    folder.mkdir(parents=True, exist_ok=True)
    left, number = total_bytes, 0
    while left > 0:
        data = shuffled(text, number).encode("utf-8")[:left]
        path = folder / f"book-{number:02}.md"
        path.write_bytes(data.decode("utf-8", "ignore").encode("utf-8"))
        left -= len(data)
        number += 1
        yield path
