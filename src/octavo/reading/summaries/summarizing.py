"""`summarize`: what the documents say as a whole, on a focus where there is one.

    documents ── divide ── leaves ── sections ── documents ── the whole     a call each, from the leaves up
         └── fit one call ──────────────────────────┘

The summary of the whole is written from the finest level of the tree that its prompt holds, or from the documents
themselves where one call holds them. It alone knows how long it is to be.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from octavo.documents.document import Span
from octavo.errors import (
    BudgetExhausted,
    InvalidReply,
    ModelUnavailable,
    RequestRejected,
    UsageError,
    WindowExceeded,
    WindowTooSmall,
)
from octavo.reading.answer import Citation, Coverage, Passage
from octavo.reading.citations import Sources
from octavo.reading.citing import CitingStream
from octavo.reading.events import AnswerDelta, LevelStarted
from octavo.reading.session import Session
from octavo.reading.streaming import judged_citations, stream_cited
from octavo.reading.summaries.excerpts import excerpts, first_sentences
from octavo.reading.summaries.parts import Part, divide_section
from octavo.reading.summaries.requests import (
    Asking,
    asking_of_chunks,
    asking_of_nodes,
    node_text,
    top_reply_tokens,
    top_room,
    tree_sizes,
)
from octavo.reading.summaries.summary import Node, Summary, Tree
from octavo.reading.summaries.titles import Titled, find_titled
from octavo.reading.summaries.tree import divided, grow

DEFAULT_WORDS = 200

_SHRINKS = 4
_SMALLER = 0.7
_A_NODE = 8
"""Tokens that a node takes in a prompt beside its text: its number, the lines between."""


async def summarize(session: Session, focus: str | None, words: int | None) -> Summary:
    """Summarise the session's documents in about so many words; with None only the tree is made. The account and the
    warnings are the caller's to add.

    What fails costs itself; a budget that runs out leaves the best from what was summarised so far. Raises as
    `summary_tree` does, and `UsageError` for `words` that the window has no room for.
    """
    focus = (focus or "").strip() or None
    check_words(session, words)
    root = await asyncio.to_thread(divided, session, focus)
    if words is not None and (asking := direct_asking(session, focus, words)):
        await session.emit(LevelStarted("summarize", "the documents fit one prompt"))
        try:
            return await _from_text(session, root, asking, focus, words)
        except (WindowExceeded, RequestRejected, ModelUnavailable) as error:
            await session.warn(f"summarised in parts: {error}")
    leaves = sum(1 for _ in root.leaves())
    await session.emit(LevelStarted("summarize", f"{leaves:,} part{'s' if leaves > 1 else ''} and what they make up"))
    tree = await grow(session, root, focus)
    if words is None:
        return _told(session, tree.root, tree.coverage, focus, None)
    return await _from_tree(session, tree, focus, words)


def check_words(session: Session, words: int | None) -> None:
    """Raise `UsageError` for a length that cannot be had."""
    if words is not None:
        if words < 1:
            raise UsageError(f"a summary of {words} words says nothing: ask for 1 or more")
        top_reply_tokens(session, words)


async def summarize_section(session: Session, title: str, *, focus: str | None = None) -> Node:
    """The summary of one section, or document, found by its title (or the titles of those around it and its own). Where
    the tree has it as a part, what the ledger has of the tree is used. Raises as `summary_tree` does, and `UsageError`
    where nothing is called that."""
    place = find_titled(session.corpus, title)
    root = await asyncio.to_thread(divided, session, focus)
    part = next((part for part in root.all() if _is_place(part, place)), None)
    if part is None and place.section is not None:
        sizes = tree_sizes(session, focus)
        part = divide_section(
            session.corpus,
            place.document,
            place.section,
            session.model.tokenizer.count,
            leaf_tokens=sizes.leaf_tokens,
            fan_in=sizes.fan_in,
        )
    if part is None:
        raise UsageError(f"{place.title!r} holds no text")
    return (await grow(session, part, focus, whole=True)).root


def direct_asking(session: Session, focus: str | None, words: int) -> Asking | None:
    """The call that summarises the documents from their text; None where one call does not hold them."""
    chunks = session.corpus.chunks
    if sum(chunk.tokens for chunk in chunks) > tree_sizes(session, focus).leaf_tokens:
        return None
    asking = asking_of_chunks(session, chunks, words, top_reply_tokens(session, words), focus)
    return asking if session.fits(asking.request) else None


def top_asking(session: Session, tree: Tree, focus: str | None, words: int, room: int) -> Asking | None:
    """The call that summarises the whole from so many tokens of the tree; None where the tree has no text."""
    reply_tokens = top_reply_tokens(session, words)

    def cost(node: Node) -> int:
        return session.model.tokenizer.count(node_text(session, node, session.window)) + _A_NODE

    while nodes := tree.finest(room, cost):
        asking = asking_of_nodes(session, nodes, words, reply_tokens, focus, most=room)
        if session.fits(asking.request):
            return asking
        if room < len(nodes):
            raise WindowTooSmall("not even a sentence of each part fits the window: use a larger --window", missing=1)
        room = int(room * _SMALLER)
    return None


async def _from_text(session: Session, root: Part, asking: Asking, focus: str | None, words: int) -> Summary:
    """The summary from the documents themselves."""
    total = len(session.corpus.chunks)
    try:
        stream, text, citations = await _stream(session, asking, focus)
    except BudgetExhausted:
        session.budget_exhausted = True
        node = Node(root.document, root.span, root.title, kind=root.kind)
        return _told(session, node, Coverage(total, skipped=total), focus, words)
    node = Node(root.document, root.span, root.title, text, citations, kind=root.kind)
    node = replace(node, children=tuple(excerpts(session.corpus, node)))
    coverage = Coverage(total, read=total, relevant=total if text else 0)
    return _told(session, node, coverage, focus, words, refused=stream.not_found)


async def _from_tree(session: Session, tree: Tree, focus: str | None, words: int) -> Summary:
    """The summary from the tree; where the model gives none, the first sentences of the highest parts."""
    room = top_room(session, words, top_reply_tokens(session, words), focus)
    why = "the model wrote no summary of the whole"
    for shrunk in range(_SHRINKS):
        asking = top_asking(session, tree, focus, words, room)
        if asking is None:
            return _told(session, tree.root, tree.coverage, focus, words, refused=focus is not None)
        try:
            _, text, citations = await _stream(session, asking, focus)
        except BudgetExhausted as error:
            session.budget_exhausted = True
            why = str(error)
            break
        except (WindowExceeded, RequestRejected, InvalidReply, ModelUnavailable) as error:
            # It may be about what the prompt holds.
            why = str(error)
            if not isinstance(error, WindowExceeded) and shrunk:
                if isinstance(error, ModelUnavailable):
                    raise
                break
            await session.warn(f"packed smaller: {error}")
            room = int(min(room, session.model.measure(asking.request.messages)) * _SMALLER)
            continue
        if text:
            root = replace(tree.root, text=text, citations=citations)
            return _told(session, root, tree.coverage, focus, words)
        break
    await session.warn(f"the summary is the first sentences of the parts: {why}")
    text, citations = first_sentences(_highest(tree))
    await session.emit(AnswerDelta(text))
    return _told(session, replace(tree.root, text=text, citations=citations), tree.coverage, focus, words)


async def _stream(
    session: Session, asking: Asking, focus: str | None
) -> tuple[CitingStream, str, tuple[Citation, ...]]:
    stream, cut = await stream_cited(
        session,
        asking.request,
        asking.sources,
        documents=asking.documents,
        too_long=f"the summary was cut at {asking.request.max_tokens:,} tokens; ask for more --words",
    )
    session.budget_exhausted |= cut
    citations = await judged_citations(session, stream)
    if unsupported := sum(citation.support == "unsupported" for citation in citations):
        await session.warn(f"{unsupported} of {len(citations)} citations do not bear out the sentence that cites them")
    shown = [
        Passage(number, session.corpus.document(document_id).ref, Span(0, 0))
        for number, document_id in enumerate(asking.documents, start=1)
    ]
    for quote in Sources(session.corpus, shown).unknown_quotations(stream.text, focus or ""):
        await session.warn(f'the summary puts in quotation marks what the documents do not say: "{quote}"')
    return stream, stream.text.strip(), citations


def _told(
    session: Session,
    root: Node,
    coverage: Coverage,
    focus: str | None,
    words: int | None,
    *,
    refused: bool = False,
) -> Summary:
    """The summary that stands in the root, or an honest end."""
    text, found = root.text, True if any(node.text for node in root.nodes()) else None
    if words is None:
        text = ""
    elif not text:
        everything = refused and coverage.full and not session.unreadable and not session.budget_exhausted
        found = False if everything else None
        text = (
            f"Nothing in the documents on this: all {coverage.chunks:,} chunks were read."
            if everything
            else f"No summary of what was read ({coverage.read:,} of {coverage.chunks:,} chunks)."
        )
    return Summary(
        text=text,
        focus=focus,
        words=words,
        found=found,
        root=root,
        citations=root.citations if words is not None else (),
        coverage=coverage,
        budget_exhausted=session.budget_exhausted,
    )


def _highest(tree: Tree) -> list[Node]:
    return [node for node in ([tree.root] if tree.root.text else tree.root.parts) if node.text]


def _is_place(part: Part, place: Titled) -> bool:
    if part.document is None or part.document.id != place.document.id:
        return False
    if place.section is None:
        return part.kind == "document"
    return part.kind == "section" and part.span == place.section.span
