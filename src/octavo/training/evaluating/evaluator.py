"""A model, measured as it is: needles looked for by writing, long text and short samples by their loss.

All is prepared once, before a model is loaded, so that what is wrong with a file is known at once. A model is left as
it was: in the same mode, with the same random numbers to come and the same rotations. Knows models of transformers as
TRL's trainer has them, whose loss in chunks never holds the logits of a whole text.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeVar

from octavo.evaluation.haystack import Haystack
from octavo.models.json_tokenizer import JsonTokenizer
from octavo.training.data.samples import read_samples
from octavo.training.data.templates import Encoded, Template, encode
from octavo.training.evaluating.evaluation import NeedleScore, PositionLoss, Retention
from octavo.training.evaluating.needles import REPLY_TOKENS, NeedlePrompt, needle_prompts
from octavo.training.evaluating.positions import buckets, by_position, stretches
from octavo.training.evaluation_plan import EvaluationPlan, Shown
from octavo.training.quiet import quiet

_T = TypeVar("_T")


class Abandoned(Exception):
    """It was asked to stop in the middle of measuring."""


@dataclass(frozen=True, slots=True)
class Evaluator:
    """All that is shown to a model, as tokens."""

    tokenizer: Any
    prompts: tuple[NeedlePrompt, ...]
    texts: tuple[tuple[int, ...], ...]
    edges: tuple[tuple[int, int], ...]
    samples: tuple[Encoded, ...]

    @classmethod
    def prepare(cls, plan: EvaluationPlan, tokenizer: Any, template: Template, *, seed: int) -> Evaluator:
        """What a plan shows. Raises `EvaluationError` and `TrainingError` for files that do not serve, `UsageError` for
        lengths that hold nothing."""

        def render(said: str) -> tuple[int, ...]:
            message = {"role": "user", "content": said}
            rendered = tokenizer.apply_chat_template(
                [message], chat_template=template.undated, add_generation_prompt=True, return_dict=True
            )
            return tuple(rendered["input_ids"])

        counting = JsonTokenizer(tokenizer.backend_tokenizer.to_str())
        texts: list[tuple[int, ...]] = []
        if plan.reach:
            # The order of the files is kept: what a text says later follows from what it said before.
            text = "".join(Haystack.read(plan.text).pieces)
            texts = stretches(tokenizer(text, add_special_tokens=False)["input_ids"], plan.reach, plan.stretches)
        return cls(
            tokenizer,
            tuple(needle_prompts(plan, counting, render, seed)),
            tuple(texts),
            tuple(buckets(plan.reach)) if plan.reach else (),
            tuple(encode(tokenizer, template, sample) for sample in read_samples(plan.short)),
        )

    @property
    def shown(self) -> tuple[Shown, ...]:
        """The lengths of all that is shown."""
        return (
            *(Shown(len(prompt.tokens), 1, "--evaluate-lengths") for prompt in self.prompts),
            *(Shown(len(text), len(text), "--evaluate-text") for text in self.texts),
            *(Shown(len(sample.tokens), sum(sample.learned), "--evaluate-short") for sample in self.samples),
        )

    def measure(
        self, model: Any, asked_to_stop: Callable[[], bool] = lambda: False
    ) -> tuple[tuple[NeedleScore, ...], tuple[PositionLoss, ...], Retention | None]:
        """Needles, loss by position and loss of the short samples. Raises `Abandoned` when it was asked to stop."""
        with as_it_was(model), quiet():

            def each(items: Iterable[_T]) -> Iterator[_T]:
                for item in items:
                    if asked_to_stop():
                        raise Abandoned
                    with same_rotations(model):
                        yield item

            needles = self._needles(model, each(self.prompts))
            losses = [_losses(model, text, text) for text in each(self.texts)]
            learned = [_losses(model, sample.tokens, sample.labels) for sample in each(self.samples)]
        return needles, tuple(by_position(losses, self.edges)), _retention(learned)

    def _needles(self, model: Any, prompts: Iterable[NeedlePrompt]) -> tuple[NeedleScore, ...]:
        replies = [(prompt, self._reply(model, prompt)) for prompt in prompts]
        scores = []
        for (length, depth), group in groupby(replies, key=lambda pair: (pair[0].length, pair[0].depth)):
            here = list(group)
            found = sum(prompt.found_in(reply) for prompt, reply in here)
            exact = sum(prompt.is_exactly(reply) for prompt, reply in here)
            scores.append(NeedleScore(length, depth, len(here), found, exact))
        return tuple(scores)

    def _reply(self, model: Any, prompt: NeedlePrompt) -> str:
        import torch
        from transformers import GenerationConfig

        tokens = torch.tensor([prompt.tokens], device=model.device)
        ends = {self.tokenizer.eos_token_id, *_listed(model.generation_config.eos_token_id)} - {None}
        settings = GenerationConfig(
            max_new_tokens=REPLY_TOKENS,
            do_sample=False,
            use_cache=True,
            eos_token_id=sorted(ends) or None,
            pad_token_id=self.tokenizer.pad_token_id
            if self.tokenizer.pad_token_id is not None
            else min(ends, default=0),
        )
        with torch.no_grad():
            written = model.generate(tokens, attention_mask=torch.ones_like(tokens), generation_config=settings)
        return str(self.tokenizer.decode(written[0, tokens.shape[1] :], skip_special_tokens=True))


@contextlib.contextmanager
def as_it_was(model: Any) -> Iterator[None]:
    """Out of training for a while: no dropout; then in the mode that each part had, with the same random numbers to
    come."""
    import torch

    modes = {module: module.training for module in model.modules()}
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=devices):
        model.eval()
        try:
            yield
        finally:
            for module, training in modes.items():
                module.training = training


@contextlib.contextmanager
def same_rotations(model: Any) -> Iterator[None]:
    """Rotations that grow with the longest text seen ("dynamic" RoPE) are put back as they were."""
    before = [
        (module, module.inv_freq, module.max_seq_len_cached, module.attention_scaling)
        for module in model.modules()
        if hasattr(module, "max_seq_len_cached") and hasattr(module, "inv_freq")
    ]
    frequencies = [frequency.clone() for _, frequency, _, _ in before]
    try:
        yield
    finally:
        for (module, frequency, reached, scaling), kept in zip(before, frequencies, strict=True):
            frequency.copy_(kept)
            module.register_buffer("inv_freq", frequency, persistent=False)
            module.max_seq_len_cached, module.attention_scaling = reached, scaling


def _losses(model: Any, tokens: Sequence[int], labels: Sequence[int]) -> list[float]:
    """Of each token with a label, but the first of the text, which nothing stands before."""
    import torch

    shown, wanted = (torch.tensor([row], device=model.device) for row in (tokens, labels))
    with torch.no_grad():
        outputs = model(input_ids=shown, labels=wanted, fused_lm_head=True)
    losses: list[float] = (-outputs.log_probs[outputs.label_mask]).float().tolist()
    return losses


def _retention(losses: Sequence[Sequence[float]]) -> Retention | None:
    tokens = sum(map(len, losses))
    return Retention(len(losses), sum(map(sum, losses)) / tokens, tokens) if tokens else None


def _listed(ends: int | list[int] | None) -> list[int]:
    return ends if isinstance(ends, list) else [ends] if ends is not None else []
