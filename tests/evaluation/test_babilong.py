"""BABILong: bAbI's facts among the sentences of books."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.errors import EvaluationError, UsageError
from octavo.evaluation.item import Item
from octavo.evaluation.tasks.babi import Story, find_file, read_stories
from octavo.evaluation.tasks.babilong import Babilong
from octavo.models.estimated_tokenizer import EstimatedTokenizer

TOKENIZER = EstimatedTokenizer(exact=True)

QA1 = """\
1 Mary moved to the bathroom.
2 John went to the hallway.
3 Where is Mary? \tbathroom\t1
4 Daniel went back to the hallway.
5 Mary moved to the garden.
6 Where is Mary? \tgarden\t5
1 Sandra travelled to the office.
2 Where is Sandra? \toffice\t1
"""
QA2 = """\
1 Mary got the football there.
2 Mary went back to the kitchen.
3 Where is the football? |kitchen|1 2
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("babi")
    (folder / "qa1_single-supporting-fact_train.txt").write_text(QA1, encoding="utf-8")
    (folder / "qa2_two-supporting-facts_train.txt").write_text(QA2, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("books") / "book.txt"
    path.write_text(
        "\n\n".join(
            f"In the year {number} the old ship sailed on over the wide and empty sea. Short. "
            f"Nobody on board of it had seen the land for more than {number} long days by then."
            for number in range(400)
        ),
        encoding="utf-8",
    )
    return path


def items(folder: Path, book: Path, **settings: object) -> list[Item]:
    return list(Babilong(TOKENIZER, babi=folder, books=[book], **settings).items())  # type: ignore[arg-type]


def test_each_question_is_a_story_of_the_facts_before_it(folder: Path) -> None:
    stories = read_stories(find_file(folder, "qa1"))

    facts = (
        "Mary moved to the bathroom.",
        "John went to the hallway.",
        "Daniel went back to the hallway.",
        "Mary moved to the garden.",
    )
    assert stories == [
        Story(facts[:2], "Where is Mary?", "bathroom", (0,)),
        Story(facts, "Where is Mary?", "garden", (3,)),
        Story(("Sandra travelled to the office.",), "Where is Sandra?", "office", (0,)),
    ]


def test_bars_instead_of_tabs_are_read_too(folder: Path) -> None:
    (story,) = read_stories(find_file(folder, "qa2"))

    assert (story.question, story.answer, story.support) == ("Where is the football?", "kitchen", (0, 1))


def test_the_test_file_is_taken_before_the_train_file(tmp_path: Path) -> None:
    for part in ("train", "test"):
        (tmp_path / f"qa1_single-supporting-fact_{part}.txt").write_text(QA1, encoding="utf-8")

    assert find_file(tmp_path, "qa1").name == "qa1_single-supporting-fact_test.txt"


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ("1 Mary moved.\nno number\n", r"line 2: is no line of bAbI"),
        ("1 Mary moved.\n2 Where is Mary?\tx\tno ids\n", r"line 2: is no line of bAbI"),
        ("1 Mary moved.\n2 Where is Mary?\tx\t3\n", r"line 2: names line 3 of its story, which is no fact"),
        ("1 Mary moved.\n", "has no question"),
    ],
)
def test_a_file_that_is_not_babis_is_named_with_its_line(tmp_path: Path, held: str, said: str) -> None:
    path = tmp_path / "qa1_train.txt"
    path.write_text(held, encoding="utf-8")

    with pytest.raises(EvaluationError, match=said):
        read_stories(path)


def test_a_folder_that_is_not_there_is_an_error(folder: Path, book: Path) -> None:
    with pytest.raises(EvaluationError, match="gone: is no folder; name the one with the files of bAbI"):
        items(folder / "gone", book, tasks=["qa1"], lengths=[500], samples=1)


def test_a_task_without_its_file_is_an_error(folder: Path, book: Path) -> None:
    with pytest.raises(EvaluationError, match=r"has no file qa3_\*\.txt"):
        items(folder, book, tasks=["qa3"], lengths=[500], samples=1)


@given(length=st.integers(150, 8_000), seed=st.integers(0, 50))
def test_a_context_is_never_too_long_and_short_by_less_than_a_sentence_with_its_facts_in_order(
    folder: Path, book: Path, length: int, seed: int
) -> None:
    made = items(folder, book, tasks=["qa1", "qa2"], lengths=[length], samples=1, seed=seed)

    for item, facts in zip(made, (QA1, QA2), strict=True):
        assert length - 40 <= TOKENIZER.count(item.context) <= length
        places = [item.context.index(line.split(" ", 1)[1]) for line in facts.split("\n")[:2]]
        assert places == sorted(places)
        for evidence in item.evidence:
            assert evidence.span.of(item.context) == evidence.text


def test_facts_stand_between_sentences_and_short_sentences_are_left_out(folder: Path, book: Path) -> None:
    for item in items(folder, book, tasks=["qa1"], lengths=[2_000], samples=3):
        assert "Short." not in item.context
        for evidence in item.evidence:
            before = item.context[: evidence.span.start].rstrip()
            assert before == "" or before[-1] == "."


