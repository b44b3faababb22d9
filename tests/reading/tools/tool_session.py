"""A session over made-up documents, for tests of tools."""

from __future__ import annotations

from pathlib import Path

from octavo.documents.document import Document
from octavo.library.library import Library
from octavo.models.calls import Calls
from octavo.models.ledger import Ledger
from octavo.models.scripted import Script, ScriptedModel
from octavo.reading.events import Event
from octavo.reading.options import Budget, ReadingOptions
from octavo.reading.session import Session


def session_of(home: Path, *documents: Document, reply: Script | str = "none") -> Session:
    """A session over `documents`, chunked for a scripted model with these replies; what it keeps is in `home`."""
    model = ScriptedModel(reply)
    options = ReadingOptions().for_model(model, model.window)
    corpus = Library(*documents, home=home).corpus(model.tokenizer, options.chunk_tokens)
    return Session(corpus, Calls(model, Ledger()), options, model.window, Budget(), _nobody)


async def _nobody(_: Event) -> None:
    """Events that nobody watches."""
