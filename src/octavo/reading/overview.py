"""A question about the documents as a whole is answered from the tree of their summaries and from targeted reading.

    tree of summaries ─┬─ the finest level that fits ──────────────► notes ──┐
                       └─ what its best nodes cite ─┬─ read ─► findings ─────┴─► answer
    question ── BM25 ───────────────────────────────┘

"How does the protagonist change?" is answered by no place in the text: the summaries say where to look and how it goes
together, the passages are what the answer cites. The tree does not depend on the question, so the next question about
the whole costs the targeted reading alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from octavo.documents.chunks import Chunk
from octavo.library.corpus_part import CorpusPart
from octavo.reading.answer import Answer
from octavo.reading.answering import notes_room, packer_of
from octavo.reading.concluding import conclude
from octavo.reading.findings import rank_findings
from octavo.reading.levels import RANKED, cited_chunks, kept_for_answers
from octavo.reading.question import QuestionAnalysis
from octavo.reading.read import read_chunks
from octavo.reading.retrieve import rank_for_question
from octavo.reading.session import Session
from octavo.reading.summaries.summary import Node, Tree
from octavo.reading.summaries.tree import summary_tree
from octavo.retrieval.fusion import interleave
from octavo.retrieval.terms import content_terms

_NOTES_SHARE = 0.4
"""Of the window, what summaries may take in the final prompt; the rest is for passages."""

_TARGETED = 48
"""Chunks that are read for the question."""


async def overview_level(session: Session, analysis: QuestionAnalysis) -> Answer:
    """Answer a question about the whole. Raises as `summary_tree` and `read_chunks` do."""
    tree = await summary_tree(session)
    room = notes_room(session, analysis, _NOTES_SHARE)
    nodes = _told(session, tree, room)
    ranked = await asyncio.to_thread(rank_for_question, session.corpus, analysis, limit=RANKED)
    chunks = interleave([_cited(session, nodes, analysis), ranked])[:_TARGETED]
    part = replace(session, corpus=CorpusPart(session.corpus, chunks))
    result = await read_chunks(part, [analysis], keep_tokens=kept_for_answers(session, 1))
    if result.findings:
        found = await asyncio.to_thread(rank_findings, session.corpus, result.findings, analysis, limit=RANKED)
        chunks = list(dict.fromkeys((*found, *chunks)))
    return await conclude(
        session,
        replace(analysis, notes=_notes(session, nodes, room)),
        packer_of(session, chunks),
        "summarize",
        lambda _: tree.coverage,
        must_be_shown=chunks,
        exhaustive=False,
    )


def _told(session: Session, tree: Tree, room: int) -> list[Node]:
    """The finest nodes that there is room for."""
    count = session.model.tokenizer.count
    return tree.finest(room, lambda node: count(f"{_line(node)}\n"))


def _notes(session: Session, nodes: Sequence[Node], room: int) -> str:
    """The nodes, a line each; where not even their first sentences fit together, as many as do."""
    lines = [_line(node) for node in nodes]
    while lines and session.model.tokenizer.count("\n".join(lines)) > room:
        del lines[-1]
    return "\n".join(lines)


def _cited(session: Session, nodes: Sequence[Node], analysis: QuestionAnalysis) -> list[Chunk]:
    """What the nodes cite: of those that share most words with the question first, then of each in turn."""
    wanted = set(content_terms(analysis.search_text))
    by_words = sorted(nodes, key=lambda node: -len(wanted.intersection(content_terms(node.text))))
    return interleave([cited_chunks(session.corpus, node.citations) for node in by_words])


def _line(node: Node) -> str:
    """The summary without its markers, under its title."""
    return f"- {node.title}: {' '.join(statement.text for statement in node.statements)}"
