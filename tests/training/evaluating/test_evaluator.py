from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from octavo.errors import TrainingError
from octavo.training.data.preparing import prepare
from octavo.training.data.templates import training_template
from octavo.training.evaluating.evaluation import NeedleScore
from octavo.training.evaluating.evaluator import Abandoned, Evaluator, as_it_was, same_rotations
from octavo.training.evaluation_plan import EvaluationPlan
from octavo.training.model.loading import load_model, load_tokenizer
from octavo.training.recipe import Recipe
from octavo.training.running.run import TrainingRun
from octavo.training.running.trainer import stage_trainer
from tests.training.tiny_run import tiny_recipe, write_talks

TEXT = "The quick brown fox jumps over 12345 lazy dogs. She said it twice in the 2nd paragraph.\n" * 60


@pytest.fixture
def plan(tmp_path: Path) -> EvaluationPlan:
    (tmp_path / "book.txt").write_text(TEXT, encoding="utf-8")
    short = write_talks(tmp_path / "short.jsonl", [("Which fox?", "A fox."), ("Why?", "So.")])
    return EvaluationPlan(
        lengths=(400,), depths=(0.0, 100.0), needles=1, text=(tmp_path / "book.txt",), reach=300, short=(short,)
    )


def trained(recipe: Recipe, folder: Path) -> Any:
    """The model as the trainer has it."""
    run, tokenizer = TrainingRun(folder), load_tokenizer(recipe.model)
    return stage_trainer(recipe, run, 1, prepare(recipe, tokenizer, training_template(tokenizer), run.rows), tokenizer)


def evaluator_of(recipe: Recipe, plan: EvaluationPlan) -> Evaluator:
    tokenizer = load_tokenizer(recipe.model)
    return Evaluator.prepare(plan, tokenizer, training_template(tokenizer), seed=0)


@pytest.mark.parametrize("method", ["lora", "full"])
def test_it_measures_all_three(tmp_path: Path, plan: EvaluationPlan, method: str) -> None:
    recipe = tiny_recipe(tmp_path, method=method)
    evaluator = evaluator_of(recipe, plan)
    needles, positions, retention = evaluator.measure(trained(recipe, tmp_path / "run").model)
    assert [(score.length, score.depth, score.asked) for score in needles] == [(400, 0.0, 1), (400, 100.0, 1)]
    assert [(bucket.start, bucket.end, bucket.tokens) for bucket in positions] == [(0, 300, 2 * 299)]
    assert retention is not None
    assert (retention.samples, retention.tokens) == (2, sum(sum(sample.learned) for sample in evaluator.samples))
    assert max(text.tokens for text in evaluator.shown) == max(len(prompt.tokens) for prompt in evaluator.prompts)


def test_losses_are_those_of_the_models_own_logits(tmp_path: Path, plan: EvaluationPlan) -> None:
    import torch
    from torch.nn.functional import cross_entropy

    recipe = tiny_recipe(tmp_path, method="full")
    evaluator, model = evaluator_of(recipe, plan), trained(recipe, tmp_path / "run").model
    _, (bucket,), retention = evaluator.measure(model)
    assert retention is not None

    def own_losses(tokens: Any, labels: Any) -> Any:
        with torch.no_grad():
            logits = model(torch.tensor([tokens])).logits[0, :-1]
        wanted = torch.tensor(labels)[1:]
        return cross_entropy(logits, wanted, reduction="none")[wanted != -100]

    read_on = torch.cat([own_losses(text, text) for text in evaluator.texts])
    learned = torch.cat([own_losses(sample.tokens, sample.labels) for sample in evaluator.samples])
    assert bucket.loss == pytest.approx(read_on.mean().item(), rel=1e-4)
    assert retention.loss == pytest.approx(learned.mean().item(), rel=1e-4)
    assert retention.tokens == len(learned)


def test_a_model_that_says_the_keyword_is_scored_for_it(
    tmp_path: Path, plan: EvaluationPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    recipe = tiny_recipe(tmp_path, method="full")
    evaluator, model = evaluator_of(recipe, plan), trained(recipe, tmp_path / "run").model
    said = iter([prompt.needle.keyword for prompt in evaluator.prompts[:1]] + ["no idea"])

    def generate(shown: Any, **_: Any) -> Any:
        reply = evaluator.tokenizer(next(said), add_special_tokens=False)["input_ids"]
        return torch.cat([shown, torch.tensor([reply])], dim=1)

    monkeypatch.setattr(model, "generate", generate)
    needles, _, _ = evaluator.measure(model)
    assert needles == (NeedleScore(400, 0.0, 1, 1, 1), NeedleScore(400, 100.0, 1, 0, 0))


def test_modes_and_random_numbers_are_as_they_were(tmp_path: Path) -> None:
    import torch

    model = load_model(tiny_recipe(tmp_path).model, method="full")
    model.train()
    model.lm_head.eval()
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    with as_it_was(model):
        assert not model.training
        torch.rand(5)
    assert (model.training, model.lm_head.training) == (True, False)
    assert torch.equal(torch.rand(3), expected)


def test_rotations_that_grow_with_the_text_are_put_back(tmp_path: Path) -> None:
    import torch

    model = load_model(tiny_recipe(tmp_path).model, method="full", rope="dynamic", reach=512)
    text, longer = torch.arange(150)[None], torch.arange(400)[None]
    with torch.no_grad():
        model(torch.arange(200)[None])  # what the training has seen already
        before = model(text).logits
        with same_rotations(model):
            model(longer)
        assert torch.equal(model(text).logits, before)
        model(longer)
        assert not torch.equal(model(text).logits, before)


def test_asked_to_stop_it_ends_between_two_texts(tmp_path: Path, plan: EvaluationPlan) -> None:
    recipe = tiny_recipe(tmp_path, method="full")
    evaluator, model = evaluator_of(recipe, plan), trained(recipe, tmp_path / "run").model
    model.train()
    asked = iter([False, True])
    with pytest.raises(Abandoned):
        evaluator.measure(model, lambda: next(asked))
    assert model.training


def test_samples_that_are_none_are_refused_before_a_model_is_loaded(tmp_path: Path, plan: EvaluationPlan) -> None:
    (tmp_path / "short.jsonl").write_text('{"prompt": "Why?"}\n', encoding="utf-8")
    with pytest.raises(TrainingError, match="line 1: has no completion"):
        evaluator_of(tiny_recipe(tmp_path), replace(plan, lengths=()))
