from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.documents.document import Span
from octavo.documents.sentences import sentence_spans

FRAGMENTS = [
    "The prince spoke. ",
    '"No! I will not," she said. ',
    "He left (why? nobody knows). ",
    "他说：“你好。我走了！”是吗？",
    "Привет, мир. Как дела? ",
    "See Fig. 3, e.g. the U.S. map... ",
    "- item\n",
    "\n\n",
    "    return x;\n",
    "a line that is long enough to look as if it had been wrapped\n",
    "👩‍👧 e\u0301 🇨🇳 \ud800",
    "\t\u3000 ",
    "“«「(",
    "words without an end ",
]
mixed_texts = st.one_of(st.text(max_size=300), st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join))


def sentences(text: str) -> list[str]:
    return [span.of(text) for span in sentence_spans(text)]


@given(mixed_texts)
def test_sentences_tile_the_text(text: str) -> None:
    assert "".join(sentences(text)) == text
    assert all(sentences(text))


@given(mixed_texts, st.data())
def test_sentences_of_a_part_tile_that_part(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    spans = sentence_spans(text, Span(start, end))
    assert "".join(span.of(text) for span in spans) == text[start:end]


@given(mixed_texts)
def test_white_space_goes_with_the_sentence_before_it_except_indentation(text: str) -> None:
    for sentence in sentences(text)[1:]:
        assert not sentence[0].isspace() or sentence[0] != "\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One ends. Two ends! Three?", ["One ends. ", "Two ends! ", "Three?"]),
        (
            "Dr. Smith paid $3.50 in the U.S. on May 1. He left.",
            ["Dr. Smith paid $3.50 in the U.S. on May 1. ", "He left."],
        ),
        ("他走了。我来了！是吗？", ["他走了。", "我来了！", "是吗？"]),
        ("かれは行った。そうか？", ["かれは行った。", "そうか？"]),
        ("# Title\n\nText here.\n", ["# Title\n\n", "Text here.\n"]),
        ("Buy:\n- bread\n1. first\n2) second\n", ["Buy:\n", "- bread\n", "1. first\n", "2) second\n"]),
        ("def f(self):\n    return self._x\n", ["def f(self):\n", "    return self._x\n"]),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_a_wrapped_line_goes_on() -> None:
    text = (
        "It was the best of times in the city, and the\nworst of times in all the country round about, and\n"
        "nobody knew. Then it ended.\n"
    )
    assert [sentence.replace("\n", " ").strip() for sentence in sentences(text)] == [
        "It was the best of times in the city, and the worst of times in all the country round about, and nobody knew.",
        "Then it ended.",
    ]


def test_a_wrapped_chinese_line_goes_on() -> None:
    line = "这一行有二十多个字因为纸张的宽度不够所以在这里被断开了并且\n"
    assert len(sentences(line + "还没有结束。后来结束了。")) == 2


def test_a_short_quotation_stays_whole() -> None:
    assert sentences('"No. I will not." She left.') == ['"No. I will not." ', "She left."]


@pytest.mark.parametrize(("opening", "closing"), [('"', '"'), ("“", "”"), ("(", ")"), ("'", "'"), ("«", "»")])
def test_a_long_quotation_is_cut_inside(opening: str, closing: str) -> None:
    speech = "The regiment will cross the river before the sun has risen. " * 8
    found = sentences(f"He said {opening}{speech.strip()}{closing} Then he left.")
    assert 8 <= len(found) <= 9
    assert max(map(len, found)) < 100


def test_who_speaks_is_not_cut_off_from_a_long_quotation() -> None:
    speech = "We shall go on to the end of the road and see it all ourselves. " * 6
    found = sentences(f'"{speech}Will you come?" he asked. Silence.')
    assert found[-2:] == ['Will you come?" he asked. ', "Silence."]


def test_an_edit_moves_no_sentence_in_another_line() -> None:
    lines = [f'Line {number} has one. "It has two, {number}. And three." It has four.\n' for number in range(50)]
    before = sentences("".join(lines))
    lines[25] = 'A "quotation that never ends. ' + lines[25]
    after = sentences("".join(lines))
    untouched = [sentence for sentence in before if "25" not in sentence]
    assert set(untouched) <= set(after)


@pytest.mark.parametrize("unit", ["x", '"a. b', "字", "Go on. ", "(He said. ", "\n", "，", "a "])
def test_time_grows_with_the_length_of_an_endless_line_and_no_faster(unit: str) -> None:
    def seconds(length: int) -> float:
        text = (unit * (length // len(unit) + 1))[:length]
        start = time.process_time()
        assert sum(map(len, sentence_spans(text))) == length
        return time.process_time() - start

    seconds(40_000)  # what happens once
    short = seconds(40_000)
    # Quadratic time would be 256 times as much. The least of three: a machine at work makes any one of them longer.
    assert min(seconds(640_000) for _ in range(3)) < 16 * 6 * max(short, 0.002)
