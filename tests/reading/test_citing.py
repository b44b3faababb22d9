"""The answer's stream: markers are verified and renumbered, and nothing that was shown is withdrawn."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.documents.document import Document
from octavo.library.library import Library
from octavo.models.scripted import ScriptedModel
from octavo.reading.citations import Sources
from octavo.reading.citing import CitingStream
from octavo.reading.packing import render

TEXT = (
    "The ferry Halcyon left Dover at nine. Captain Ortega commanded her for twelve years. "
    "In 1931 the ferry was sold to a Danish company. The company painted her green."
)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    home: Path = tmp_path_factory.mktemp("home")
    document = Document.of(TEXT, name="ferry.txt")
    corpus = Library(document, home=home).corpus(ScriptedModel(lambda request: "").tokenizer, 512)
    return Sources(corpus, render(corpus, corpus.chunks).passages)


def shown(sources: Sources, pieces: list[str], *, attribute: bool = True) -> tuple[CitingStream, str]:
    stream = CitingStream(sources, attribute=attribute)
    text = "".join([*(stream.feed(piece) for piece in pieces), stream.finish()])
    return stream, text


@pytest.mark.parametrize(
    ("answer", "question", "quote"),
    [
        ("green", "Which colour did the company paint the ferry?", "The company painted her green."),
        ("1931", "When was the ferry sold?", "In 1931 the ferry was sold to a Danish company."),
        ("Ortega", "Who commanded the Halcyon for twelve years?", "Captain Ortega commanded her for twelve years."),
        ("Halcyon", "What was painted pink by the queen of Denmark in Rome?", None),
        ("green", "", None),
        ("yellow", "Which colour did the company paint the ferry?", None),
    ],
)
def test_an_answer_of_a_word_rests_where_the_documents_speak_of_the_question(
    sources: Sources, answer: str, question: str, quote: str | None
) -> None:
    asked = Sources(sources.corpus, tuple(sources.passages.values()), question)
    stream, text = shown(asked, [answer])
    assert [cited.citation.quote for cited in stream.cited] == ([quote] if quote else [])
    assert text == (f"{answer} [1]" if quote else answer)


@pytest.mark.parametrize(("named", "support"), [("Ortega", "supported"), ("Nelson", "unsupported")])
def test_a_sentence_in_the_questions_words_is_borne_out_only_where_a_place_holds_what_it_names(
    sources: Sources, named: str, support: str
) -> None:
    question = "Which captain commanded her, the ferry, for twelve years?"
    asked = Sources(sources.corpus, tuple(sources.passages.values()), question)
    sentence = f"Captain {named} commanded her for twelve years"
    stream, _ = shown(asked, [f"{sentence} [1]."])
    assert [cited.citation.support for cited in stream.cited] == [support]
    unmarked, _ = shown(asked, [f"{sentence}."])
    assert bool(unmarked.cited) == (support == "supported")


def test_a_marker_becomes_a_citation_of_the_sentence_that_bears_it_out(sources: Sources) -> None:
    stream, text = shown(sources, ["Captain Ortega commanded the Halcyon [1]."])
    assert text == "Captain Ortega commanded the Halcyon [1]."
    (cited,) = stream.cited
    assert "Captain Ortega commanded her for twelve years." in cited.citation.quote
    assert cited.citation.quote == cited.citation.span.of(TEXT)
    assert cited.citation.support == "supported"


def test_a_marker_that_points_at_no_passage_is_dropped_and_counted(sources: Sources) -> None:
    stream, text = shown(sources, ["The moon is made of cheese [7]."])
    assert text == "The moon is made of cheese."
    assert stream.dropped == 1
    assert stream.cited == []


def test_different_places_get_different_numbers_in_order_of_appearance(sources: Sources) -> None:
    stream, text = shown(
        sources, ["The ferry was sold to a Danish company [1]. ", "Ortega was captain [1]. Green [1]."]
    )
    assert [cited.citation.marker for cited in stream.cited][:2] == ["[1]", "[2]"]
    assert text.startswith("The ferry was sold to a Danish company [1]. Ortega was captain [2].")


def test_a_number_that_the_place_does_not_hold_is_not_supported(sources: Sources) -> None:
    stream, _ = shown(sources, ["In 1932 the ferry was sold to a Danish company [1]."])
    assert stream.cited[0].citation.support == "unsupported"


def test_an_uncited_sentence_is_cited_where_a_passage_bears_it_out(sources: Sources) -> None:
    stream, text = shown(sources, ["The ferry was sold to a Danish company in 1931. It flew."])
    assert text == "The ferry was sold to a Danish company in 1931. [1] It flew."
    assert stream.cited[0].citation.support == "supported"


def test_attribution_can_be_switched_off(sources: Sources) -> None:
    stream, text = shown(sources, ["The ferry was sold to a Danish company in 1931."], attribute=False)
    assert text == "The ferry was sold to a Danish company in 1931."
    assert stream.cited == []


@pytest.mark.parametrize("reply", ["NOT FOUND", "NOT FOUND.", "NOT FOUND. The passages say nothing of it."])
def test_the_word_for_not_found_is_never_shown(sources: Sources, reply: str) -> None:
    stream, text = shown(sources, list(reply))
    assert stream.not_found
    assert text == ""


def test_an_answer_that_only_mentions_not_found_is_an_answer(sources: Sources) -> None:
    stream, text = shown(sources, ["The ferry was not found in Dover."])
    assert not stream.not_found
    assert text.startswith("The ferry was not found in Dover.")


def test_abbreviations_do_not_end_a_sentence(sources: Sources) -> None:
    stream, _ = shown(sources, ["Mr. Ortega commanded the ferry [1]. She was green."])
    assert stream.cited[0].statement == "Mr. Ortega commanded the ferry."


REPLY = (
    "Captain Ortega commanded the ferry Halcyon [1]. In 1931 it was sold [1][9] to a company.\n"
    "- Mr. X painted her green [1, 2]\n船长是奥尔特加【1】。The end"
)


@given(st.lists(st.integers(0, len(REPLY)), max_size=12))
def test_how_the_stream_is_cut_changes_nothing(sources: Sources, cuts: list[int]) -> None:
    at = [0, *sorted(cuts), len(REPLY)]
    pieces = [REPLY[start:end] for start, end in pairwise(at)]
    stream, text = shown(sources, pieces)
    whole, expected = shown(sources, [REPLY])
    assert text == expected == stream.text
    assert stream.cited == whole.cited


@pytest.mark.parametrize(
    "text",
    ["It lasts thirty (30) days.", "Call range(10), then list[0] = x, then stop.", "She wrote f(1) on it."],
)
def test_brackets_that_are_no_marker_stay(sources: Sources, text: str) -> None:
    stream, shown_text = shown(sources, [text])
    assert shown_text == text
    assert stream.dropped == 0


def test_a_marker_directly_after_a_word_is_one_where_the_sentence_ends(sources: Sources) -> None:
    stream, text = shown(sources, ["The ferry was sold to a Danish company[1]."])
    assert text == "The ferry was sold to a Danish company [1]."
    assert len(stream.cited) == 1


@pytest.mark.parametrize("reply", ["\n\nNOT FOUND", "<think>Hm. The passages?\n[1] says</think>\n\nNOT FOUND"])
def test_what_stands_before_the_word_for_not_found_does_not_hide_it(sources: Sources, reply: str) -> None:
    stream, text = shown(sources, list(reply))
    assert stream.not_found
    assert text == ""


def test_thoughts_are_not_part_of_the_answer(sources: Sources) -> None:
    _, text = shown(sources, list("<think>Let me see. It was 1931.</think>\nThe company painted her green [1]."))
    assert text == "The company painted her green [1]."


def test_a_second_sentence_on_the_same_place_has_its_own_verdict(sources: Sources) -> None:
    stream, _ = shown(
        sources,
        ["In 1931 the ferry was sold to a Danish company [1]. In 1875 the ferry was sold to a Danish company [1]."],
    )
    assert [cited.citation.support for cited in stream.cited] == ["supported", "unsupported"]
