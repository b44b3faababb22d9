"""An answer as text: its citations as a list, its account as one line, its price before it is paid.

Knows answers; nothing of streams.
"""

from __future__ import annotations

from collections.abc import Sequence

from octavo.cli.pace import spoken_count, spoken_seconds
from octavo.cli.terminal import one_line
from octavo.reading.answer import Answer, Citation, Outcome, Usage
from octavo.reading.options import Estimate
from octavo.reading.summaries.outline import OutlineEntry
from octavo.reading.summaries.summary import Summary

EXIT_CODES = {
    Outcome.ANSWERED: 0,
    Outcome.NOT_IN_DOCUMENTS: 3,
    Outcome.BUDGET_EXHAUSTED: 4,
    Outcome.NOT_FOUND: 5,
}

_LONGEST_QUOTE = 400


_LONGEST_LINE = 200


def citation_lines(answer: Answer | Summary) -> list[str]:
    """The citations, each a line that says where and a line with the quote."""
    return [line for citation in answer.citations for line in _citation(citation)]


def account_line(answer: Answer | Summary) -> str:
    """Level, coverage, calls, tokens and seconds, in one line."""
    coverage = answer.coverage
    parts = [
        answer.level if answer.outcome is Outcome.ANSWERED else f"{answer.level}, {answer.outcome.value}",
        f"{coverage.read:,} of {coverage.chunks:,} chunks read, {coverage.relevant:,} relevant"
        + (f", {coverage.failed:,} failed" if coverage.failed else "")
        + (f", {coverage.skipped:,} skipped" if coverage.skipped else ""),
        usage_words(answer.usage),
    ]
    return "; ".join(parts)


def outline_lines(entries: Sequence[OutlineEntry], depth: int = 0) -> list[str]:
    """Documents and sections, each a line, those inside indented."""
    lines = []
    for entry in entries:
        line = one_line(entry.line)
        said = line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 5].rstrip() + "[...]"
        lines.append("  " * depth + one_line(entry.title) + (f": {said}" if said else ""))
        lines += outline_lines(entry.entries, depth + 1)
    return lines


def usage_words(usage: Usage) -> str:
    """Calls, tokens and seconds."""
    return (
        f"{spoken_count(usage.calls, 'call')} ({usage.reused_calls:,} reused); {usage.prompt_tokens:,} tokens in "
        f"({usage.cached_tokens:,} cached), {usage.completion_tokens:,} out; {usage.seconds:.1f} s"
    )


def estimate_lines(estimate: Estimate) -> list[str]:
    """What a reading will cost."""
    seconds = "not known: no call to this model was timed yet"
    if estimate.calls == estimate.reused_calls:
        seconds = "none: every call is kept"
    elif estimate.seconds is not None:
        seconds = f"about {spoken_seconds(estimate.seconds)}"
    return [
        f"level    {estimate.level}",
        f"to read  {estimate.document_tokens:,} tokens in {spoken_count(estimate.chunks, 'chunk')}",
        f"calls    {estimate.calls:,} ({estimate.reused_calls:,} of them reused)",
        f"tokens   {estimate.prompt_tokens:,} in, at most {estimate.completion_tokens:,} out",
        f"time     {seconds}",
        *([f"passes   at most {estimate.passes:,}; the figures are of one"] if estimate.passes > 1 else []),
    ]


def estimate_json(estimate: Estimate) -> dict[str, object]:
    """The object that `octavo ask --dry-run --json` prints."""
    return {
        "level": estimate.level,
        "chunks": estimate.chunks,
        "document_tokens": estimate.document_tokens,
        "calls": estimate.calls,
        "reused_calls": estimate.reused_calls,
        "prompt_tokens": estimate.prompt_tokens,
        "completion_tokens": estimate.completion_tokens,
        "seconds": None if estimate.seconds is None else round(estimate.seconds, 1),
        "passes": estimate.passes,
    }


def _citation(citation: Citation) -> list[str]:
    return [cited_place(citation), f'    "{_shortened(citation.quote)}"']


def cited_place(citation: Citation) -> str:
    """The marker and where it points."""
    where = [one_line(citation.document.name)]
    if citation.page is not None:
        where.append(f"page {citation.page}")
    if citation.section:
        where.append(" > ".join(one_line(title) for title in citation.section))
    where.append(f"characters {citation.span.start:,} to {citation.span.end:,}")
    return f"{citation.marker} {', '.join(where)} ({citation.support})"


def _shortened(quote: str) -> str:
    """A quote on one line, its middle left out where it is long."""
    quote = one_line(quote)
    if len(quote) <= _LONGEST_QUOTE:
        return quote
    half = _LONGEST_QUOTE // 2
    return f"{quote[:half].rstrip()} [...] {quote[-half:].lstrip()}"
