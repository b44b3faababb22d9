from __future__ import annotations

from pathlib import Path

import pytest

from octavo.errors import TrainingError
from octavo.training.data.preparing import prepare
from octavo.training.data.rows import read_rows
from octavo.training.data.samples import read_samples
from octavo.training.data.templates import encode, training_template
from octavo.training.recipe import Recipe, Stage
from tests.training.tiny_run import ANSWERS, QUESTIONS, tiny_tokenizer, write_talks


def recipe(tmp_path: Path, **changes: object) -> Recipe:
    write_talks(tmp_path / "talks.jsonl")
    write_talks(tmp_path / "short.jsonl", [("Hm?", "Yes.")] * 3)
    settings: dict[str, object] = {"model": "m", "data": (tmp_path / "talks.jsonl",), "stages": (Stage(100),)}
    return Recipe(**(settings | changes))  # type: ignore[arg-type]


def test_the_rows_of_a_stage_are_its_samples_in_the_order_of_showing(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer()
    template = training_template(tokenizer)
    mixed = recipe(tmp_path, short_data=(tmp_path / "short.jsonl",), short_share=0.25)
    prepared = prepare(mixed, tokenizer, template, tmp_path / "rows" / "rows.arrow")
    samples = [*read_samples(mixed.data), *read_samples(mixed.short_data)]
    rows = list(read_rows(tmp_path / "rows" / "rows.arrow", prepared.rows(1)))
    assert len(rows) == len(prepared.stages[0].samples) == 8
    for row, shown in zip(rows, prepared.stages[0].samples, strict=True):
        sample = next(each for each in samples if each.source == shown.source)
        encoded = encode(tokenizer, template, sample)
        assert row == {"input_ids": list(encoded.tokens), "labels": encoded.labels}


def test_the_fingerprint_is_that_of_the_tokens_whether_or_not_they_are_written(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer()
    template = training_template(tokenizer)
    written = prepare(recipe(tmp_path), tokenizer, template, tmp_path / "rows.arrow")
    assert prepare(recipe(tmp_path), tokenizer, template) == written
    other = recipe(tmp_path)
    write_talks(tmp_path / "talks.jsonl", zip(QUESTIONS, (*ANSWERS[:-1], "1234"), strict=True))
    assert prepare(other, tokenizer, template).fingerprint != written.fingerprint


def test_long_samples_are_refused(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer()
    with pytest.raises(TrainingError, match="6 of 6 samples are longer than 10 tokens"):
        prepare(recipe(tmp_path, stages=(Stage(10),)), tokenizer, training_template(tokenizer))
