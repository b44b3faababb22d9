"""A call of octavo's about anything, with the right reply: the kinds that are drawn from worlds and from MuSiQue.

The prompts are made by the functions that make the real ones. Knows prompts; nothing of what they are about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from octavo.documents.chunks import Chunk
from octavo.documents.document import Document, Span
from octavo.evaluation.names import Language
from octavo.models.chat import Message, Request
from octavo.models.tokenizer import Tokenizer
from octavo.reading import prompts
from octavo.reading.options import Strategy
from octavo.reading.packing import Packing
from octavo.reading.pieces import Piece, read_request
from octavo.retrieval.language import main_language
from octavo.training.reader.example import Example, Kind, json_reply
from octavo.training.reader.pointers import pointing_reply

CITED_SHARE = 0.3
"""Of the answers, those with marked sources: the smallest model is asked plainly, unless its user says otherwise."""

REPLY_TOKENS = 320
"""The longest reply of a call that is no reading."""


def reading(
    document: Document,
    question: str,
    found: Sequence[Span],
    strategy: Strategy,
    tokenizer: Tokenizer,
    language: Language,
) -> Example:
    """All of a document is read for a question; `found` are the sentences that help."""
    text = document.text
    piece = Piece.of(document, [Chunk(document.id, 0, Span(0, len(text)), tokenizer.count(text))])
    return Example(
        "read",
        read_request(piece, [question], strategy),
        pointing_reply(strategy, text, piece.sentences, question, found),
        {
            "language": language,
            "strategy": strategy,
            "text": text,
            "gold": [[span.start, span.end] for span in found],
        },
    )


def reading_on(
    document: Document,
    questions: Sequence[str],
    found: Sequence[Sequence[Span]],
    strategy: Strategy,
    tokenizer: Tokenizer,
    language: Language,
) -> Example:
    """All of a document is read for the questions one after the other, each seeing the replies before it; `found` are,
    for each, the sentences that help."""
    readings = [
        reading(document, text, spans, strategy, tokenizer, language)
        for text, spans in zip(questions, found, strict=True)
    ]
    return one_after_another("read-on", readings, [prompts.asked_on(text) for text in questions])


def answering(
    packing: Packing,
    question: str,
    right: str | None,
    numbers: Sequence[int],
    language: Language,
    *,
    cite: bool = True,
    hops: int = 1,
    notes: str = "",
    fact: str | None = None,
) -> Example:
    """A question is answered from passages; `right` is None where they do not hold it, `numbers` are those that do,
    which the answer cites where it is asked to (`cite`). `fact` is what the passages would hold of
    an answer that is told in more words, or not at all."""
    messages = prompts.answer(packing.text, question, main_language(question), cite=cite, notes=notes)
    markers = "".join(f"[{number}]" for number in numbers) if cite else ""
    return Example(
        "answer",
        Request(messages, max_tokens=REPLY_TOKENS),
        prompts.NOT_FOUND if right is None else f"{right} {markers}".rstrip(),
        {
            "language": language,
            "hops": hops,
            "answer": right,
            "fact": fact or right,
            "cite": cite,
            "passages": [] if right is None else list(numbers),
        },
    )


def planning(
    question: str, told: str, following: Sequence[str], chain: Sequence[str], known: int, language: Language
) -> Example:
    """The step after `known` sub-questions of a `chain` of answers: what is `following`, or nothing more."""
    request = Request(prompts.plan(question, told), max_tokens=REPLY_TOKENS, schema=prompts.plan_schema(None))
    reply = json_reply({"enough": not following, "questions": list(following)})
    return Example("plan", request, reply, {"language": language, "hops": len(chain), "known": known, "chain": chain})


def one_after_another(kind: Kind, examples: Sequence[Example], asked: Sequence[str]) -> Example:
    """Examples that show the same as one conversation: the first as it is, the others `asked` behind the replies before
    them."""
    turns = list(examples[0].request.messages)
    for before, text in zip(examples, asked[1:], strict=False):
        turns += [Message("assistant", before.reply), Message("user", text)]
    last = examples[-1]
    return Example(kind, replace(last.request, messages=tuple(turns)), last.reply, last.about)
