"""NeedleBench, v1 and v2."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.errors import EvaluationError, UsageError
from octavo.evaluation.item import Item
from octavo.evaluation.names import Language
from octavo.evaluation.tasks.needlebench import V1, V2, NeedleBench, effective_needles, overall, trace_total
from octavo.evaluation.tasks.needlebench.kinship import make_chain
from octavo.evaluation.tasks.needlebench.reasoning import chain_places
from octavo.models.estimated_tokenizer import EstimatedTokenizer

TOKENIZER = EstimatedTokenizer(exact=True)


@pytest.fixture
def texts(tmp_path: Path) -> dict[Language, Sequence[Path]]:
    english = tmp_path / "book.txt"
    english.write_text(
        "\n\n".join(
            f"In chapter {number} nothing was lost. The ship went on to port {number}." for number in range(900)
        ),
        encoding="utf-8",
    )
    chinese = tmp_path / "书.txt"
    chinese.write_text(
        "\n".join(f"第{number}章里什么都没有丢。船又开往下一个港口。" for number in range(900)), encoding="utf-8"
    )
    return {"en": [english], "zh": [chinese]}


@pytest.fixture
def official(tmp_path: Path) -> Path:
    """A folder of the benchmark's files, in its format, in small."""
    folder = tmp_path / "needlebench"
    folder.mkdir()
    needles = [
        {
            "needle": f"Hidden on {place} Island is the legendary {thing}.",
            "retrieval_question": f"What legendary item is hidden on {place} Island? Please answer in the format 'The "
            f"legendary item hidden on the {place} Island is ______.'",
            "arg1": f"{place} Island",
            "arg2": thing,
            "language": "English",
        }
        for place, thing in zip("ABCDEFGHIJKLMN", "opqrstuvwxyzöä", strict=True)
    ]
    needles.append({**needles[0], "language": "Chinese"})
    (folder / "needles.jsonl").write_text("\n".join(map(json.dumps, needles)), encoding="utf-8")
    essays = [{"text": f"Essay {number} is about work. It has a second sentence."} for number in range(600)]
    (folder / "PaulGrahamEssays.jsonl").write_text("\n".join(map(json.dumps, essays)), encoding="utf-8")
    (folder / "names.json").write_text(
        json.dumps({"English": ",".join(f"Person {number}" for number in range(40)), "Chinese": "甲,乙,丙"}),
        encoding="utf-8",
    )
    records = [
        {
            "derivation_count": count,
            "derivations": [f"fact {number} of {count}" for number in range(count)],
            "question": f"What follows from {count} facts?",
            "answer": "The Answer",
        }
        for count in (2, 3)
    ]
    (folder / "multi_needle_reasoning_en.json").write_text(json.dumps(records), encoding="utf-8")
    return folder


def check(item: Item) -> None:
    for evidence in item.evidence:
        assert evidence.span.of(item.context) == evidence.text


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_every_task_in_both_languages_has_exact_evidence_and_the_length_that_the_buffer_leaves(
    texts: dict[Language, Sequence[Path]], version: str
) -> None:
    bench = NeedleBench(
        TOKENIZER, version=version, texts=texts, lengths=[4_000], repeats=1, trace_needles=[4], depths=[0, 50, 100]
    )

    items = list(bench.items())

    definition = {"v1": V1, "v2": V2}[version]
    assert bench.name == f"needlebench-{version}-style"
    assert len({item.id for item in items}) == len(items)
    # Two languages of: 3 depths, 1, 4 numbers of needles at 3 depths, and 4 kinds of question in v2, 1 in v1.
    assert len(items) == 2 * (3 + 1 + 12 + (4 if version == "v2" else 1))
    for item in items:
        check(item)
        if item.conditions["task"] != "atc":
            room = 4_000 - definition.buffers[item.conditions["task"], item.conditions["language"]]
            assert room - 12 * len(item.evidence) <= TOKENIZER.count(item.context) <= room


