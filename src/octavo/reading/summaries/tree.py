"""The tree of summaries: every part of the documents, summarised from the leaves up.

Leaves go to the model in parallel, then, height by height, the parts that are made of them. A part that fails is
reported and costs itself; where a part cannot be summarised from its parts, their first sentences stand in for it.
Knows nothing of the summary of the whole, nor of its length.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace

from octavo.documents.chunks import Chunk
from octavo.errors import (
    BudgetExhausted,
    InvalidReply,
    ModelError,
    ModelUnavailable,
    OctavoError,
    SourceError,
    UsageError,
    WindowExceeded,
    WindowTooSmall,
)
from octavo.reading.answer import Citation
from octavo.reading.citing import CitingStream
from octavo.reading.events import ChunkFailed, PartSummarised
from octavo.reading.session import Session
from octavo.reading.summaries.excerpts import excerpts, first_sentences
from octavo.reading.summaries.leaf_coverage import LeafCoverage
from octavo.reading.summaries.parts import Part, divide, halved
from octavo.reading.summaries.requests import Asking, Sizes, asking_of_chunks, asking_of_nodes, tree_sizes
from octavo.reading.summaries.summary import Node, Tree
from octavo.reading.workers import work_through

_UNREACHABLE_AFTER = 3
"""So many parts in a row that fail, after all their retries, because the server cannot be reached end the work."""

_WORKERS = 128
"""Parts prepared at once where the concurrency is adapted; the limiter decides how many are in flight."""

_FAILURES_TOLD = 5
_SHRINKS = 4
_SMALLER = 0.7


async def summary_tree(session: Session, focus: str | None = None) -> Tree:
    """The summaries of all parts of the documents, each on the `focus` where there is one. What the ledger has costs
    nothing. A budget that runs out leaves parts without text; it keeps what a call of a full window takes.

    Raises `ModelError` where no call can succeed (a wrong key, a server that is gone), `LibraryError` where replies
    cannot be recorded, `WindowTooSmall` for a focus that leaves no room, and `UsageError` where there is no text.
    """
    return await grow(session, await asyncio.to_thread(divided, session, focus), focus)


def divided(session: Session, focus: str | None) -> Part:
    """The documents as parts of the sizes that window and focus allow. Raises as `summary_tree` does."""
    sizes = tree_sizes(session, focus)
    root = divide(session.corpus, session.model.tokenizer.count, leaf_tokens=sizes.leaf_tokens, fan_in=sizes.fan_in)
    if not any(leaf.chunks for leaf in root.leaves()):
        raise UsageError("there is nothing to summarise: name a document with text, or add one with: octavo add SOURCE")
    return root


async def grow(session: Session, root: Part, focus: str | None, *, whole: bool = False) -> Tree:
    """The tree of `root`, which may be a part of the documents' division; of a root made of parts the summary is made
    too only where it is to be `whole`."""
    return await _Growing(session, root, focus).run(whole=whole)


class _Growing:
    """One tree being made: workers take parts and report."""

    def __init__(self, session: Session, root: Part, focus: str | None) -> None:
        self.session = session
        self.root = root
        self.focus = focus
        self.sizes: Sizes = tree_sizes(session, focus)
        self.nodes: dict[Part, Node] = {}
        self.covered = LeafCoverage(session.corpus, root)
        self.failed: list[str] = []
        self.unreachable = 0
        self.gone: ModelUnavailable | None = None
        self.keep = _kept_for_the_whole(session)

    async def run(self, *, whole: bool) -> Tree:
        workers = self.session.options.concurrency or _WORKERS
        leaves = self._in_order(list(self.root.leaves()))
        await work_through(leaves, self._leaf, min(workers, len(leaves)))
        if self.gone and not self.nodes:
            raise self.gone
        self.covered.finish()
        made = [part for part in self.root.all() if part.parts and (whole or part is not self.root)]
        for height in range(1, self.root.height + 1):
            parts = [part for part in made if part.height == height]
            await work_through(parts, self._inner_part, min(workers, len(parts)))
        await self._warn_of_failed()
        root = self.nodes.get(self.root) or _node(self.root, children=self._children(self.root))
        return Tree(root, self.covered.coverage)

    def _in_order(self, leaves: list[Part]) -> list[Part]:
        """Under a budget in an order that begins all over the documents: the best so far is about all of them."""
        budget = self.session.budget
        if budget.tokens is not None or budget.seconds is not None:
            random.Random(0).shuffle(leaves)
        return leaves

    # --- leaves -----------------------------------------------------------------------------------------------------

    async def _leaf(self, part: Part) -> None:
        try:
            node, reused = await self._summarised(part, part.chunks)
        except BudgetExhausted:
            self.session.budget_exhausted = True  # the others may be recorded
        except (ModelError, WindowTooSmall, SourceError) as error:
            self.session.raise_if_fatal(error)
            self._raise_if_gone(error)
            await self._failed(part, error)
        else:
            self.nodes[part] = node
            before = self.covered.coverage.read
            self.covered.read(part, relevant=bool(node.text))
            tokens = sum(chunk.tokens for chunk in part.chunks)
            await self._report(node, tokens, self.covered.coverage.read - before, reused=reused)

    async def _failed(self, part: Part, error: OctavoError) -> None:
        self.failed.append(f"{_named(part)} could not be summarised: {error}")
        for chunk in self.covered.failed(part):
            if part.document:
                await self.session.emit(ChunkFailed(part.document, chunk.index, str(error), self.covered.coverage))

    async def _warn_of_failed(self) -> None:
        for failure in self.failed[:_FAILURES_TOLD]:
            await self.session.warn(failure)
        if (more := len(self.failed) - _FAILURES_TOLD) > 0:
            await self.session.warn(f"{more:,} more parts could not be summarised")

    async def _summarised(self, part: Part, chunks: Sequence[Chunk]) -> tuple[Node, bool]:
        """The leaf's node, and whether the ledger had it. What does not fit is summarised in halves."""
        asking = asking_of_chunks(self.session, chunks, self.sizes.words, self.sizes.reply_tokens, self.focus)
        if self.session.fits(asking.request):
            try:
                text, citations, reused = await self._ask(asking)
            except WindowExceeded as error:
                return await self._in_halves(part, chunks, error)
            return self._leaf_node(part, text, citations), reused
        return await self._in_halves(part, chunks, WindowTooSmall("not even a sentence fits the window", missing=1))

    async def _in_halves(self, part: Part, chunks: Sequence[Chunk], error: OctavoError) -> tuple[Node, bool]:
        if part.document is None:
            raise error
        text = self.session.corpus.document(part.document.id).text
        halves = halved(text, chunks, self.session.model.tokenizer.count)
        if halves is None:
            raise error
        made = [await self._summarised(part, half) for half in halves]
        node, reused = await self._joined(part, [node for node, _ in made])
        return self._leaf_node(part, node.text, node.citations), reused and all(reused for _, reused in made)

    def _leaf_node(self, part: Part, text: str, citations: tuple[Citation, ...]) -> Node:
        node = _node(part, text, citations)
        return replace(node, children=tuple(excerpts(self.session.corpus, node)))

    # --- parts made of parts ----------------------------------------------------------------------------------------

    async def _inner_part(self, part: Part) -> None:
        children = self._children(part)
        node, reused = await self._joined(part, children)
        self.nodes[part] = replace(node, children=children)
        await self._report(node, 0, 0, reused=reused)

    def _children(self, part: Part) -> tuple[Node, ...]:
        return tuple(self.nodes.get(child) or _node(child) for child in part.parts)

    async def _joined(self, part: Part, children: Sequence[Node]) -> tuple[Node, bool]:
        """One summary of the children's; where the model gives none, their first sentences."""
        told = [child for child in children if child.text]
        if len(told) < 2:
            return _node(part, *((told[0].text, told[0].citations) if told else ())), True
        try:
            text, citations, reused = await self._ask_smaller(told)
            if text:
                return _node(part, text, citations), reused
        except BudgetExhausted:
            self.session.budget_exhausted = True
        except (ModelError, WindowTooSmall, SourceError) as error:
            self.session.raise_if_fatal(error)
            self._raise_if_gone(error)
            self.failed.append(f"{_named(part)} is told by the first sentences of its parts: {error}")
        return _node(part, *first_sentences(told)), True

    async def _ask_smaller(self, told: Sequence[Node]) -> tuple[str, tuple[Citation, ...], bool]:
        """Ask, with less of each summary where they do not fit together."""
        room = self.sizes.leaf_tokens
        for _ in range(_SHRINKS):
            asking = asking_of_nodes(
                self.session, told, self.sizes.words, self.sizes.reply_tokens, self.focus, most=room // len(told)
            )
            if self.session.fits(asking.request):
                try:
                    return await self._ask(asking)
                except WindowExceeded:
                    pass
            room = int(room * _SMALLER)
        raise WindowTooSmall("the summaries of its parts do not fit the window", missing=1)

    # --- calls ------------------------------------------------------------------------------------------------------

    async def _ask(self, asking: Asking) -> tuple[str, tuple[Citation, ...], bool]:
        """The summary, what it cites, and whether the ledger had it; empty where there is nothing on the focus."""
        request = asking.request
        for again in (False, True):
            if again:  # another draw of the reply
                request = replace(request, temperature=0.3, seed=1, replicate=1)
            completion = await self.session.complete(request, documents=asking.documents, keep=self.keep, reading=True)
            if not completion.reused:
                self.unreachable = 0
            stream = CitingStream(asking.sources, attribute=self.session.options.attribute)
            stream.feed(completion.text)
            if completion.finish_reason != "length" or not stream.text:
                stream.finish()  # else the last sentence is cut off, and left out
            if stream.not_found and self.focus:
                return "", (), completion.reused
            if text := stream.text.strip():
                return text, tuple(cited.citation for cited in stream.cited), completion.reused
        raise InvalidReply("the model wrote no summary")

    def _raise_if_gone(self, error: OctavoError) -> None:
        if isinstance(error, ModelUnavailable):
            self.unreachable += 1
            self.gone = error
            if self.unreachable >= _UNREACHABLE_AFTER:
                raise error

    async def _report(self, node: Node, tokens: int, chunks: int, *, reused: bool) -> None:
        await self.session.emit(
            PartSummarised(node.document, node.title, node.text, tokens, chunks, self.covered.coverage, reused)
        )


def _kept_for_the_whole(session: Session) -> int:
    """Tokens of the budget that the tree leaves for the summary of the whole, at most half of what is left."""
    left = session.tokens_left()
    if left is None:
        return 0
    fill = session.options.fill
    full = session.window if fill is None else min(session.window, fill + session.window // 4)
    return min(full, left // 2)


def _node(part: Part, text: str = "", citations: tuple[Citation, ...] = (), children: tuple[Node, ...] = ()) -> Node:
    return Node(part.document, part.span, part.title, text, citations, children, part.kind)


def _named(part: Part) -> str:
    if part.document is None or part.kind == "document":
        return part.title
    return f"{part.document.name}, {part.title}"
