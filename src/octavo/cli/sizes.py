"""Lengths and depths as people write them: "8k,32k,1m", "0:100:10". Knows words and numbers; nothing of benchmarks."""

from __future__ import annotations

import re

from octavo.errors import UsageError

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([km]?)", re.IGNORECASE)
_FACTORS = {"": 1, "k": 1_000, "m": 1_000_000}


def parsed_sizes(words: str) -> tuple[int, ...]:
    """The numbers of a list such as "8k,32k,1m": k is a thousand, m a million. Raises `UsageError`."""
    sizes = []
    for word in words.split(","):
        found = _SIZE.fullmatch(word.strip())
        if not found or not float(found[1]):
            raise UsageError(f"{word.strip()!r} is no length: give a list such as 8k,32k,1m")
        sizes.append(round(float(found[1]) * _FACTORS[found[2].lower()]))
    return tuple(sizes)


def parsed_size(words: str) -> int:
    """The one number that words such as "1m" are. Raises `UsageError`, also for several."""
    sizes = parsed_sizes(words)
    if len(sizes) != 1:
        raise UsageError(f"{words!r} are {len(sizes)} lengths: give one, such as 1m")
    return sizes[0]


def parsed_numbers(words: str) -> tuple[int, ...]:
    """The whole numbers, from 1 on, of a list such as "2,4,8". Raises `UsageError`."""
    try:
        numbers = tuple(int(word) for word in words.split(","))
    except ValueError as error:
        raise UsageError(f"{words!r} are no numbers: give a list such as 2,4,8") from error
    if min(numbers) < 1:
        raise UsageError(f"{words!r}: numbers start at 1")
    return numbers


def parsed_depths(words: str) -> tuple[float, ...]:
    """The percentages of a list such as "0,50,100", or of a range "FROM:TO:STEP". Raises `UsageError`."""
    try:
        if ":" in words:
            first, last, step = (float(part) for part in words.split(":"))
            if step <= 0:
                raise ValueError(words)
            depths = [first + step * index for index in range(int((last - first) / step + 1e-9) + 1)]
        else:
            depths = [float(part) for part in words.split(",")]
    except ValueError as error:
        raise UsageError(
            f"{words!r} are no depths: give a list such as 0,50,100 or a range such as 0:100:10"
        ) from error
    if not depths or not all(0 <= depth <= 100 for depth in depths):
        raise UsageError(f"{words!r}: depths are percentages, from 0 to 100")
    return tuple(depths)
