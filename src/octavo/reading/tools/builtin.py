"""The tools that octavo itself gives to a model that reasons: all harmless, all about the documents of the session.

Results are bounded in tokens, and untrusted, like the documents that they are made from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from octavo.documents.document import Document
from octavo.errors import ToolError, UsageError
from octavo.models.chat import Schema
from octavo.reading.levels import cited_chunks
from octavo.reading.packing import pack
from octavo.reading.session import Session
from octavo.reading.statements import plain_text
from octavo.reading.summaries.summarizing import summarize_section
from octavo.reading.tools.running import MOST_TOKENS
from octavo.reading.tools.tool import Tool, ToolResult

_SEARCHED = 50
_OUTLINED = 100
"""Documents of which the sections are shown; further ones are named."""

_LONGEST_TITLE = 80


def builtin_tools(session: Session, *, most_tokens: int = MOST_TOKENS) -> tuple[Tool, ...]:
    """All of them; a result holds at most `most_tokens`."""
    return (
        search_tool(session, most_tokens=most_tokens),
        outline_tool(session, most_tokens=most_tokens),
        summarize_tool(session),
    )


def search_tool(session: Session, *, most_tokens: int = MOST_TOKENS) -> Tool:
    """Finds passages by BM25."""

    def search(arguments: Mapping[str, Any]) -> ToolResult:
        query = str(arguments["query"])
        ranked = [hit.chunk for hit in session.corpus.search(query, _SEARCHED)]
        packing = pack(
            session.corpus, ranked, most_tokens, session.model.tokenizer.count, neighbours=False, numbered=False
        )
        return ToolResult(packing.text or "No passage has any of these words.", packing.chunks)

    return Tool(
        "search",
        "Finds the passages of the documents in which given words occur, the best first.",
        _strings(required="query", query="names and other words that the passage will contain"),
        search,
        harmless=True,
    )


def outline_tool(session: Session, *, most_tokens: int = MOST_TOKENS) -> Tool:
    """Shows documents and their sections, as deep as there is room."""

    def outline(arguments: Mapping[str, Any]) -> ToolResult:
        within = str(arguments.get("within") or "")
        lines = [line for line in _lines(session) if not within or line.is_within(within)]
        if not lines:
            return ToolResult(f"No document and no section is called {within!r}.")
        return ToolResult(_deepest(lines, most_tokens, session))

    return Tool(
        "outline",
        "Shows which documents there are, and their sections.",
        _strings(within="the name of a document or section, to see more of that one"),
        outline,
        harmless=True,
    )


def summarize_tool(session: Session) -> Tool:
    """Summarises a section, or a document, by its title."""

    async def summarize(arguments: Mapping[str, Any]) -> ToolResult:
        try:
            node = await summarize_section(session, str(arguments["section"]))
        except UsageError as error:
            raise ToolError(str(error)) from error
        text = plain_text(node.statements)
        return ToolResult(text or "It could not be summarised.", cited_chunks(session.corpus, node.citations))

    return Tool(
        "summarize",
        "Says what a section, or a whole document, is about.",
        _strings(required="section", section="the title of the section, or the name of the document"),
        summarize,
        harmless=True,
        patient=True,  # a call of the model for every part; each of them ends, and the budget bounds them all
    )


def _strings(required: str | None = None, **described: str) -> Schema:
    """The schema of arguments that are all strings."""
    return {
        "type": "object",
        "properties": {name: {"type": "string", "description": said} for name, said in described.items()},
        "required": [required] if required else [],
        "additionalProperties": False,
    }


# --- the outline ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Line:
    """A document or a section in the outline; `path` are the titles from the document's name down."""

    path: tuple[str, ...]

    @property
    def depth(self) -> int:
        return len(self.path) - 1

    def is_within(self, title: str) -> bool:
        return any(title.casefold() in part.casefold() for part in self.path)

    def __str__(self) -> str:
        title = " ".join(self.path[-1].split())
        return "  " * self.depth + (title if len(title) <= _LONGEST_TITLE else title[: _LONGEST_TITLE - 1] + "…")


def _lines(session: Session) -> Iterator[_Line]:
    for number, reference in enumerate(session.corpus.documents):
        if number < _OUTLINED:
            yield from _document_lines(session.corpus.document(reference.id))
        else:
            yield _Line((reference.name,))


def _document_lines(document: Document) -> Iterator[_Line]:
    yield _Line((document.name,))
    path: list[tuple[int, str]] = []
    for section in document.sections:
        while path and path[-1][0] >= section.level:
            path.pop()
        path.append((section.level, section.title))
        yield _Line((document.name, *(title for _, title in path)))


def _deepest(lines: Sequence[_Line], most_tokens: int, session: Session) -> str:
    """The lines down to the greatest depth at which all fit; where not even the shallowest do, their beginning."""
    count = session.model.tokenizer.count
    depths = sorted({line.depth for line in lines})
    for depth in reversed(depths):
        shown = [str(line) for line in lines if line.depth <= depth]
        hidden = len(lines) - len(shown)
        text = "\n".join(shown) + (f"\n[{hidden:,} deeper sections are not shown]" if hidden else "")
        if count(text) <= most_tokens:
            return text
    note = f"\n[of {len(shown):,} lines the first are shown]"
    left = most_tokens - count(note)
    fitting: list[str] = []
    for line in shown:
        left -= count(f"{line}\n")
        if left < 0:
            break
        fitting.append(line)
    return "\n".join(fitting) + note