def test_ids_and_conditions_say_what_an_item_is(texts: dict[Language, Sequence[Path]]) -> None:
    bench = NeedleBench(
        TOKENIZER,
        version="v1",
        texts=texts,
        languages=["zh"],
        lengths=[2_000],
        depths=[52],
        repeats=2,
        trace_needles=[5],
    )

    by_task = {item.conditions["task"]: item for item in bench.items()}

    assert by_task["s_rt"].id == "s_rt/zh/2000/depth-52/1"
    assert by_task["s_rt"].conditions == {"task": "s_rt", "language": "zh", "length": 2_000, "depth": 52, "repeat": 1}
    assert by_task["m_rt"].id == "m_rt/zh/2000/1"
    assert by_task["m_rs"].id == "m_rs/zh/2000/5-needles/depth-52/1"
    assert by_task["atc"].id == "atc/zh/5-needles/eldest_ancestor/1"


def test_the_needle_of_s_rt_is_asked_for_in_its_own_language_and_answers_the_question(
    texts: dict[Language, Sequence[Path]],
) -> None:
    bench = NeedleBench(TOKENIZER, version="v2", tasks=["s_rt"], texts=texts, lengths=[4_000], depths=[30], repeats=1)

    english, chinese = bench.items()

    assert english.question.startswith("What legendary item is hidden on ")
    assert english.answers[0] in english.evidence[0].text
    assert chinese.question.endswith("的格式回答。")
    assert chinese.answers[0] in chinese.evidence[0].text


def test_v1_asks_to_think_first_and_the_whole_prompt_of_the_benchmark_stands_around_the_context(
    texts: dict[Language, Sequence[Path]],
) -> None:
    (item,) = NeedleBench(
        TOKENIZER,
        version="v1",
        tasks=["s_rt"],
        languages=["en"],
        texts=texts,
        lengths=[2_000],
        depths=[0],
        repeats=1,
    ).items()

    assert "Before answering, please consider what in the document is most relevant to this question. Please" in (
        item.question
    )
    before, after = item.data["prompt"]
    assert before.endswith("repeat your answers.\nThe document given to you by the user is ")
    assert after == f"\n\nNow, the question is: {item.question}"


@given(
    depth=st.integers(0, 100),
    sizes=st.lists(st.integers(1, 40), min_size=2, max_size=5),
    tokens=st.integers(0, 3_000),
)
def test_chains_stand_where_the_benchmark_puts_them(depth: int, sizes: list[int], tokens: int) -> None:
    # What its code does to a list of tokens: the points are all computed first, then moved by what is put in.
    points: list[int] = []
    for number in range(len(sizes)):
        point = (
            int(tokens * (depth / 100)) if number == 0 else int(points[-1] + sizes[number - 1] + tokens * (10 / 100))
        )
        points.append(min(point, tokens + sum(sizes[:number])))
    text = list(range(tokens))
    for number, size in enumerate(sizes):
        text[points[number] : points[number]] = [-1 - number] * size
        points[number + 1 :] = [point + size for point in points[number + 1 :]]
    expected = []
    for number in range(len(sizes)):
        start = text.index(-1 - number)
        expected.append(sum(token >= 0 for token in text[:start]))

    assert chain_places(sizes, depth)(tokens) == expected


def test_m_rt_hides_eleven_needles_at_the_depths_of_the_definition_and_asks_for_all(
    texts: dict[Language, Sequence[Path]],
) -> None:
    bench = NeedleBench(
        TOKENIZER, version="v2", tasks=["m_rt"], languages=["en"], texts=texts, lengths=[12_000], depths=[50], repeats=2
    )

    first, second = bench.items()

    assert len(set(first.answers)) == 11
    assert set(first.answers) == set(second.answers)
    assert first.answers != second.answers
    assert first.question.count("What legendary item is hidden on") == 11
    assert first.question.count("______") == 11
    bare = first.context
    for evidence in reversed(first.evidence):
        bare = bare[: evidence.span.start] + bare[evidence.span.end :]
    for depth, evidence in zip(V2.depths, first.evidence, strict=True):
        before = first.context[: evidence.span.start]
        for other in first.evidence:
            before = before.replace(other.text, "")
        assert TOKENIZER.count(before) / TOKENIZER.count(bare) * 100 == pytest.approx(depth, abs=1)


