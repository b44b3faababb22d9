"""The calls that a summary is made of: what they show, how long they are, and what they may cite.

The calls of the tree depend on the documents, the window and the focus, not on the length that is wanted: a summary of
another length finds them all recorded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import regex

from octavo.documents.chunks import Chunk
from octavo.errors import UsageError, WindowTooSmall
from octavo.library.corpus import Corpus
from octavo.models.chat import Request
from octavo.reading import prompts
from octavo.reading.answer import Citation, Passage
from octavo.reading.citations import Sources
from octavo.reading.citing import Citable
from octavo.reading.options import SMALL_MODEL_ANSWER
from octavo.reading.packing import render
from octavo.reading.prompts import Shown
from octavo.reading.session import Session
from octavo.reading.statements import plain_text
from octavo.reading.summaries.summary import Node
from octavo.retrieval.language import main_language
from octavo.retrieval.terms import content_terms

_SHARE = 0.6
"""Of the window, what one call is shown: the rest is for instructions, headings, the reply, and what texts grow by when
they are joined."""

_MOST_TOKENS = 8_192
"""What one call is shown in the largest window: more text comes to less in as many words."""

_NODE_TOKENS = 320
_WORDS_PER_TOKEN = 0.375
"""Words asked for by token of the longest reply: room for markers, and for languages with more tokens a word."""

_HEADING_TOKENS = 64
_LEAST_TOKENS = 96

_NUMBER = regex.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the calls of a tree are bounded by: the text that a leaf shows and the longest summary of a part, in tokens;
    the most parts that a part is made of; the words that a summary of a part is asked to have."""

    leaf_tokens: int
    reply_tokens: int
    fan_in: int
    words: int


@dataclass(frozen=True, slots=True)
class Asking:
    """A call, what it may cite, and the documents whose text is in it."""

    request: Request
    sources: Citable
    documents: tuple[str, ...]


