"""What is not set is what suits the model."""

from __future__ import annotations

import pytest

from octavo.models.embedded import EmbeddedModel
from octavo.models.scripted import ScriptedModel
from octavo.reading.options import ReadingOptions


def test_a_model_of_any_endpoint_is_asked_for_all_that_octavo_can_use() -> None:
    options = ReadingOptions().for_model(ScriptedModel(""), 8_192)
    assert (options.strategy, options.analyse, options.cite, options.highest) == ("number", True, True, "reason")
    assert (options.fill, options.reply_tokens, options.answer_tokens, options.judge) == (None, None, 1024, True)


@pytest.mark.parametrize(("raw", "at_once"), [(False, 1), (True, 2)])
def test_the_small_model_is_asked_plainly_and_shown_little(raw: bool, at_once: int) -> None:
    options = ReadingOptions().for_model(EmbeddedModel(raw=raw), 8_192)
    assert (options.strategy, options.analyse, options.cite, options.judge) == ("quote", False, False, False)
    assert (options.highest, options.questions_at_once) == ("read", at_once)
    assert (options.fill, options.reply_tokens, options.answer_tokens) == (1200, 16, 160)


def test_what_is_set_stays() -> None:
    given = ReadingOptions(strategy="number", analyse=True, cite=False, highest="read", fill=64, answer_tokens=1)
    for model in (EmbeddedModel(), ScriptedModel("")):
        options = given.for_model(model, 8_192)
        assert (options.strategy, options.analyse, options.cite, options.highest) == ("number", True, False, "read")
        assert (options.fill, options.answer_tokens) == (64, 1)
