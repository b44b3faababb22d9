"""Does BM25's margin tell whether level 1 will do? How often what it packs lacks the evidence, by the margin.

The *margin* of a question is how far the best chunk's BM25 score stands above the twelfth's, as a share of it
(`octavo.reading.retrieve.margin`); below a limit, `auto` leaves level `retrieve` for `read` before it asks anything.
Asked are all 100 MuSiQue questions, which need several facts (*whole*), and the questions of their hops with the gold
answers filled in, which need one each (*hops*); each question's 20 paragraphs are hidden in a 200,000-token excerpt of
War and Peace, as in `multihop.py`. Evidence is *missing* where a fact that the question needs stands in no passage that
level `retrieve` packs into a window of 8,192 tokens, the model's keywords left out.

For every limit: how many questions are below it, how many of these are rightly left to `read` (evidence is missing)
and how many wrongly (level 1 had it all), and of those above it, how many lack evidence all the same.

What it does not measure: keywords by a model, which level 1 ranks with too; the model's own verdict on the passages,
which `auto` asks for above the limit; texts of other kinds.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import statistics
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from asked import squeezed
from harness import Record
from multihop import haystack
from multihop_data import MultihopQuestion, musique
from octavo.documents.document import Document
from octavo.library.library import Library
from octavo.models.ledger import Ledger
from octavo.models.scripted import ScriptedModel
from octavo.reading import prompts
from octavo.reading.climbing import WEAK_MARGIN
from octavo.reading.options import ReadingOptions
from octavo.reading.reader import Reader
from octavo.reading.retrieve import margin
from serving import embedded_tokenizer

_WINDOW = 8_192
_QUESTIONS = 100
_TOKENS = 200_000
_LIMITS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question at level 1: `kind` is "whole" or "hops"; `missing` says that a fact it needs was not packed."""

    kind: str
    margin: float
    missing: bool


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=_QUESTIONS, help="MuSiQue questions used, from the first")
    parser.add_argument("--tokens", type=int, default=_TOKENS, help="of each document")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0, help="of excerpts and places")
    arguments = parser.parse_args()
    questions = musique(arguments.questions)
    record = Record(
        "bm25_margin",
        questions=len(questions),
        document_tokens=arguments.tokens,
        window=_WINDOW,
        seed=arguments.seed,
        limit=WEAK_MARGIN,
    )
    # Spawned, not forked: the store and the tokenizer have threads of their own.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.processes, mp_context=context) as pool:
        jobs = [
            pool.submit(asked_at_level_1, question, arguments.tokens, arguments.seed + number)
            for number, question in enumerate(questions)
        ]
        found = [asked for job in jobs for asked in job.result()]
    for kind in ("hops", "whole"):
        summarise(record, kind, [asked for asked in found if asked.kind == kind])
    if (arguments.questions, arguments.tokens) == (_QUESTIONS, _TOKENS):
        record.save()
    else:
        print("a quick try: shown, not kept")


def asked_at_level_1(question: MultihopQuestion, tokens: int, seed: int) -> list[Asked]:
    """One question and those of its hops, asked of one document."""
    document = haystack().hide(question.paragraphs, tokens=tokens, seed=seed, name="book.md")
    facts = [hop.fact for hop in question.hops]
    with tempfile.TemporaryDirectory() as home:
        library = Library(document, home=Path(home))
        return [
            asyncio.run(_asked("whole", question.question, facts, document, library)),
            *(
                asyncio.run(_asked("hops", hop_question, [fact], document, library))
                for hop_question, fact in zip(question.hop_questions(), facts, strict=True)
            ),
        ]


async def _asked(kind: str, question: str, facts: Sequence[str], document: Document, library: Library) -> Asked:
    model = ScriptedModel(prompts.NOT_FOUND, window=_WINDOW, tokenizer=embedded_tokenizer())
    with Ledger() as ledger:
        reader = Reader(model, options=ReadingOptions(analyse=False), ledger=ledger)
        answer = await reader.aask(library, question, level="retrieve")
    shown = [squeezed(passage.span.of(document.text)) for passage in answer.passages]
    corpus = library.corpus(model.tokenizer, reader.options.chunk_tokens)
    missing = any(not any(fact in passage for passage in shown) for fact in facts)
    return Asked(kind, margin(corpus, question), missing)


# --- figures --------------------------------------------------------------------------------------------------------


def summarise(record: Record, kind: str, found: Sequence[Asked]) -> None:
    """The figures of one kind of question at the limit that `auto` has, and a row for every other."""
    below = [asked for asked in found if asked.margin < WEAK_MARGIN]
    above = [asked for asked in found if asked.margin >= WEAK_MARGIN]
    record.add(f"{kind}_asked", len(found), "questions")
    record.add(f"{kind}_missing", _percent(found), "%")
    record.add(f"{kind}_median_margin", statistics.median(asked.margin for asked in found), "")
    record.add(f"{kind}_below", len(below), "questions")
    record.add(f"{kind}_missing_below", _percent(below), "%")
    record.add(f"{kind}_missing_above", _percent(above), "%")
    for limit in _LIMITS:
        below = [asked for asked in found if asked.margin < limit]
        above = [asked for asked in found if asked.margin >= limit]
        missing = sum(asked.missing for asked in below)
        record.add_row(
            "questions by their margin, and what level 1 lacked",
            {
                "questions": kind,
                "limit": limit,
                "below": len(below),
                "rightly": missing,
                "wrongly": len(below) - missing,
                "missing below %": _percent(below),
                "above": len(above),
                "missing above %": _percent(above),
            },
        )


def _percent(found: Sequence[Asked]) -> float:
    """The share of them that lack evidence; 0 where there are none."""
    return round(100 * sum(asked.missing for asked in found) / len(found), 1) if found else 0.0


if __name__ == "__main__":
    main()