def tree_sizes(session: Session, focus: str | None) -> Sizes:
    """The sizes that window and focus allow. Raises `WindowTooSmall` for a focus that leaves no room."""
    reply_tokens = min(_NODE_TOKENS, session.window // 8)
    if session.options.cite is False:
        reply_tokens = min(reply_tokens, SMALL_MODEL_ANSWER)
    words = round(reply_tokens * _WORDS_PER_TOKEN)
    room = min(_room(session, what, words, reply_tokens, focus) for what in ("passages", "parts"))
    tokens = min(int(session.window * _SHARE), _MOST_TOKENS, session.options.fill or _MOST_TOKENS, int(room * 0.9))
    if tokens < _LEAST_TOKENS:
        missing = math.ceil((_LEAST_TOKENS - tokens) / 0.9)
        raise WindowTooSmall(
            f"the focus leaves {max(room, 0):,} tokens of the window of {session.window:,} for the documents: shorten "
            f"it by {missing:,} tokens or use a larger --window",
            missing=missing,
        )
    return Sizes(tokens, reply_tokens, max(2, tokens // (reply_tokens + _HEADING_TOKENS)), words)


def top_reply_tokens(session: Session, words: int) -> int:
    """The longest summary of so many words, in tokens. Raises `UsageError` for more than the window has room for."""
    most = session.window // 4
    if words > most:
        raise UsageError(
            f"a summary of {words:,} words is too long for the window of {session.window:,} tokens: ask for "
            f"{most:,} words at most, or use a larger --window"
        )
    return min(2 * words + 32, session.window // 3)


def top_room(session: Session, words: int, reply_tokens: int, focus: str | None) -> int:
    """Tokens of summaries that the call for the whole is shown."""
    room = _room(session, "parts", words, reply_tokens, focus)
    return min(room, 2 * _MOST_TOKENS, session.options.fill or room)


def asking_of_chunks(
    session: Session, chunks: Sequence[Chunk], words: int, reply_tokens: int, focus: str | None
) -> Asking:
    """The call that summarises passages."""
    packing = render(session.corpus, chunks, numbered=session.options.cite is not False)
    documents = tuple(dict.fromkeys(chunk.document_id for chunk in chunks))
    request = _request(session, packing.text, "passages", words, reply_tokens, focus)
    return Asking(request, SummarySources(Sources(session.corpus, packing.passages)), documents)


def asking_of_nodes(
    session: Session, nodes: Sequence[Node], words: int, reply_tokens: int, focus: str | None, *, most: int
) -> Asking:
    """The call that summarises summaries, of each of which `most` tokens are shown: what is beyond is left out from the
    end."""
    numbered = session.options.cite is not False
    shown = "\n\n".join(
        (f"[{number}] " if numbered else "") + node_text(session, node, most)
        for number, node in enumerate(nodes, start=1)
    )
    documents = tuple(dict.fromkeys(citation.document.id for node in nodes for citation in node.citations))
    documents = documents or tuple(dict.fromkeys(node.document.id for node in nodes if node.document))
    request = _request(session, shown, "parts", words, reply_tokens, focus)
    return Asking(request, NodeSources(session.corpus, nodes), documents)


def node_text(session: Session, node: Node, most: int) -> str:
    """A node as a prompt shows it: where it stands, and its summary without markers, as much as `most` tokens hold."""
    heading = _heading(session.corpus, node)
    statements = node.statements
    while True:
        text = f"{heading}\n{plain_text(statements)}"
        if len(statements) < 2 or session.model.tokenizer.count(text) <= most:
            return text
        statements.pop()


def _heading(corpus: Corpus, node: Node) -> str:
    if node.document is None or node.span is None:
        return prompts.place(node.title, ())
    name = node.document.name
    if node.kind == "document":
        return prompts.place(name, ())
    document = corpus.document(node.document.id)
    first = document.section_path(node.span.start)
    if node.kind == "section":
        return prompts.place(name, first)
    last = document.section_path(max(node.span.start, node.span.end - 1))
    shared = (title for title, other in zip(first, last, strict=False) if title == other)
    return prompts.place(name, (*shared, node.title))


def _room(session: Session, what: Shown, words: int, reply_tokens: int, focus: str | None) -> int:
    empty = _request(session, "", what, words, reply_tokens, focus)
    return session.room(empty.messages, empty.max_tokens)


def _request(session: Session, shown: str, what: Shown, words: int, reply_tokens: int, focus: str | None) -> Request:
    cite = session.options.cite is not False
    language = main_language(focus) if focus else None
    return Request(
        prompts.summarise(shown, what, words, focus, language, cite=cite),
        max_tokens=reply_tokens,
        # A very small model goes on with the same again.
        stop=() if cite else ("\n\n",),
    )


# --- what a summary cites -------------------------------------------------------------------------------------------


class SummarySources:
    """Passages, cited by a summary: its words are its own, so a place that lacks them is no place against it."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def cite(self, number: int, statement: str) -> Citation | None:
        """The place in passage `number` that bears `statement` out best; where only its words are others, the support
        is "unchecked"."""
        citation = self._sources.cite(number, statement)
        if citation is None or citation.support != "unsupported":
            return citation
        if set(_NUMBER.findall(statement)) <= set(_NUMBER.findall(citation.quote)):
            return replace(citation, support="unchecked")
        return citation

    def attribute(self, statement: str) -> Citation | None:
        """The best place in any passage for a statement that cites none, if it supports it."""
        return self._sources.attribute(statement)


class NodeSources:
    """Summaries, cited by a summary of them: a number leads on to the places that the summary under it cites."""

    def __init__(self, corpus: Corpus, nodes: Sequence[Node]) -> None:
        places: list[Passage] = []
        self._words: dict[int, frozenset[str]] = {}
        self._of_node: dict[int, list[int]] = {}
        for number, node in enumerate(nodes, start=1):
            told: dict[Citation, str] = {}
            for statement in node.statements:
                for citation in statement.citations:
                    told[citation] = f"{told.get(citation, citation.quote)} {statement.text}"
            for citation, text in told.items():
                place = len(places) + 1
                places.append(Passage(place, citation.document, citation.span))
                self._words[place] = frozenset(content_terms(text))
                self._of_node.setdefault(number, []).append(place)
        self._sources = SummarySources(Sources(corpus, places))

    def cite(self, number: int, statement: str) -> Citation | None:
        """Of the places that summary `number` cites, the one that it says about what `statement` says."""
        places = self._of_node.get(number)
        if not places:
            return None
        wanted = frozenset(content_terms(statement))
        return self._sources.cite(max(places, key=lambda place: len(wanted & self._words[place])), statement)

    def attribute(self, statement: str) -> Citation | None:
        """The place under any summary that supports a statement that cites none."""
        return self._sources.attribute(statement)
