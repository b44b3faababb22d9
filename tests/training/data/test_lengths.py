from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.errors import TrainingError
from octavo.training.data.lengths import Measured, arrange, measure
from octavo.training.data.samples import Sample, read_samples
from octavo.training.data.templates import Encoded
from octavo.training.recipe import Stage

STAGES = (Stage(100), Stage(400), Stage(1600))


def sample(words: int, number: int = 0) -> Sample:
    said = {"role": "assistant", "content": "word " * words}
    return Sample(({"role": "user", "content": "Go on."}, said), 1, f"talks.jsonl, line {number + 1}")


def words_of(sample: Sample) -> Encoded:
    """A token for each word of the answer; all but the first are learned."""
    words = len(sample.messages[1]["content"].split())
    return Encoded(tuple(range(words)), (False, *[True] * (words - 1)))


def data(*tokens: int, short: bool = False) -> list[Measured]:
    return [Measured(index, count, count, f"line {index + 1}", short=short) for index, count in enumerate(tokens)]


def test_every_sample_is_counted_in_order() -> None:
    measured = measure((sample(words, number) for number, words in enumerate((5, 100, 17))), words_of, 100)
    assert measured == [
        Measured(0, 5, 4, "talks.jsonl, line 1"),
        Measured(1, 100, 99, "talks.jsonl, line 2"),
        Measured(2, 17, 16, "talks.jsonl, line 3"),
    ]


def test_samples_that_would_be_cut_are_refused_with_a_list() -> None:
    with pytest.raises(TrainingError) as refused:
        measure((sample(words, number) for number, words in enumerate((5, 101, 100, 250))), words_of, 100)
    assert str(refused.value) == (
        "2 of 4 samples are longer than 100 tokens, and none is cut: talks.jsonl, line 2: 101 tokens; "
        "talks.jsonl, line 4: 250 tokens; add a stage of 250 tokens, or shorten them"
    )


def test_a_long_list_is_told_in_short() -> None:
    with pytest.raises(TrainingError, match=r"line 10: 200 tokens; and 5 more; add a stage"):
        measure((sample(200, number) for number in range(15)), words_of, 100)


def test_short_data_that_is_long_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"1 of 1 samples is longer than 100.*not as short data"):
        measure([sample(101)], words_of, 100, short=True)


def test_one_sample_is_in_memory_at_a_time() -> None:
    alive: list[int] = []

    def reading() -> Iterator[Sample]:
        for number in range(5):
            alive.append(number)
            yield sample(number + 1, number)

    def encode(one: Sample) -> Encoded:
        assert len(alive) == len(words_of(one).tokens)
        return words_of(one)

    assert len(measure(reading(), encode, 100)) == 5


def test_a_sample_belongs_to_the_shortest_stage_that_holds_it() -> None:
    arranged = arrange(STAGES, data(100, 101, 400, 401, 3, 1600))
    assert [sorted(one.tokens for one in stage.samples) for stage in arranged] == [[3, 100], [101, 400], [401, 1600]]
    assert not any(stage.repeats for stage in arranged)
    assert [stage.tokens for stage in arranged] == [103, 501, 2001]


def test_a_stage_that_no_sample_is_left_for_trains_all_that_fit_and_says_so() -> None:
    first, second, third = arrange(STAGES, data(50, 60, 1000))
    assert (first.repeats, second.repeats, third.repeats) == (False, True, False)
    assert sorted(one.tokens for one in second.samples) == [50, 60]
    assert [one.tokens for one in third.samples] == [1000]


def test_a_stage_that_nothing_fits_is_an_error() -> None:
    with pytest.raises(TrainingError, match=r"no sample fits the stage of 100 tokens: the shortest has 300"):
        arrange(STAGES, data(300, 1000))


def test_no_samples_at_all_are_an_error() -> None:
    with pytest.raises(TrainingError, match="no samples"):
        arrange(STAGES, [])
    with pytest.raises(TrainingError, match="no short samples"):
        arrange(STAGES, data(5), short_share=1.0)


@pytest.mark.parametrize(("share", "mixed"), [(0.0, 0), (0.25, 2), (0.5, 6), (0.6, 9)])
def test_short_samples_make_up_their_share_of_a_stage(share: float, mixed: int) -> None:
    (stage,) = arrange([Stage(400)], data(*range(101, 107)), data(*[9] * 20, short=True), short_share=share)
    assert sum(one.short for one in stage.samples) == mixed
    assert len(stage.samples) == 6 + mixed


def test_stages_show_different_short_samples_until_all_were_shown() -> None:
    long = data(*[90] * 4, *[300] * 4)
    stages = arrange(STAGES[:2], long, data(*[9] * 8, short=True), short_share=0.5)
    assert sorted(one.index for stage in stages for one in stage.samples if one.short) == list(range(8))
    few = arrange(STAGES[:2], long, data(9, 9, 9, short=True), short_share=0.5)
    assert [sum(one.short for one in stage.samples) for stage in few] == [4, 4]


def test_the_control_shows_short_samples_alone_and_as_many_tokens() -> None:
    long, short = data(*[90] * 3, *[300] * 4, *[1500] * 2), data(*[7] * 100, *[20] * 50, short=True)
    usual, control = arrange(STAGES, long, short), arrange(STAGES, long, short, short_share=1.0)
    assert [stage.tokens for stage in usual] == [270, 1200, 3000]
    for stage, same in zip(usual, control, strict=True):
        assert all(sample.short for sample in same.samples)
        assert 0 <= same.tokens - stage.tokens < 20
    shown = [sample.index for stage in control[:2] for sample in stage.samples]
    assert len(set(shown)) == len(shown)  # none twice while there are others


def test_the_order_hangs_on_the_seed_alone() -> None:
    long, short = data(*range(1, 90)), data(*[9] * 20, short=True)
    first = arrange(STAGES[:1], long, short, short_share=0.3, seed=1)
    assert first == arrange(STAGES[:1], long, short, short_share=0.3, seed=1)
    assert first != arrange(STAGES[:1], long, short, short_share=0.3, seed=2)


def test_samples_that_are_shown_together_have_about_the_same_length() -> None:
    long = data(*range(1, 91))
    (stage,) = arrange(STAGES[:1], long, seed=1, together=4)
    groups = [stage.samples[start : start + 4] for start in range(0, 90, 4)]
    assert all(max(one.tokens for one in group) - min(one.tokens for one in group) <= 6 for group in groups)
    assert sorted(stage.samples, key=lambda one: one.index) == long
    firsts = [group[0].tokens for group in groups]
    assert firsts != sorted(firsts)


@given(
    tokens=st.lists(st.integers(1, 1600), min_size=1).filter(lambda counts: min(counts) <= 100),
    seed=st.integers(0, 100),
)
def test_every_sample_is_trained_and_none_in_a_stage_that_it_does_not_fit(tokens: list[int], seed: int) -> None:
    arranged = arrange(STAGES, data(*tokens), seed=seed)
    assert all(one.tokens <= stage.stage.length for stage in arranged for one in stage.samples)
    assert {one.index for stage in arranged for one in stage.samples} == set(range(len(tokens)))
    once = [one.index for stage in arranged if not stage.repeats for one in stage.samples]
    assert sorted(once) == list(range(len(tokens)))


def test_what_is_read_from_a_file_can_be_arranged(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"prompt": "Say it.", "completion": "one two"}\n', encoding="utf-8")
    (stage,) = arrange(STAGES[:1], measure(read_samples([tmp_path / "a.jsonl"]), words_of, 100))
    assert stage.samples == (Measured(0, 2, 1, f"{tmp_path / 'a.jsonl'}, line 1"),)