def test_items_of_a_length_share_their_haystack_and_other_repeats_have_another(
    texts: dict[Language, Sequence[Path]],
) -> None:
    bench = NeedleBench(
        TOKENIZER, version="v2", tasks=["s_rt"], languages=["en"], texts=texts, lengths=[8_000], repeats=2
    )
    bare: dict[int, set[str]] = {0: set(), 1: set()}

    for item in bench.items():
        text = item.context.replace(f"\n{item.evidence[0].text}\n", "")
        bare[item.conditions["repeat"]].add(text[:-100])

    assert {text[:15_000] for text in bare[0]} != {text[:15_000] for text in bare[1]}
    assert len({text[:15_000] for text in bare[0]}) == 1


def test_the_same_settings_give_the_same_items_and_another_seed_gives_others(
    texts: dict[Language, Sequence[Path]],
) -> None:
    def items(seed: int) -> list[Item]:
        return list(
            NeedleBench(
                TOKENIZER, texts=texts, lengths=[4_000], depths=[40], repeats=1, trace_needles=[3], seed=seed
            ).items()
        )

    assert items(0) == items(0)
    assert all(one.context != other.context for one, other in zip(items(0), items(1), strict=True))


def test_items_are_made_one_at_a_time(texts: dict[Language, Sequence[Path]]) -> None:
    counted: list[str] = []

    class Counting(EstimatedTokenizer):
        def count(self, text: str) -> int:
            counted.append(text)
            return super().count(text)

    bench = NeedleBench(Counting(exact=True), tasks=["s_rt"], languages=["en"], texts=texts, lengths=[4_000])

    next(bench.items())
    assert len(counted) < 10
    assert len(list(islice(bench.items(), 100))) == 100
    assert len(counted) > 100


@pytest.mark.parametrize("task", ["s_rt", "m_rt", "m_rs"])
def test_too_little_text_for_a_later_length_is_said_before_the_first_item(
    texts: dict[Language, Sequence[Path]], task: str
) -> None:
    bench = NeedleBench(TOKENIZER, tasks=["atc", task], languages=["en"], texts=texts, lengths=[4_000, 10**6, 5_000])

    with pytest.raises(EvaluationError, match="tokens of text, and 997,000 are needed"):
        next(bench.items())


def test_what_a_later_part_lacks_is_said_before_the_first_item(official: Path) -> None:
    # Forty names are enough for the chains of m_rs, and for a trace of two.
    bench = NeedleBench(
        TOKENIZER, folder=official, tasks=["m_rs", "atc"], languages=["en"], lengths=[4_000], trace_needles=[2, 40]
    )
    with pytest.raises(EvaluationError, match="a family of 41 people needs as many names, and there are 40"):
        next(bench.items())

    settings = {"tasks": ["m_rs"], "languages": ["en"], "lengths": [4_000], "reasoning_needles": [2, 3, 5]}
    with pytest.raises(EvaluationError, match="none of 5 derivations"):
        next(NeedleBench(TOKENIZER, version="v1", folder=official, **settings).items())  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["eldest_ancestor", "nth_ancestor", "nth_descendant", "relationship_distance"])
def test_the_answer_of_a_trace_follows_from_its_sentences(kind: str) -> None:
    generations = {"father": 1, "mother": 1, "dad": 1, "mom": 1}
    items = NeedleBench(TOKENIZER, tasks=["atc"], languages=["en"], trace_needles=[6], repeats=3).items()

    for item in (item for item in items if item.conditions["kind"] == kind):
        check(item)
        people = {name for name in _people() if any(name in evidence.text for evidence in item.evidence)}
        assert len(people) == 7
        links = {}
        for evidence in item.evidence:
            older, younger = _older_and_younger(evidence.text, people)
            term = next(word for word in re.findall("[a-z]+", evidence.text) if word in _TERMS)
            links[younger] = older, generations.get(term, 2)
        youngest = next(person for person in people if person not in {older for older, _ in links.values()})
        person, distance = youngest, 0
        while person in links:
            person, step = links[person]
            distance += step
        expected = {"nth_descendant": youngest, "relationship_distance": str(distance)}.get(kind, person)
        assert item.answers == (expected,)
        if kind.startswith("nth"):
            assert f"the {distance}th generation" in item.question


