"""RULER's thirteen tasks."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.errors import EvaluationError, UsageError
from octavo.evaluation.item import Item
from octavo.evaluation.tasks.ruler import TASKS, Ruler
from octavo.evaluation.tasks.ruler.drafts import Draft, fit
from octavo.models.estimated_tokenizer import EstimatedTokenizer

TOKENIZER = EstimatedTokenizer(exact=True)
LENGTH = 4_096


@pytest.fixture
def essays(tmp_path: Path) -> Path:
    path = tmp_path / "PaulGrahamEssays.json"
    text = "\n\n".join(f"Work number {number} is hard.\nIt takes a long time to do it." for number in range(900))
    path.write_text(json.dumps({"text": text}), encoding="utf-8")
    return path


@pytest.fixture
def squad(tmp_path: Path) -> Path:
    """Forty articles of three paragraphs, with a question about each; every tenth has no answer."""
    articles = []
    for number in range(40):
        paragraphs = []
        for part in range(3):
            context = (
                f"Town {number}.{part} lies on a river. Its mayor is Ms Number{number}x{part}. "
                + "Nothing else is known of it. " * 4
            )
            answer = f"Number{number}x{part}"
            asked: dict[str, Any] = {
                "question": f"Who is the mayor of town {number}.{part}?",
                "answers": [{"text": answer, "answer_start": context.index(answer)}, {"text": f"Ms {answer}"}],
            }
            if number % 10 == 9:
                asked = {"question": "Who knows?", "answers": [], "is_impossible": True}
            paragraphs.append({"context": context, "qas": [asked]})
        articles.append({"title": f"Town {number}", "paragraphs": paragraphs})
    path = tmp_path / "squad.json"
    path.write_text(json.dumps({"version": "v2.0", "data": articles}), encoding="utf-8")
    return path


@pytest.fixture
def hotpotqa(tmp_path: Path) -> Path:
    records = [
        {
            "question": f"Where was the founder of firm {number} born?",
            "answer": f"City{number}",
            "supporting_facts": [[f"Firm {number}", 1], [f"Founder {number}", 0]],
            "context": [
                [f"Firm {number}", ["It makes things.", f" Founder {number} founded it.", " It is large."]],
                [f"Founder {number}", [f"Founder {number} was born in City{number}.", " She was tall."]],
                [f"Other {number}", [f"Other {number} is something else. " * 5]],
            ],
        }
        for number in range(60)
    ]
    path = tmp_path / "hotpotqa.json"
    path.write_text(json.dumps(records), encoding="utf-8")
    return path


@pytest.fixture
def items(essays: Path, squad: Path, hotpotqa: Path) -> dict[str, list[Item]]:
    ruler = Ruler(TOKENIZER, essays=[essays], squad=squad, hotpotqa=hotpotqa, lengths=[LENGTH], samples=2)
    made: dict[str, list[Item]] = {task: [] for task in TASKS}
    for item in ruler.items():
        made[item.conditions["task"]].append(item)
    return made


def prompt(item: Item) -> str:
    before, after = item.data["prompt"]
    return f"{before}{item.context}{after}"


def test_all_thirteen_fill_their_length_and_never_more_with_exact_evidence(items: dict[str, list[Item]]) -> None:
    generated = {"vt": 30, "cwe": 120, "fwe": 50, "qa_1": 32, "qa_2": 32}
    # Two units: lines of 25 or 40 tokens, words that stand in the list three times, documents of 60.
    short_by = {"cwe": 60, "qa_1": 150, "qa_2": 150, "niah_multikey_3": 150}

    for task, made in items.items():
        assert len(made) == 2
        assert made[0].context != made[1].context
        for item in made:
            tokens = TOKENIZER.count(prompt(item)) + generated.get(task, 128)
            assert LENGTH - short_by.get(task, 100) <= tokens <= LENGTH, task
            for evidence in item.evidence:
                assert evidence.span.of(item.context) == evidence.text


def test_the_right_answer_scores_one(items: dict[str, list[Item]]) -> None:
    score = Ruler(TOKENIZER, tasks=["vt"]).scorers["score"]

    for made in items.values():
        for item in made:
            assert score(item, ", ".join(item.answers)) == 1.0
            assert score(item, "none") == 0.0
    assert score(items["vt"][0], items["vt"][0].answers[0]) == pytest.approx(1 / 5)
    assert score(items["qa_1"][0], items["qa_1"][0].answers[0]) == 1.0


def test_every_answer_of_a_needle_task_stands_in_its_own_needle_under_the_key_that_is_asked_for(
    items: dict[str, list[Item]],
) -> None:
    for task, made in items.items():
        if task.startswith("niah"):
            for item in made:
                assert len(item.evidence) == len(item.answers)
                for answer in item.answers:
                    (needle,) = (each.text for each in item.evidence if each.text.endswith(f"is: {answer}."))
                    key = re.search(r"for (\S+) is:", needle)
                    assert key is not None
                    assert key[1] in item.question


@pytest.mark.parametrize(
    ("task", "needles", "asked"),
    [
        ("niah_single_1", 1, 1),
        ("niah_single_2", 1, 1),
        ("niah_single_3", 1, 1),
        ("niah_multikey_1", 4, 1),
        ("niah_multivalue", 4, 4),
        ("niah_multiquery", 4, 4),
    ],
)
def test_needle_tasks_hide_as_many_as_ruler_says(
    items: dict[str, list[Item]], task: str, needles: int, asked: int
) -> None:
    item = items[task][0]

    assert item.context.count("One of the special magic") == needles
    assert len(item.answers) == asked


def test_needles_among_needles_are_hidden_in_nothing_else(items: dict[str, list[Item]]) -> None:
    for task in ("niah_multikey_2", "niah_multikey_3"):
        lines = items[task][0].context.split("\n")
        assert len(lines) > 20
        assert all(line.startswith("One of the special magic") for line in lines)


def test_values_are_numbers_of_seven_digits_or_uuids(items: dict[str, list[Item]]) -> None:
    assert re.fullmatch(r"\d{7}", items["niah_single_1"][0].answers[0])
    assert re.fullmatch(r"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}", items["niah_single_3"][0].answers[0])


def test_one_is_asked_for_in_the_singular_and_several_in_the_plural(items: dict[str, list[Item]]) -> None:
    one, several = items["niah_single_2"][0].question, items["niah_multiquery"][0].question

    assert one.startswith("A special magic number is hidden within the following text.")
    assert "What is the special magic number for" in one
    assert several.startswith("Some special magic numbers are hidden within the following text.")
    assert re.search(r"numbers for \S+, \S+, \S+, and \S+ mentioned", several)


def test_needles_in_essays_stand_between_sentences(items: dict[str, list[Item]]) -> None:
    for item in items["niah_multikey_1"]:
        needle = item.evidence[0].span
        assert needle.start == 0 or item.context[: needle.start].endswith(". ")


def test_variables_form_one_chain_in_order(items: dict[str, list[Item]]) -> None:
    for item in items["vt"]:
        value = re.search(r"value (\d{5}) in", item.question)
        assert value is not None
        assert item.evidence[0].text == f"VAR {item.answers[0]} = {value[1]}"
        for (before, after), evidence in zip(pairwise(item.answers), item.evidence[1:], strict=True):
            assert evidence.text == f"VAR {after} = VAR {before}"
        assert [each.span for each in item.evidence] == sorted(each.span for each in item.evidence)
        # The example that comes before it has variables of three letters.
        assert item.data["prompt"][0].count("VAR ") == 9


def test_ten_common_words_stand_thirty_times_and_the_others_three_times(items: dict[str, list[Item]]) -> None:
    for item in items["cwe"]:
        counts = Counter(re.sub(r"^\d+\. ", "", each) for each in re.split(r" (?=\d+\. )", item.context))
        assert {counts[word] for word in item.answers} == {30}
        assert len(item.answers) == 10
        assert {count for word, count in counts.items() if word not in item.answers} == {3}


def test_short_lists_repeat_less() -> None:
    (item,) = Ruler(TOKENIZER, tasks=["cwe"], lengths=[1_024], samples=1).items()

    counts = Counter(re.sub(r"^\d+\. ", "", each) for each in re.split(r" (?=\d+\. )", item.context))
    assert {counts[word] for word in item.answers} == {6}
    assert {count for word, count in counts.items() if word not in item.answers} == {1}


def test_the_three_coded_words_are_the_most_frequent_but_for_the_dots(items: dict[str, list[Item]]) -> None:
    for item in items["fwe"]:
        counts = Counter(item.context.split(" "))
        ranked = [word for word, _ in counts.most_common(5)]
        assert ranked[0] == "..."
        assert tuple(ranked[1:4]) == item.answers
        assert counts[ranked[3]] > counts[ranked[4]]
        # Zeta with alpha 2: the dots are 4 times as frequent as the first word, 9 times as the second.
        assert counts["..."] / counts[ranked[1]] == pytest.approx(4, rel=0.05)
        assert counts["..."] / counts[ranked[2]] == pytest.approx(9, rel=0.05)


def test_questions_of_squad_have_the_sentence_of_the_answer_as_evidence(items: dict[str, list[Item]]) -> None:
    for item in items["qa_1"]:
        assert item.answers[0] in item.evidence[0].text
        assert item.evidence[0].text.startswith("Its mayor is")
        assert re.findall(r"^Document (\d+):$", item.context, re.M) == [
            str(number) for number in range(1, item.context.count("Document ") + 1)
        ]


def test_questions_of_hotpotqa_have_their_supporting_facts_as_evidence(items: dict[str, list[Item]]) -> None:
    for number, item in enumerate(items["qa_2"]):
        assert {evidence.text for evidence in item.evidence} == {
            f"Founder {number} founded it.",
            f"Founder {number} was born in City{number}.",
        }


def test_questions_without_an_answer_are_left_out(squad: Path) -> None:
    questions = {
        item.question for item in Ruler(TOKENIZER, tasks=["qa_1"], squad=squad, samples=100, lengths=[900]).items()
    }

    assert len(questions) == 100
    assert not any("Who knows?" in question for question in questions)


def test_the_same_settings_give_the_same_items_and_another_seed_gives_others() -> None:
    def items(seed: int) -> list[Item]:
        tasks = ["niah_single_1", "niah_multikey_2", "vt", "cwe", "fwe"]
        return list(Ruler(TOKENIZER, tasks=tasks, lengths=[2_048], samples=1, seed=seed).items())

    assert items(1) == items(1)
    assert all(one.context != other.context for one, other in zip(items(1), items(2), strict=True))


def test_without_files_the_tasks_that_need_none_are_made() -> None:
    ruler = Ruler(TOKENIZER, lengths=[2_048], samples=1)

    assert [item.conditions["task"] for item in ruler.items()] == [
        "niah_single_1",
        "niah_multikey_2",
        "niah_multikey_3",
        "vt",
        "cwe",
        "fwe",
    ]
    assert ruler.name == "ruler"


def test_other_essays_make_it_style(essays: Path, tmp_path: Path) -> None:
    other = tmp_path / "book.txt"
    other.write_text("A book.", encoding="utf-8")

    assert Ruler(TOKENIZER, essays=[essays]).name == "ruler"
    assert Ruler(TOKENIZER, essays=[other]).name == "ruler-style"
    assert Ruler(TOKENIZER, essays=[other], tasks=["vt"]).name == "ruler"


def test_too_few_essays_or_documents_or_questions_are_errors(essays: Path, squad: Path) -> None:
    with pytest.raises(EvaluationError, match="tokens of text, and 131,072 are needed"):
        next(Ruler(TOKENIZER, tasks=["niah_single_2"], essays=[essays], lengths=[131_072]).items())
    with pytest.raises(
        EvaluationError, match=r"qa_1: all that there is comes to [\d,]+ tokens, and 131,040 are needed"
    ):
        next(Ruler(TOKENIZER, tasks=["qa_1"], squad=squad, lengths=[131_072]).items())
    with pytest.raises(EvaluationError, match=r"squad\.json: has 108 questions, and 500 samples"):
        list(Ruler(TOKENIZER, tasks=["qa_1"], squad=squad, lengths=[900]).items())


def test_what_a_later_item_lacks_is_said_before_the_first(essays: Path, squad: Path, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="tokens of text, and 131,072 are needed"):
        next(Ruler(TOKENIZER, tasks=["vt", "niah_single_2"], essays=[essays], lengths=[900, 131_072]).items())
    with pytest.raises(EvaluationError, match=r"squad\.json: has 108 questions, and 109 samples"):
        next(Ruler(TOKENIZER, tasks=["vt", "qa_1"], squad=squad, lengths=[900], samples=109).items())
    with pytest.raises(EvaluationError, match="niah_single_1: 72 tokens are too few"):
        next(Ruler(TOKENIZER, tasks=["niah_single_1"], lengths=[4_096, 200]).items())
    broken = tmp_path / "hotpotqa.json"
    broken.write_text("[{}]", encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"hotpotqa\.json, record 1"):
        next(Ruler(TOKENIZER, tasks=["vt", "qa_2"], hotpotqa=broken, lengths=[900]).items())


def test_the_longest_answer_is_what_the_length_leaves_room_for(items: dict[str, list[Item]]) -> None:
    longest = {"vt": 30, "cwe": 120, "fwe": 50, "qa_1": 32, "qa_2": 32}
    assert {task: {item.answer_tokens for item in made} for task, made in items.items()} == {
        task: {longest.get(task, 128)} for task in TASKS
    }


def test_a_length_that_is_too_short_is_an_error_that_says_what_is_needed() -> None:
    with pytest.raises(EvaluationError, match=r"RULER's vt: 70 tokens are too few, it needs [\d,]+; ask for longer"):
        next(Ruler(TOKENIZER, tasks=["vt"], lengths=[100]).items())


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ({"data": [{"paragraphs": [{"context": "x"}]}]}, 'article 1: has no list in the field "qas"'),
        ({"data": [{"paragraphs": [{"qas": []}]}]}, 'article 1: has no text in the field "context"'),
        ({"version": "1.1"}, 'the file: has no list in the field "data"'),
        ({"data": []}, "has no question that has an answer"),
    ],
)
def test_a_file_that_is_not_squad_is_named_with_place_and_field(tmp_path: Path, held: object, said: str) -> None:
    path = tmp_path / "squad.json"
    path.write_text(json.dumps(held), encoding="utf-8")

    with pytest.raises(EvaluationError, match=said):
        next(Ruler(TOKENIZER, tasks=["qa_1"], squad=path, lengths=[900]).items())


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ({"question": "x"}, "is no list of questions"),
        ([{"question": "x", "answer": "y"}], 'record 1: has no list in the field "context"'),
        ([{"question": "x", "answer": "y", "context": [["t", "no list"]]}], "holds no titles with sentences"),
        ([{"question": "x", "context": [["t", ["s"]]]}], 'record 1: has no text in the field "answer"'),
    ],
)
def test_a_file_that_is_not_hotpotqa_is_named_with_place_and_field(tmp_path: Path, held: object, said: str) -> None:
    path = tmp_path / "hotpotqa.json"
    path.write_text(json.dumps(held), encoding="utf-8")

    with pytest.raises(EvaluationError, match=said):
        next(Ruler(TOKENIZER, tasks=["qa_2"], hotpotqa=path, lengths=[900]).items())


@pytest.mark.parametrize("task", ["niah_single_4", "niah_single_2", "qa_1", "qa_2"])
def test_a_task_that_there_is_not_or_that_lacks_its_file_is_refused(task: str) -> None:
    with pytest.raises(UsageError, match=task):
        Ruler(TOKENIZER, tasks=[task])


@given(tokens=st.integers(60, 6_000), seed=st.integers(0, 99), spread=st.integers(1, 12))
def test_the_search_finds_a_size_that_fits_and_is_hardly_too_small(tokens: int, seed: int, spread: int) -> None:
    def build(units: int) -> Draft:
        rng = Random(seed)
        text = "".join(f"{'word ' * rng.randint(1, spread)}\n" for _ in range(units))
        return Draft(text, "before ", " after", "", ())

    draft = fit(build, TOKENIZER, tokens, least=2, name="made")

    # The largest unit, twice.
    assert tokens - 2 * (spread + 2) <= draft.tokens(TOKENIZER) <= tokens
