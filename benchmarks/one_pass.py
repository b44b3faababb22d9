"""One pass of level 2 over a corpus, on its own: what was found for each question, without an answer.

Knows sessions; nothing of what is measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from octavo.library.corpus import Corpus
from octavo.models.calls import Account, Calls
from octavo.models.chat import ChatModel
from octavo.models.ledger import Ledger
from octavo.reading.answer import Finding
from octavo.reading.events import Event
from octavo.reading.options import Budget, ReadingOptions
from octavo.reading.question import QuestionAnalysis
from octavo.reading.read import read_chunks
from octavo.reading.session import Session


@dataclass(frozen=True, slots=True)
class Pass:
    """The findings of a pass in document order, and what it cost."""

    findings: tuple[Finding, ...]
    account: Account


async def one_pass(corpus: Corpus, model: ChatModel, questions: Sequence[str], options: ReadingOptions) -> Pass:
    """Read all chunks once for all questions, with a ledger of its own: nothing is reused. Raises what `read_chunks`
    raises, and `RuntimeError` where a chunk was not read."""
    window = model.window
    with Ledger() as ledger:
        calls = Calls(model, ledger)
        session = Session(corpus, calls, options.for_model(model, window), window, Budget(), _nobody)
        result = await read_chunks(session, [QuestionAnalysis.plain(question) for question in questions])
    if not result.coverage.full:
        raise RuntimeError(f"not a full reading: {result.coverage}")
    return Pass(result.findings, calls.account)


async def _nobody(event: Event) -> None:
    """Events of a reading that nobody watches."""