_TERMS = {"father", "mother", "dad", "mom", "grandfather", "grandmother"}


def _people() -> list[str]:
    from octavo.evaluation.names import people

    return people("en")


def _older_and_younger(sentence: str, people: set[str]) -> tuple[str, str]:
    """Of the sentences of v2, each of which names the younger one in the genitive, or after "For"."""
    named = sorted((name for name in people if name in sentence), key=sentence.index)
    younger = next(name for name in named if f"{name}'s" in sentence or sentence.startswith(f"For {name}"))
    return next(name for name in named if name != younger), younger


def test_a_chain_uses_the_seed_as_the_benchmark_does() -> None:
    names = [f"Name {number}" for number in range(50)]
    random.seed(17)
    expected = random.sample(names, 4)

    chain = make_chain(names, 4, random.Random(17), "en", "v2")

    assert list(chain.people) == expected
    assert len(chain.sentences) == 3


def test_a_family_larger_than_the_list_of_names_is_an_error() -> None:
    with pytest.raises(EvaluationError, match="a family of 5 people needs as many names, and there are 2"):
        make_chain(["A", "B"], 5, random.Random(0), "en", "v2")


def test_the_benchmarks_own_folder_is_read_and_gives_the_task_its_name(official: Path) -> None:
    bench = NeedleBench(
        TOKENIZER,
        version="v1",
        folder=official,
        languages=["en"],
        lengths=[5_000],
        depths=[0],
        repeats=1,
        reasoning_needles=[2, 3],
        trace_needles=[5],
    )

    items = list(bench.items())

    assert bench.name == "needlebench-v1"
    assert items[0].evidence[0].text.startswith("Hidden on ")
    assert items[0].context.startswith("\nHidden on ")
    assert [item.answers for item in items if item.conditions["task"] == "m_rs"] == [("The Answer",)] * 2
    assert [len(item.evidence) for item in items if item.conditions["task"] == "m_rs"] == [2, 3]
    assert items[-1].answers[0].startswith("Person ")
    assert set(bench.settings()["files"]) == {"needles.jsonl", "names.json", "multi_needle_reasoning_en.json"}


def test_another_text_another_buffer_or_snapping_makes_it_style(
    official: Path, texts: dict[Language, Sequence[Path]]
) -> None:
    def named(**settings: object) -> str:
        return NeedleBench(TOKENIZER, folder=official, tasks=["s_rt"], languages=["en"], **settings).name  # type: ignore[arg-type]

    assert named() == "needlebench-v2"
    assert named(lengths=[8_000], depths=[0], repeats=2) == "needlebench-v2"
    assert named(texts=texts) == "needlebench-v2-style"
    assert named(buffer=10) == "needlebench-v2-style"
    assert named(snap=True) == "needlebench-v2-style"


def test_needles_that_snap_stand_between_sentences(texts: dict[Language, Sequence[Path]]) -> None:
    items = NeedleBench(
        TOKENIZER, tasks=["s_rt"], languages=["en"], texts=texts, lengths=[5_000], repeats=1, snap=True
    ).items()

    for item in items:
        before = item.context[: item.evidence[0].span.start].rstrip()
        assert before == "" or before[-1] == "." or item.conditions["depth"] == 100


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"needle": "x"}', 'line 1: has no field "retrieval_question"'),
        (
            '{"needle": "x", "retrieval_question": "Where", "arg1": "a", "arg2": "b", "language": "English"}',
            'the field "retrieval_question" is no question',
        ),
    ],
)
def test_needles_in_another_format_are_named_with_line_and_field(official: Path, line: str, said: str) -> None:
    (official / "needles.jsonl").write_text(line, encoding="utf-8")

    with pytest.raises(EvaluationError, match=said):
        next(NeedleBench(TOKENIZER, folder=official, tasks=["s_rt"], languages=["en"], lengths=[4_000]).items())


