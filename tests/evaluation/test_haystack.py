"""Text to hide things in, cut to a number of tokens."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.documents.sentences import sentence_spans
from octavo.errors import EvaluationError, UsageError
from octavo.evaluation.haystack import (
    Haystack,
    at_depth,
    checked_depths,
    checked_lengths,
    insert,
    sentence_boundary,
)
from octavo.models.estimated_tokenizer import EstimatedTokenizer

TOKENIZER = EstimatedTokenizer(exact=True)
NEEDLE = "\nHidden on Misty Island is the legendary Dream Bubble.\n"

WORDS = st.sampled_from(
    [
        "a",
        "Moscow",
        "incomprehensibilities",
        "war,",
        "peace.",
        "1812",
        "и",
        "战争与和平。",
        "\n",
        "\n\n",
        "  ",
        "😀",
        "end!",
    ]
)
TEXTS = st.lists(WORDS, min_size=200, max_size=600).map(" ".join)


def paragraphs(count: int) -> str:
    return "\n\n".join(f"Paragraph {number} says little. It has a second sentence, too." for number in range(count))


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.txt"
    path.write_text(paragraphs(200), encoding="utf-8")
    return path


def test_a_paragraph_is_a_piece_and_where_there_are_none_a_line(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# One\n\nTwo goes\non.\n\n\nThree.\n", encoding="utf-8")
    (tmp_path / "b.txt").write_text("一行。\r\n二行。\r\n", encoding="utf-8")

    haystack = Haystack.read([tmp_path])

    assert haystack.pieces == ("# One\n\n", "Two goes\non.\n\n", "Three.\n\n", "一行。\n", "二行。\n")


def test_the_lines_of_a_jsonl_file_are_pieces_and_can_be_glued(tmp_path: Path) -> None:
    path = tmp_path / "PaulGrahamEssays.jsonl"
    path.write_text('{"text": "First."}\n\n{"text": "Second.", "more": 1}\n', encoding="utf-8")

    assert Haystack.read([path]).pieces == ("First.\n\n", "Second.\n\n")
    assert Haystack.read([path], glued=True).pieces == ("First.", "Second.")


def test_the_text_of_a_json_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "PaulGrahamEssays.json"
    path.write_text(json.dumps({"text": "One.\n\nTwo."}), encoding="utf-8")

    assert Haystack.read([path]).pieces == ("One.\n\n", "Two.\n\n")


@pytest.mark.parametrize(
    ("name", "held", "said"),
    [
        ("a.jsonl", b'{"text": "x"}\n{"txt": "y"}\n', 'line 2: has no field "text"'),
        ("a.jsonl", b'{"text": "x"}\nnothing\n', "line 2: is not JSON"),
        ("a.jsonl", b"[1]\n", "line 1: is no object"),
        ("a.json", b'{"text": 3}', 'no text in the field "text"'),
        ("a.json", b'{"text":\n', "line 2: is not JSON"),
        ("a.txt", b"\xff\xfe\xfa", "is not UTF-8"),
        ("a.txt", b" \n\n", "holds no text"),
        ("a.pdf", b"%PDF", "is none of .txt, .md, .jsonl, .json"),
    ],
)
def test_a_file_that_is_no_haystack_is_named_with_line_and_field(
    tmp_path: Path, name: str, held: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(held)

    with pytest.raises(EvaluationError, match=said) as raised:
        Haystack.read([path])

    assert str(path) in str(raised.value)


def test_no_file_and_a_folder_without_text_are_errors_that_say_so(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="there is no text to hide anything in; name text files"):
        Haystack.read([])
    with pytest.raises(EvaluationError, match=f"{tmp_path.name}: holds no text"):
        Haystack.read([tmp_path])


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"gone\.txt: is not there"):
        Haystack.read([tmp_path / "gone.txt"])


def test_too_little_text_is_an_error_that_says_how_much_there_is_and_is_needed(book: Path) -> None:
    haystack = Haystack.read([book])
    there = TOKENIZER.count("".join(haystack.pieces))

    assert len(haystack.background(TOKENIZER, there).starts) == there
    with pytest.raises(EvaluationError, match=rf"book\.txt: holds {there:,} tokens of text, and {there + 1:,} are"):
        haystack.background(TOKENIZER, there + 1)


def test_much_text_after_little_is_found_although_the_beginning_promises_longer_tokens(tmp_path: Path) -> None:
    path = tmp_path / "mixed.txt"
    path.write_text("unquestionably " * 20_000 + "\n\n" + "1 2 3 " * 40_000, encoding="utf-8")

    background = Haystack.read([path]).background(TOKENIZER, 120_000)

    assert len(background.starts) >= 120_000


def test_the_order_of_seed_0_is_that_of_needlebench(book: Path) -> None:
    haystack = Haystack.read([book])
    lines = list(haystack.pieces)

    for counter in range(3):
        random.seed(counter)
        random.shuffle(lines)
        assert haystack.shuffled(0, counter).pieces == tuple(lines)


def test_another_seed_or_repeat_is_another_order_and_the_same_the_same(book: Path) -> None:
    haystack = Haystack.read([book])

    assert haystack.shuffled(3, 1) == haystack.shuffled(3, 1)
    orders = {haystack.shuffled(seed, repeat).pieces for seed in range(3) for repeat in range(3)}
    assert len(orders) == 9
    assert all(sorted(order) == sorted(haystack.pieces) for order in orders)


@given(text=TEXTS, depth=st.integers(0, 100), share=st.floats(0.2, 1.0), snap=st.booleans())
def test_a_context_is_never_too_long_and_hardly_too_short_and_holds_its_needle_where_it_says(
    text: str, depth: int, share: float, snap: bool
) -> None:
    haystack = Haystack((Path("made.txt"),), (text,))
    length = int(TOKENIZER.count(text) * share)
    background = haystack.background(TOKENIZER, length)

    hidden = background.hide([NEEDLE], at_depth(depth), length, snap=snap)

    tokens = TOKENIZER.count(hidden.text)
    assert length - 12 <= tokens <= length
    assert hidden.spans[0].of(hidden.text) == NEEDLE.strip()
    assert hidden.text.replace(NEEDLE, "", 1) == text[: len(hidden.text) - len(NEEDLE)]
    before = TOKENIZER.count(hidden.text[: hidden.spans[0].start])
    if not snap:
        assert abs(before - (length - TOKENIZER.count(NEEDLE)) * depth / 100) <= 8


@given(depths=st.lists(st.integers(0, 100), min_size=2, max_size=5))
def test_contexts_of_all_depths_share_their_text(depths: list[int]) -> None:
    haystack = Haystack((Path("made.txt"),), (paragraphs(60),))
    background = haystack.background(TOKENIZER, 500)

    bare = {background.hide([NEEDLE], at_depth(depth), 500, snap=True).text.replace(NEEDLE, "", 1) for depth in depths}

    longest = max(bare, key=len)
    assert all(longest.startswith(text) and len(longest) - len(text) < 30 for text in bare)


def test_a_needle_that_leaves_no_room_stands_alone(book: Path) -> None:
    hidden = Haystack.read([book]).background(TOKENIZER, 5).hide([NEEDLE], at_depth(50), 5)

    assert hidden.text == NEEDLE


def test_needles_at_the_same_place_keep_their_order() -> None:
    hidden = insert("abcdef", 4, [(0, " x "), (2, "y"), (2, "\nz\n"), (4, "w")])

    assert hidden.text == " x aby\nz\ncdw"
    assert [span.of(hidden.text) for span in hidden.spans] == ["x", "y", "z", "w"]


@given(text=TEXTS.map(lambda text: text[:1_500]), share=st.floats(0, 1))
def test_a_needle_that_snaps_goes_to_the_nearest_beginning_of_a_sentence(text: str, share: float) -> None:
    offset = int(len(text) * share)
    starts = {len(text), *(span.start for span in sentence_spans(text))}

    boundary = sentence_boundary(text, offset, len(text))

    assert boundary in starts
    assert abs(boundary - offset) == min(abs(start - offset) for start in starts)


def test_the_nearest_boundary_is_taken_on_either_side() -> None:
    text = "This is the first sentence. And this is the second one. And the third."

    assert sentence_boundary(text, 25, len(text)) == 28
    assert sentence_boundary(text, 31, len(text)) == 28
    assert sentence_boundary(text, 0, len(text)) == 0
    assert sentence_boundary(text, 68, len(text)) == len(text)


def test_depths_and_lengths_that_cannot_be_are_refused() -> None:
    assert checked_depths([0, 52.5, 100]) == (0, 52.5, 100)
    assert checked_lengths([1]) == (1,)
    with pytest.raises(UsageError, match="101 is no depth"):
        checked_depths([101])
    with pytest.raises(UsageError, match="0 is no length"):
        checked_lengths([0])
