"""What one source may cost: bytes, memory, seconds.

Numbers only; those who enforce them are `content` (bytes read), `fetch` (the network), `archive` (unpacked size)
and `sandbox` (memory and time of a parser).
"""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one source may cost. A source over a limit raises `SourceTooLarge` and costs only itself."""

    source_bytes: int = 256 * MIB
    """Bytes of a file, of a fetched page, or of standard input."""

    unpacked_bytes: int = 512 * MIB
    """Bytes that a zipped format (DOCX, PPTX, XLSX, EPUB) declares to hold when unpacked."""

    parser_memory_bytes: int = 1536 * MIB
    """Address space of the process that parses binary formats (enforced where the system has RLIMIT_AS)."""

    parser_seconds: float = 120.0
    """Wall time, and processor time, for parsing one binary file."""

    fetch_seconds: float = 60.0
    """Wall time for fetching one URL, redirects included."""


DEFAULT_LIMITS = Limits()


def in_words(size: int) -> str:
    """A number of bytes as people read it: `1.4 MB`."""
    if size < 1000:
        return f"{size} bytes"
    value = float(size)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 1000 or unit == "GB":
            break
    return f"{value:.1f} {unit}"
