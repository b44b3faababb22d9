from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from octavo.models.chat import Message, ToolSchema
from octavo.models.estimated_tokenizer import EstimatedTokenizer
from octavo.models.prompt_measure import Learnt, PromptMeasure, TemplateOverhead

OVERHEAD = TemplateOverhead(base=30, base_with_system=14, turn=11)


def conversation(*roles: str, content: str = "") -> list[Message]:
    return [Message(role, content) for role in roles]  # type: ignore[arg-type]


def test_the_template_s_part_depends_on_a_system_message_and_on_the_turns() -> None:
    measure = PromptMeasure(EstimatedTokenizer(), OVERHEAD)
    assert measure.tokens(conversation("user")) == 30
    assert measure.tokens(conversation("system", "user")) == 14
    assert measure.tokens(conversation("system", "user", "assistant", "user")) == 25
    assert measure.tokens(conversation("system", "user", "assistant")) == 25


@given(st.lists(st.tuples(st.integers(1, 2_000), st.integers(0, 9_000)), min_size=1, max_size=6))
def test_it_is_never_below_what_was_reported_and_never_falls(reports: list[tuple[int, int]]) -> None:
    measure = PromptMeasure(EstimatedTokenizer(), OVERHEAD)
    before = 0
    for words, reported in reports:
        prompt = conversation("user", content="word " * words)
        measure.learn(prompt, reported)
        assert measure.tokens(prompt) >= reported
        probe = measure.tokens(conversation("user", content="word " * 100))
        assert probe >= before
        before = probe
    for words, reported in reports:
        assert measure.tokens(conversation("user", content="word " * words)) >= reported


def test_a_long_prompt_teaches_the_rate_and_a_short_one_the_template() -> None:
    measure = PromptMeasure(EstimatedTokenizer(), OVERHEAD)
    measure.learn(conversation("user", content="x"), 81)
    assert measure.rate == 1.0
    assert measure.tokens(conversation("user")) == 80
    long = conversation("user", content="word " * 1_000)
    measure.learn(long, 2 * measure.tokens(long))
    assert measure.rate > 1.9


def test_a_report_below_the_measure_changes_nothing() -> None:
    measure = PromptMeasure(EstimatedTokenizer(), OVERHEAD)
    prompt = conversation("user", content="word " * 300)
    before = measure.tokens(prompt)
    measure.learn(prompt, before - 100)
    assert measure.tokens(prompt) == before


def test_what_tools_take_is_learnt_apart() -> None:
    measure = PromptMeasure(EstimatedTokenizer(), OVERHEAD)
    prompt, tools = conversation("user", content="word " * 300), [ToolSchema("search", "Finds.", {"type": "object"})]
    without, with_tools = measure.tokens(prompt), measure.tokens(prompt, tools)
    assert with_tools > without
    measure.learn(prompt, with_tools + 500, tools)
    assert measure.tokens(prompt, tools) == with_tools + 500
    assert measure.tokens(prompt) == without


def test_it_goes_on_from_what_was_learnt_before() -> None:
    first = PromptMeasure(EstimatedTokenizer(), OVERHEAD)
    prompt = conversation("user", content="word " * 300)
    assert first.learn(prompt, 2 * first.tokens(prompt))
    second = PromptMeasure(EstimatedTokenizer(), OVERHEAD, first.learnt)
    assert second.tokens(prompt) == first.tokens(prompt)
    assert not second.learn(prompt, first.tokens(prompt))


def test_joining_takes_the_higher_of_each() -> None:
    assert Learnt(1.5, 10, 0).joined(Learnt(1.2, 20, 5)) == Learnt(1.5, 20, 5)
