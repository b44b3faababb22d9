"""A cited text is taken apart into sentences and put together again."""

from __future__ import annotations

from octavo.documents.document import DocumentRef, Span
from octavo.reading.answer import Citation
from octavo.reading.statements import Statement, cited_text, plain_text, statements_of

BOOK = DocumentRef("0" * 32, "book.txt")


def citation(marker: str, start: int = 0) -> Citation:
    return Citation(marker, BOOK, Span(start, start + 4), "text", None, (), "supported")


def test_sentences_come_with_what_they_cite() -> None:
    one, two = citation("[1]"), citation("[2]", 9)
    text = "It rained [1]. The list[0] stayed dry [2][1]. [1] Nobody knew [7]."
    assert statements_of(text, [one, two]) == [
        Statement("It rained.", (one,)),
        Statement("The list[0] stayed dry.", (two, one)),
        Statement("Nobody knew [7]."),
    ]


def test_sentences_are_put_together_under_new_numbers() -> None:
    text, citations = cited_text(
        [
            Statement("It rained.", (citation("[5]", 50),)),
            Statement("It stopped.", (citation("[2]"), citation("[5]", 50))),
            Statement("Nobody knew."),
        ]
    )
    assert text == "It rained. [1] It stopped. [2][1] Nobody knew."
    assert citations == (citation("[1]", 50), citation("[2]"))


def test_what_was_put_together_is_taken_apart_to_the_same() -> None:
    said = [Statement("It rained.", (citation("[1]"),)), Statement("It stopped.", (citation("[2]", 9),))]
    assert statements_of(*cited_text(said)) == said


def test_chinese_sentences_are_joined_without_spaces() -> None:
    statements = statements_of("下雨了[1]。雨停了。", [citation("[1]")])
    assert plain_text(statements) == "下雨了。雨停了。"
