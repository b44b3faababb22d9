"""What level 3 knows, told within a given number of tokens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from octavo.models.estimated_tokenizer import EstimatedTokenizer
from octavo.reading.memory import Entry, Memory

COUNT = EstimatedTokenizer(exact=True).count

entries = st.builds(
    Entry,
    question=st.text(max_size=200),
    answer=st.text(max_size=400),
    evidence=st.lists(st.text(max_size=600), max_size=4).map(tuple),
    found=st.booleans(),
)


def memory(*known: Entry) -> Memory:
    made = Memory()
    for entry in known:
        made.add(entry)
    return made


@given(st.lists(entries, max_size=12), st.integers(0, 2_000))
def test_what_is_told_is_never_longer_than_its_room(known: list[Entry], room: int) -> None:
    assert COUNT(memory(*known).told(room, COUNT)) <= room


def test_all_is_told_where_there_is_room() -> None:
    told = memory(Entry("Who?", "Amelia [1].", ("Amelia hid it.",)), Entry("Where?", "", found=False)).told(500, COUNT)
    assert told == (
        '1. Who?\n   Answer: Amelia.\n   Evidence: "Amelia hid it."\n2. Where?\n   Answer: not found in the documents'
    )


def test_evidence_is_condensed_last() -> None:
    quote = "The compass was hidden under the chapel floor by Amelia Voss."
    known = [Entry(f"Question {number}?", "word " * 200, (quote,)) for number in range(3)]
    full = COUNT(memory(*known).told(10_000, COUNT))
    told = memory(*known).told(full // 2, COUNT)
    assert told.count(quote) == 3
    assert "…" in told


def test_what_was_not_found_becomes_one_line_first() -> None:
    missing = [Entry(f"Where is number {number}?", "", found=False) for number in range(20)]
    known = memory(*missing, Entry("Who?", "Amelia.", ("Amelia hid it.",)))
    told = known.told(COUNT(known.told(10_000, COUNT)) - 40, COUNT)
    assert "Where is number 3?; Where is number 4?" in told
    assert 'Evidence: "Amelia hid it."' in told


def test_the_same_question_is_known_again() -> None:
    known = memory(Entry("Who hid the compass?", "Amelia."))
    assert known.knows("who hid  the compass")
    assert not known.knows("who found the compass")