def test_records_and_names_in_another_format_are_named(official: Path) -> None:
    (official / "multi_needle_reasoning_en.json").write_text('[{"question": "x"}]', encoding="utf-8")
    bench = NeedleBench(TOKENIZER, version="v1", folder=official, tasks=["m_rs"], languages=["en"], lengths=[4_000])
    with pytest.raises(EvaluationError, match='record 1: has no list in the field "derivations"'):
        next(bench.items())

    (official / "names.json").write_text('{"English": ["A"]}', encoding="utf-8")
    bench = NeedleBench(TOKENIZER, folder=official, tasks=["atc"], languages=["en"])
    with pytest.raises(EvaluationError, match='has no names in the field "English"'):
        next(bench.items())


def test_a_number_of_needles_that_the_records_do_not_have_is_an_error(official: Path) -> None:
    bench = NeedleBench(
        TOKENIZER,
        version="v1",
        folder=official,
        tasks=["m_rs"],
        languages=["en"],
        lengths=[4_000],
        reasoning_needles=[5],
    )

    with pytest.raises(EvaluationError, match="none of 5 derivations"):
        next(bench.items())


def test_a_language_without_text_is_an_error_that_says_what_to_name(texts: dict[Language, Sequence[Path]]) -> None:
    bench = NeedleBench(TOKENIZER, tasks=["s_rt"], languages=["zh"], texts={"en": texts["en"]})

    with pytest.raises(EvaluationError, match=r"no zh text .* zh_finance\.jsonl"):
        next(bench.items())


@pytest.mark.parametrize("wrong", [{"tasks": ["s_rx"]}, {"languages": ["de"]}, {"version": "v3"}, {"depths": [-1]}])
def test_a_part_that_there_is_not_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        NeedleBench(TOKENIZER, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_right_answer_scores_one_and_a_wrong_one_nothing_or_little(
    texts: dict[Language, Sequence[Path]], version: str
) -> None:
    bench = NeedleBench(
        TOKENIZER, version=version, texts=texts, lengths=[4_000], depths=[10], repeats=1, trace_needles=[4]
    )
    score = bench.scorers["score"]

    for item in bench.items():
        right = f"So it is \\boxed{{{item.answers[0]}}}; all: {', '.join(item.answers)}"
        assert score(item, right) == 1.0
        assert (score(item, "I do not know.") or 0.0) < 0.2


def test_overall_follows_the_weights_of_the_version() -> None:
    means = {"s_rt": 1.0, "m_rt": 0.5, "m_rs": 0.0, "atc": 0.3}

    assert overall(means, "v1") == pytest.approx(0.55)
    assert overall(means, "v2") == pytest.approx(0.5)
    # Qwen2.5-7B at 128k, as published.
    assert overall({"s_rt": 98.4, "m_rt": 97.0, "m_rs": 16.9}, "v2") == pytest.approx(70.8, abs=0.05)
    with pytest.raises(EvaluationError, match="needs m_rs too"):
        overall({"s_rt": 1.0, "m_rt": 0.5}, "v2")


def test_the_trace_is_weighted_by_its_needles() -> None:
    means = {2: 1.0, 4: 0.5, 8: 0.25}

    assert trace_total(means) == pytest.approx((2 + 2 + 2) / 14)
    assert effective_needles(means) == 4
    assert effective_needles({2: 0.1}) == 0


def test_the_definitions_are_those_of_the_benchmark() -> None:
    assert V1.length_sets["1000k"] == (20_000, 160_000, 300_000, 440_000, 580_000, 720_000, 860_000, 1_000_000)
    assert V2.length_sets["1000k"][:3] == (1_000, 125_000, 250_000)
    assert V2.length_sets["1000k"][-1] == 1_000_000
    assert V1.depths == (0, 10, 21, 31, 42, 52, 63, 73, 84, 94, 100)
    assert V1.trace_needles[:2] == (2, 5)
    assert V1.trace_needles[-1] == 98
    assert V2.trace_needles == (2, 4, 8, 16, 32, 64, 128, 256, 512)


def test_the_longest_trace_has_512_links() -> None:
    (item,) = islice(NeedleBench(TOKENIZER, tasks=["atc"], trace_needles=[512], repeats=1).items(), 1)

    assert len(item.evidence) == 512
    check(item)
