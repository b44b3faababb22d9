"""The promise that the window is never overrun, and that every chunk is accounted for, whatever is summarised."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octavo.documents.document import Document
from octavo.documents.headings import Heading, sections_of
from octavo.errors import WindowTooSmall
from octavo.library.library import Library
from octavo.models.chat import Request
from octavo.models.scripted import ScriptedModel
from octavo.reading.options import ReadingOptions
from octavo.reading.reader import Reader
from tests.reading.conftest import book

HOME = Path(tempfile.mkdtemp(prefix="octavo-test-summaries-"))
CHINESE = Document.of("他在窗前写了一封信。雨停了，花园里很安静。" * 600, name="红.txt")
ENDLESS = Document.of("word " * 6_000, name="endless.txt")


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Sections of any length and depth, some empty, some only a heading."""
    text = ""
    headings = []
    for number in range(draw(st.integers(0, 30))):
        level = draw(st.integers(1, 12))
        headings.append(Heading(len(text), level, f"Title {number}" * draw(st.sampled_from([1, 40]))))
        text += f"Title {number}\n\n" + "Rain fell on the garden. " * draw(st.sampled_from([0, 1, 20, 300])) + "\n\n"
    text = text or "Nothing much."
    return Document.of(text, name=f"{len(text)}.txt", sections=sections_of(headings, len(text)))


@given(
    made=documents(),
    others=st.lists(st.sampled_from([CHINESE, ENDLESS, book(300, seed=1)]), unique_by=lambda d: d.id),
    window=st.integers(1_024, 20_000),
    words=st.one_of(st.none(), st.integers(1, 250)),
    focus=st.one_of(st.none(), st.just("rain"), st.integers(100, 3_000).map(lambda count: "garden " * count)),
    talkative=st.booleans(),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_prompt_is_longer_than_the_window_and_all_chunks_are_covered(
    made: Document, others: list[Document], window: int, words: int | None, focus: str | None, talkative: bool
) -> None:
    over: list[int] = []

    def reply(request: Request) -> str:
        tokens = model.measure(request.messages) + request.max_tokens
        if tokens > window:
            over.append(tokens)
        return "It rained on the garden [1]. " * (60 if talkative else 1)

    model = ScriptedModel(reply, window=window)
    reader = Reader(model, home=HOME, options=ReadingOptions(fresh=True))
    try:
        summary = reader.summarize(Library(made, *others, home=HOME), focus=focus, words=words)
    except WindowTooSmall as error:
        assert error.missing > 0
        assert focus
        return
    assert over == []
    assert summary.coverage.full
    assert summary.coverage.failed == summary.coverage.skipped == 0
    if words is not None:
        assert summary.text
