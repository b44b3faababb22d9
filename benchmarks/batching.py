"""Several questions put to every chunk in one prompt: what that costs, and whether it changes what is found.

*Cost*: tokens of all chunk-reading prompts over War and Peace for k questions together ÷ those for one question (the
mean over the k), for k = 2 to 6 and for the strategies "number" and "quote"; 512-token chunks, counted with the
embedded model's tokenizer. `worst_extra` is the largest (ratio - 1) ÷ (k - 1). *Findings*: 60,000 tokens of the book
are read by a script that points at about one sentence in 60 for each question, whoever else asks; for each k, once for
all questions together and once for each alone, all findings, sentence by sentence, are compared.

What it does not measure: a real model, which may overlook more when it is asked several things: `batching_loss.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
from collections.abc import Sequence

from asked import Reading, asked, squeezed
from harness import Record, data_file
from octavo.documents.document import Document
from octavo.documents.load import load
from octavo.documents.sentences import sentence_spans
from octavo.library.corpus import Corpus
from octavo.library.memory_corpus import MemoryCorpus
from octavo.models.chat import Request
from octavo.models.scripted import ScriptedModel
from octavo.reading import prompts
from octavo.reading.options import ReadingOptions, Strategy
from octavo.reading.pieces import pieces, read_request
from one_pass import one_pass
from serving import embedded_tokenizer

_MOST = 6
_CHARACTERS_READ = 260_000
"""About 60,000 tokens of the book."""

_STRATEGIES: tuple[Strategy, ...] = ("number", "quote")
_POINTED_AT = 1 / 60
QUESTIONS = (
    "Who is Prince Andrew's sister?",
    "What does Pierre lose in his duel with Dolokhov?",
    "Where does Natasha first meet Prince Andrew, and on what occasion?",
    "Which regiment does Nicholas Rostov join?",
    "How much money does Nicholas Rostov lose to Dolokhov at cards?",
    "What does Kutuzov say at the council of war in Fili about giving up Moscow?",
)


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--characters", type=int, help="of the book, from its beginning; all of it unless given")
    arguments = parser.parse_args()
    book = load(data_file("war-and-peace"))
    text = book.text[: arguments.characters]
    model = ScriptedModel(pointing_reply, tokenizer=embedded_tokenizer())
    record = Record("batching", questions=_MOST, characters=len(text), characters_read=min(_CHARACTERS_READ, len(text)))
    whole = MemoryCorpus([Document.of(text, name=book.name)], model.tokenizer)
    ratios = {
        (strategy, k): ratio
        for strategy in _STRATEGIES
        for k, ratio in enumerate(prompt_ratios(whole, model, strategy), 1)
    }
    for (strategy, k), ratio in ratios.items():
        record.add_row(
            "prompt tokens of k questions together ÷ those of one",
            {"strategy": strategy, "k": k, "ratio": round(ratio, 4), "limit": 1 + 0.25 * (k - 1)},
        )
    record.add("worst_extra", max((ratio - 1) / (k - 1) for (_, k), ratio in ratios.items() if k > 1), "ratio")
    for strategy in _STRATEGIES:
        record.add(f"ratio_{strategy}_{_MOST}", ratios[strategy, _MOST], "ratio")
    excerpt = MemoryCorpus([Document.of(text[:_CHARACTERS_READ], name=book.name)], model.tokenizer)
    found, differing = asyncio.run(compare(excerpt, model))
    record.add("findings", found, "findings")
    record.add("findings_that_differ", differing, "findings")
    record.save()


# --- cost -----------------------------------------------------------------------------------------------------------


def prompt_ratios(corpus: Corpus, model: ScriptedModel, strategy: Strategy) -> list[float]:
    """For k = 1 to `_MOST`, the prompt tokens of the first k questions together ÷ the mean of each alone."""
    alone = [prompt_tokens(corpus, model, strategy, [question]) for question in QUESTIONS]
    return [prompt_tokens(corpus, model, strategy, QUESTIONS[:k]) / (sum(alone[:k]) / k) for k in range(1, _MOST + 1)]


def prompt_tokens(corpus: Corpus, model: ScriptedModel, strategy: Strategy, questions: Sequence[str]) -> int:
    """Tokens of all prompts of one pass."""
    options = ReadingOptions(strategy=strategy)
    return sum(
        model.measure(read_request(piece, questions, strategy).messages)
        for piece in pieces(corpus, options)
        if piece.sentences
    )


# --- findings -------------------------------------------------------------------------------------------------------


async def compare(corpus: Corpus, model: ScriptedModel) -> tuple[int, int]:
    """How many findings (question, chunk, sentences) there are for the questions each alone, and how many of all are
    found only together or only alone."""
    found = differing = 0
    for strategy in _STRATEGIES:
        options = ReadingOptions(strategy=strategy, questions_at_once=_MOST)
        alone = [set((await one_pass(corpus, model, [question], options)).findings) for question in QUESTIONS]
        found += sum(map(len, alone))
        for k in range(2, _MOST + 1):
            together = set((await one_pass(corpus, model, QUESTIONS[:k], options)).findings)
            differing += len(together ^ set().union(*alone[:k]))
    return found, differing


def pointing_reply(request: Request) -> str:
    """Points, for each question, at the sentences that a hash of the two chooses."""
    call = asked(request.messages)
    assert isinstance(call, Reading)
    sentences = list(call.sentences)
    if call.strategy != "number":
        (passage,) = sentences
        sentences = [span.of(passage) for span in sentence_spans(passage)]
    chosen = [
        [number for number, sentence in enumerate(sentences, 1) if _chosen(question, squeezed(sentence))]
        for question in call.questions
    ]
    if call.strategy == "number":
        keys = ["sentences"] if len(chosen) == 1 else [str(number) for number in range(1, len(chosen) + 1)]
        return json.dumps(dict(zip(keys, chosen, strict=True)))
    lines = [
        f"{number}: {sentence}" if len(chosen) > 1 else sentence
        for number, numbers in enumerate(chosen, 1)
        for sentence in (squeezed(sentences[place - 1]) for place in numbers)
    ]
    return "\n".join(lines) or prompts.NONE


def _chosen(question: str, sentence: str) -> bool:
    digest = hashlib.sha256(f"{question}\0{sentence}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 < _POINTED_AT


if __name__ == "__main__":
    main()
