"""Documents become trees of parts: whatever their sections are, all of the text is in the leaves, once."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from octavo.documents.chunks import Chunk
from octavo.documents.document import Document, Span
from octavo.documents.headings import Heading, sections_of
from octavo.library.memory_corpus import MemoryCorpus
from octavo.models.estimated_tokenizer import EstimatedTokenizer
from octavo.reading.summaries.parts import Part, divide, halved

TOKENIZER = EstimatedTokenizer(exact=True)
SENTENCE = "Rain fell on the garden and on the gate. "


def made(*sections: tuple[int, str, int], name: str = "made.txt") -> Document:
    """A document of sections (level, title, sentences)."""
    text, headings = "", []
    for level, title, sentences in sections:
        headings.append(Heading(len(text), level, title))
        text += f"{title}\n\n{SENTENCE * sentences}\n\n"
    return Document.of(text, name=name, sections=sections_of(headings, len(text)))


def divided(*documents: Document, leaf_tokens: int = 600, fan_in: int = 5) -> Part:
    return divide(
        MemoryCorpus(documents, TOKENIZER, limit=128), TOKENIZER.count, leaf_tokens=leaf_tokens, fan_in=fan_in
    )


def titles(part: Part) -> list[str]:
    return [inner.title for inner in part.parts]


def test_a_document_that_fits_is_one_leaf() -> None:
    root = divided(made((1, "One", 3), (1, "Two", 3)))
    assert (root.kind, root.title, root.parts) == ("document", "made.txt", ())


def test_sections_are_parts_and_long_ones_have_parts_of_their_own() -> None:
    root = divided(made((1, "One", 50), (1, "Two", 200)))
    assert titles(root) == ["One", "Two"]
    assert root.parts[0].parts == ()
    assert titles(root.parts[1]) == [f"part {number} of 5" for number in range(1, 6)]
    lengths = [sum(chunk.tokens for chunk in leaf.chunks) for leaf in root.parts[1].leaves()]
    assert max(lengths) < 1.4 * min(lengths)


def test_small_neighbours_share_a_leaf() -> None:
    root = divided(made(*((1, f"Section {number}", 10) for number in range(12))))
    assert [(part.kind, part.title) for part in root.parts] == [
        ("group", "Section 0 … Section 4"),
        ("group", "Section 5 … Section 9"),
        ("group", "Section 10 … Section 11"),
    ]


def test_a_heading_alone_goes_with_its_first_subsection() -> None:
    root = divided(made((1, "Book", 0), (2, "One", 50), (2, "Two", 50)))
    (part,) = root.parts
    assert (part.title, titles(part)) == ("Book", ["One", "Two"])
    document = made((1, "Book", 0), (2, "One", 50), (2, "Two", 50))
    assert part.parts[0].chunks[0].span.of(document.text).split()[:2] == ["Book", "One"]


def test_text_before_a_first_subsection_is_a_part() -> None:
    root = divided(made((1, "Book", 50), (2, "One", 50), (2, "Two", 50)))
    assert [(part.kind, part.title) for part in root.parts[0].parts] == [
        ("part", "Book"),
        ("section", "One"),
        ("section", "Two"),
    ]


def test_no_part_has_more_parts_than_a_prompt_holds() -> None:
    root = divided(made(*((1, f"Chapter {number}", 50) for number in range(40))), fan_in=4)
    assert all(len(part.parts) <= 4 for part in root.all())
    assert root.height == 3
    assert root.parts[0].title == "Chapter 0 … Chapter 11"


def test_documents_are_parts_of_the_whole() -> None:
    root = divided(made((1, "One", 5), name="a.txt"), made((1, "One", 6), name="b.txt"))
    assert (root.kind, root.document, root.span) == ("whole", None, None)
    assert titles(root) == ["a.txt", "b.txt"]


def test_an_edit_changes_no_leaf_of_another_section() -> None:
    before = made(*((1, f"Chapter {number}", 60) for number in range(10)))
    after = made(*((1, f"Chapter {number}", 60 + (number == 3)) for number in range(10)))

    def shown(document: Document) -> set[str]:
        return {"".join(chunk.span.of(document.text) for chunk in leaf.chunks) for leaf in divided(document).leaves()}

    assert len(shown(after) - shown(before)) == 1


@example(sections=[(1, "Title", 5), (2, "Title", 40)], leaf_tokens=128, fan_in=2)  # chunks of very unequal length
@given(
    sections=st.lists(
        st.tuples(st.integers(1, 12), st.just("Title"), st.sampled_from([0, 1, 5, 40, 120])), max_size=25
    ),
    leaf_tokens=st.integers(128, 2_000),
    fan_in=st.integers(2, 8),
)
@settings(max_examples=60, deadline=None)
def test_the_leaves_hold_all_text_once_and_in_order(
    sections: list[tuple[int, str, int]], leaf_tokens: int, fan_in: int
) -> None:
    document = made(*sections) if sections else Document.of(SENTENCE * 100, name="plain.txt")
    root = divided(document, leaf_tokens=leaf_tokens, fan_in=fan_in)
    leaves = list(root.leaves())
    shown = [chunk.span for leaf in leaves for chunk in leaf.chunks]
    assert shown == sorted(shown)
    assert all(first.end <= second.start for first, second in pairwise(shown))
    assert "".join(span.of(document.text) for span in shown).split() == document.text.split()
    assert all(sum(chunk.tokens for chunk in leaf.chunks) <= leaf_tokens + 8 for leaf in leaves)
    assert all(len(part.parts) <= fan_in for part in root.all())


def test_what_does_not_fit_is_halved_between_chunks_then_sentences_then_characters() -> None:
    text = SENTENCE * 2
    whole, rest = Chunk("id", 0, Span(0, len(text)), 20), Chunk("id", 1, Span(len(text), len(text)), 0)
    assert halved(text, [whole, rest], TOKENIZER.count) == ([whole], [rest])

    def spans(span: Span) -> list[Span]:
        halves = halved(text, [Chunk("id", 0, span, 20)], TOKENIZER.count)
        return [half[0].span for half in halves] if halves else []

    assert spans(whole.span) == [Span(0, len(SENTENCE)), Span(len(SENTENCE), len(text))]
    assert spans(Span(0, 8)) == [Span(0, 4), Span(4, 8)]
    assert spans(Span(0, 1)) == []