def test_samples_start_at_different_places_and_are_the_same_for_a_seed(folder: Path, book: Path) -> None:
    made = items(folder, book, tasks=["qa1"], lengths=[800], samples=3)

    assert made == items(folder, book, tasks=["qa1"], lengths=[800], samples=3)
    assert made != items(folder, book, tasks=["qa1"], lengths=[800], samples=3, seed=1)
    assert len({item.context[:40] for item in made}) == 3


def test_the_question_comes_with_the_benchmarks_instructions_and_can_do_without_its_examples(
    folder: Path, book: Path
) -> None:
    (whole,) = items(folder, book, tasks=["qa1"], lengths=[500], samples=1)
    (bare,) = items(folder, book, tasks=["qa1"], lengths=[500], samples=1, examples=False)

    assert whole.question.startswith("I will give you context with the facts about positions of different persons")
    assert whole.question.endswith("\nQuestion: Where is Mary?")
    assert "<example>" in whole.question
    assert "<example>" not in bare.question
    assert whole.data["question"] == "Where is Mary?"
    assert whole.data["prompt"][1] == "\n</context>\nQuestion: Where is Mary?"
    assert whole.answers == ("bathroom",)


def test_the_score_is_the_benchmarks(folder: Path, book: Path) -> None:
    score = Babilong(TOKENIZER, babi=folder, books=[book]).scorers["score"]
    (item,) = items(folder, book, tasks=["qa1"], lengths=[500], samples=1)

    assert score(item, "The most recent location of Mary is Bathroom.") == 1.0
    assert score(item, "Mary is in the bathroom or in the garden.") == 0.0
    assert score(item, "I do not know") == 0.0


def test_too_little_text_and_too_few_questions_are_errors(folder: Path, book: Path) -> None:
    with pytest.raises(EvaluationError, match=r"book\.txt: holds [\d,]+ tokens in sentences of 10 or more, and 99,9"):
        items(folder, book, tasks=["qa1"], lengths=[100_000], samples=1)
    with pytest.raises(EvaluationError, match="has 3 questions whose facts fit in 500 tokens, and 4 samples"):
        items(folder, book, tasks=["qa1"], lengths=[500], samples=4)


def test_what_a_later_item_lacks_is_said_before_the_first(folder: Path, book: Path, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"book\.txt: holds [\d,]+ tokens in sentences of 10 or more, and 99,9"):
        next(Babilong(TOKENIZER, babi=folder, books=[book], tasks=["qa1"], lengths=[500, 100_000], samples=1).items())
    with pytest.raises(EvaluationError, match="has 1 questions whose facts fit in 500 tokens, and 3 samples"):
        next(Babilong(TOKENIZER, babi=folder, books=[book], tasks=["qa1", "qa2"], lengths=[500], samples=3).items())
    (tmp_path / "qa1_train.txt").write_text(QA1, encoding="utf-8")
    (tmp_path / "qa2_train.txt").write_text("no number", encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"qa2_train\.txt, line 1: is no line of bAbI"):
        next(Babilong(TOKENIZER, babi=tmp_path, books=[book], tasks=["qa1", "qa2"], lengths=[500], samples=1).items())


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ("apple,football.", 1.0),
        ("Football and apple", 1.0),
        ("apple", 0.0),
        ("apple, football, milk", 0.0),
        ("nothing", 0.0),
    ],
)
def test_of_several_things_that_are_carried_all_are_to_be_named_and_no_other(
    tmp_path: Path, book: Path, said: str, score: float
) -> None:
    """The labels are apple, football, milk and nothing; "apple,football" is two of them."""
    (tmp_path / "qa8_lists-sets_train.txt").write_text(
        "1 Mary got the apple there.\n2 Mary got the football there.\n3 What is Mary carrying? \tapple,football\t1 2\n"
        "4 What is John carrying? \tnothing\t1\n5 John took the milk.\n6 What is John carrying? \tmilk\t5\n",
        encoding="utf-8",
    )
    task = Babilong(TOKENIZER, babi=tmp_path, books=[book], tasks=["qa8"], lengths=[500], samples=1)
    (item,) = task.items()
    assert item.data["labels"] == ("apple", "football", "milk", "nothing")
    assert task.scorers["score"](item, said) == score


def test_a_task_without_a_prompt_is_refused(folder: Path, book: Path) -> None:
    with pytest.raises(UsageError, match="no prompt for qa11"):
        Babilong(TOKENIZER, babi=folder, books=[book], tasks=["qa11"])


def test_it_is_style_unless_the_books_are_said_to_be_pg19(folder: Path, book: Path) -> None:
    assert Babilong(TOKENIZER, babi=folder, books=[book]).name == "babilong-style"
    assert Babilong(TOKENIZER, babi=folder, books=[book], books_are_pg19=True).name == "babilong"
    assert Babilong(TOKENIZER, babi=folder, books=[book], books_are_pg19=True, examples=False).name == "babilong-style"
