from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from octavo.errors import EvaluationError, UsageError
from octavo.models.json_tokenizer import JsonTokenizer
from octavo.training.evaluating.needles import REPLY_TOKENS, NeedlePrompt, made_up, needle_prompts
from octavo.training.evaluation_plan import EvaluationPlan
from tests.training.tiny_run import tiny_tokenizer

LENGTHS = (500, 900)


def prompts_of(plan: EvaluationPlan, seed: int = 0) -> tuple[list[NeedlePrompt], Any]:
    tokenizer = tiny_tokenizer()

    def render(said: str) -> tuple[int, ...]:
        message = {"role": "user", "content": said}
        return tuple(
            tokenizer.apply_chat_template([message], add_generation_prompt=True, return_dict=True)["input_ids"]
        )

    return needle_prompts(plan, JsonTokenizer(tokenizer.backend_tokenizer.to_str()), render, seed), tokenizer


def test_every_length_and_depth_has_its_needles_and_room_for_the_reply() -> None:
    prompts, _ = prompts_of(EvaluationPlan(lengths=LENGTHS, depths=(0.0, 50.0), needles=2))
    assert [(prompt.length, prompt.depth) for prompt in prompts] == [
        (length, depth) for length in LENGTHS for depth in (0.0, 50.0) for _ in range(2)
    ]
    for prompt in prompts:
        assert prompt.length - 100 < len(prompt.tokens) + REPLY_TOKENS <= prompt.length


def test_the_needle_stands_at_its_depth_and_the_question_after_it() -> None:
    prompts, tokenizer = prompts_of(EvaluationPlan(lengths=(2_000,), depths=(0.0, 50.0, 100.0), needles=1))
    shares = []
    for prompt in prompts:
        text = tokenizer.decode(prompt.tokens)
        shares.append(text.index(prompt.needle.text) / text.index(prompt.needle.question))
    assert shares == pytest.approx([0.0, 0.5, 1.0], abs=0.1)


def test_the_same_seed_gives_the_same_prompts() -> None:
    plan = EvaluationPlan(lengths=(500,))
    assert prompts_of(plan)[0] == prompts_of(plan)[0]
    assert prompts_of(plan)[0] != prompts_of(plan, seed=1)[0]


def test_needles_are_hidden_in_the_users_text_where_there_is_some(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text("The quick brown fox. \n\n" * 200, encoding="utf-8")
    plan = EvaluationPlan(lengths=(500,), depths=(50.0,), needles=1, text=(tmp_path,))
    (prompt,), tokenizer = prompts_of(plan)
    assert tokenizer.decode(prompt.tokens).count("The quick brown fox.") > 10


def test_too_little_text_is_never_repeated(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text("The quick brown fox.\n", encoding="utf-8")
    with pytest.raises(EvaluationError, match="name more files, or ask for shorter lengths"):
        prompts_of(EvaluationPlan(lengths=(500,), text=(tmp_path,)))


def test_a_length_without_room_for_text_is_refused() -> None:
    with pytest.raises(UsageError, match="a prompt of 80 tokens holds no more than the question"):
        prompts_of(EvaluationPlan(lengths=(80,)))


def test_a_reply_counts_when_it_holds_the_keyword_and_exactly_when_it_holds_nothing_else() -> None:
    prompt = prompts_of(EvaluationPlan(lengths=(500,)))[0][0]
    place, keyword = prompt.needle.place, prompt.needle.keyword
    for reply, found, exact in (
        (f"The legendary item hidden on the {place} is {keyword}.", True, True),
        (f" {keyword}\n", True, True),
        (f"It must be {keyword}, I think", True, False),
        ("I do not know.", False, False),
    ):
        assert (prompt.found_in(reply), prompt.is_exactly(reply)) == (found, exact)


def test_made_up_text_does_not_end_and_repeats_no_paragraph() -> None:
    paragraphs = list(islice(made_up("en", 0), 300))
    assert len(set(paragraphs)) == 300
