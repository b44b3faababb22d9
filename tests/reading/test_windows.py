"""The promise that the window is never overrun, whatever the window, the question and the documents."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octavo.documents.document import Document
from octavo.errors import WindowTooSmall
from octavo.library.library import Library
from octavo.models.chat import Request
from octavo.models.scripted import ScriptedModel
from octavo.reading.options import ReadingOptions
from octavo.reading.reader import Reader

from .conftest import FACT, Faithful, book

HOME = Path(tempfile.mkdtemp(prefix="octavo-test-windows-"))
FILES = [book(90 + 7 * number, facts={number: FACT}, name=f"file-{number}.txt", seed=number) for number in range(50)]
CHINESE = Document.of("他在窗前写了一封信。雨停了，花园里很安静。" * 300, name="红.txt")


@given(
    window=st.integers(4096, 20_000),
    words=st.one_of(st.integers(1, 60), st.integers(1000, 9000)),
    level=st.sampled_from(["auto", "retrieve", "read"]),
    strategy=st.sampled_from(["number", "quote", "opening"]),
    read_tokens=st.sampled_from([None, 2000]),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_prompt_is_longer_than_the_window(
    window: int, words: int, level: str, strategy: str, read_tokens: int | None
) -> None:
    faithful = Faithful(sufficient=False)
    over: list[int] = []

    def watching(request: Request) -> str:
        tokens = model.measure(request.messages) + request.max_tokens
        if tokens > window:
            over.append(tokens)
        if strategy != "number" and request.schema is None and "Question" in request.messages[-1].content:
            return FACT if FACT in request.messages[-1].content else "None"
        return faithful(request)

    model = ScriptedModel(watching, window=window)
    options = ReadingOptions(strategy=strategy, read_tokens=read_tokens, fresh=True)  # type: ignore[arg-type]
    reader = Reader(model, home=HOME, options=options)
    library = Library(*FILES, CHINESE, home=HOME)
    question = " ".join(["where", "compass", "指南针"][index % 3] for index in range(words)) + "?"
    try:
        reader.ask(library, question, level=level)  # type: ignore[arg-type]
    except WindowTooSmall as error:
        assert error.missing > 0
        assert words > 60
    assert over == []
