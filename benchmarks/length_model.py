"""The small model of the length experiment: made from nothing on short texts, and scored at any length.

A Llama of two layers, trained by transformers' Trainer on rows of tokens in three parts: words that are said again and
again in the same order, at first alone, since looking up what followed a word before is learned soonest from them (the
induction heads of Olsson et al. 2022, arXiv 2209.11895); texts for reading on; and conversations, of which the answers
are learned. Rows grow from half the window to the whole. A step's batch is one item of the dataset, so that all steps
show as many tokens. Knows the language (`length_data.py`); nothing of octavo's reading or training.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from length_data import END, TURN_TOKENS, Told, asked_about, echo, fact, make_tokenizer, nearest, running, talk, tell

_IGNORED = -100
_ROWS_SCORED_AT_ONCE = 20
_REPLY_TOKENS = 6

MOST_BEGUN = 10
"""Models begun for a seed, at most."""
BEGUN = "begun.txt"

DEPTHS = (0, 25, 50, 75, 100)
"""Percent of the sentences that stand before the one that is asked for."""


@dataclass(frozen=True, slots=True)
class Base:
    """How the base is made. `window` is the longest row, in tokens; `batch_tokens` are what a step shows. Of the steps,
    the first `echo_steps` show echoes alone; up to `half_rows` of them all, rows are of half the window. Of the rows
    after the first steps, `echoes` and `running` are the shares of echoes and of texts without questions. With a small
    `theta` most rotations turn within the window, as those of a large model turn within its own. Whether a model this
    small comes to look things up is luck: one whose loss (nats) is above `echo_loss` after the first steps has not, and
    another is begun, from other numbers, in its place."""

    window: int = 128
    layers: int = 2
    hidden: int = 64
    heads: int = 2
    theta: float = 100.0
    steps: int = 6_000
    echo_steps: int = 1_000
    echo_loss: float = 2.5
    half_rows: float = 0.6
    batch_tokens: int = 2_048
    learning_rate: float = 1e-2
    echoes: float = 0.2
    running: float = 0.3


def make_base(base: Base, folder: Path, seed: int) -> None:
    """Train a model from nothing and put it, with its tokenizer, in `folder`; `BEGUN` there says how many were begun
    until one looked things up. Raises `RuntimeError` after `MOST_BEGUN`."""
    from transformers import Trainer

    tokenizer = make_tokenizer()
    partial = folder.with_name(f".{folder.name}.partial")
    for begun in range(1, MOST_BEGUN + 1):
        model = _new_model(base, tokenizer, 1_000 * begun + seed)
        trainer = Trainer(
            model,
            _settings(base, partial, seed),
            train_dataset=_Batches(base, tokenizer, seed),
            data_collator=_only,
            callbacks=[_giving_up(base)],
        )
        trainer.train()
        if trainer.state.global_step == base.steps:
            model.save_pretrained(partial)
            tokenizer.save_pretrained(partial)
            (partial / "training_args.bin").unlink(missing_ok=True)
            (partial / BEGUN).write_text(f"{begun}\n", encoding="utf-8")
            partial.replace(folder)
            return
    raise RuntimeError(f"seed {seed}: none of {MOST_BEGUN} models came to look things up")


def _new_model(base: Base, tokenizer: Any, numbers: int) -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(numbers)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=base.hidden,
            intermediate_size=2 * base.hidden,
            num_hidden_layers=base.layers,
            num_attention_heads=base.heads,
            num_key_value_heads=base.heads,
            max_position_embeddings=base.window,
            rope_parameters={"rope_type": "default", "rope_theta": base.theta},
            attention_bias=True,
            initializer_range=0.1,
            tie_word_embeddings=True,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    )


def _settings(base: Base, output: Path, seed: int) -> Any:
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=str(output),
        max_steps=base.steps,
        per_device_train_batch_size=1,
        train_sampling_strategy="sequential",
        learning_rate=base.learning_rate,
        lr_scheduler_type="warmup_stable_decay",
        lr_scheduler_kwargs={"num_decay_steps": base.steps // 2, "min_lr_ratio": 0.02},
        warmup_steps=50,
        adam_beta2=0.98,
        seed=seed,
        use_cpu=True,
        save_strategy="no",
        logging_steps=100,
        report_to="none",
        disable_tqdm=True,
    )


def _giving_up(base: Base) -> Any:
    from transformers import TrainerCallback

    class GivingUp(TrainerCallback):  # type: ignore[misc]
        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            loss = (logs or {}).get("loss")  # the Trainer's last words have none
            if state.global_step == base.echo_steps and loss is not None and float(loss) > base.echo_loss:
                control.should_training_stop = True

    return GivingUp()


class _Batches:
    """Item i is the batch of step i, made when it is asked for, the same for the same seed."""

    def __init__(self, base: Base, tokenizer: Any, seed: int) -> None:
        self._base, self._tokenizer, self._seed = base, tokenizer, seed

    def __len__(self) -> int:
        return self._base.steps

    def __getitem__(self, step: int) -> dict[str, Any]:
        base, random = self._base, Random(f"{self._seed}/{step}")
        tokens = base.window // 2 if step < base.half_rows * base.steps else base.window
        echoes = 1.0 if step < base.echo_steps else base.echoes
        return _padded([self._row(random, tokens, echoes) for _ in range(base.batch_tokens // tokens)])

    def _row(self, random: Random, tokens: int, echoes: float) -> tuple[list[int], list[int]]:
        share, drawn = random.choice((0.5, 1.0, 1.0)), random.random()
        if drawn < echoes + self._base.running:
            text = echo(random, tokens) if drawn < echoes else running(random, tokens, share)
            row = self._tokenizer(text)["input_ids"]
            return row, row
        turns = max(1, tokens // 32)
        told = tell(random, tokens - turns * TURN_TOKENS, share)
        towns = asked_about(random, told, turns)
        shown = self._tokenizer.apply_chat_template(
            talk(told.text, [(town, told.facts[town]) for town in towns]),
            return_dict=True,
            return_assistant_tokens_mask=True,
        )
        row, mask = shown["input_ids"], shown["assistant_masks"]
        return row, [token if learned else _IGNORED for token, learned in zip(row, mask, strict=True)]


def _only(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    (item,) = items
    return item


def _padded(rows: Sequence[tuple[list[int], list[int]]]) -> dict[str, Any]:
    """Padding stands behind, where no earlier token sees it and nothing is learned."""
    import torch

    longest = max(len(tokens) for tokens, _ in rows)
    return {
        "input_ids": torch.tensor([tokens + [0] * (longest - len(tokens)) for tokens, _ in rows]),
        "labels": torch.tensor([labels + [_IGNORED] * (longest - len(labels)) for _, labels in rows]),
    }


# --- scoring --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Needle:
    """A text of about `length` tokens with its question, which is after the fact at `depth` percent."""

    length: int
    depth: int
    told: Told
    town: str

    @property
    def goods(self) -> str:
        """What sells there."""
        return self.told.facts[self.town]


def needles(length: int, each: int, seed: int) -> Iterator[Needle]:
    """So many at each depth, of texts of their own."""
    for depth in DEPTHS:
        random = Random(f"needles/{seed}/{length}/{depth}")
        for _ in range(each):
            told = tell(random, length - TURN_TOKENS)
            yield Needle(length, depth, told, nearest(told, depth / 100))


def found(model: Any, tokenizer: Any, asked: Sequence[Needle]) -> list[bool]:
    """For each, whether what the model writes (greedily) is the fact, word for word."""
    import torch

    tokenizer.padding_side = "left"  # as an argument it is passed over
    right: list[bool] = []
    for start in range(0, len(asked), _ROWS_SCORED_AT_ONCE):
        some = asked[start : start + _ROWS_SCORED_AT_ONCE]
        prompts = [talk(needle.told.text, [(needle.town, needle.goods)])[:1] for needle in some]
        shown = tokenizer.apply_chat_template(
            prompts, add_generation_prompt=True, return_dict=True, padding=True, return_tensors="pt"
        )
        with torch.no_grad():
            written = model.generate(**shown, max_new_tokens=_REPLY_TOKENS, do_sample=False, pad_token_id=0)
        replies = tokenizer.batch_decode(written[:, shown["input_ids"].shape[1] :])
        right += [
            reply.partition(END)[0].strip() == fact(needle.town, needle.goods)
            for reply, needle in zip(replies, some, strict=True)
        ]
    return right


def losses(
    model: Any, tokenizer: Any, length: int, texts: int, seed: int
) -> tuple[list[list[float]], list[list[float]]]:
    """Of held-out texts for reading on, each of at least `length` tokens: the loss (nats) of each token but the first;
    and the same of what sells in a town where that was told before, with 0 tokens elsewhere left out as NaN."""
    import torch

    tokenized: list[list[int]] = []
    random = Random(f"running/{seed}")
    while len(tokenized) < texts:
        tokenized.append(tokenizer(running(random, length + 16))["input_ids"][:length])
    every, told = [], []
    for tokens in tokenized:
        with torch.no_grad():
            logits = model(torch.tensor([tokens])).logits[0, :-1]
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor(tokens[1:]), reduction="none").tolist()
        every.append(loss)
        known = _told_before(tokenizer, tokens)
        told.append([each if place in known else float("nan") for place, each in enumerate(loss, start=1)])
    return every, told


def _told_before(tokenizer: Any, tokens: Sequence[int]) -> set[int]:
    """The places of what sells in a town, where the same town's fact was told before."""
    first, *_ = tokenizer(" In")["input_ids"]
    seen: set[int] = set()
    places = set()
    for place in range(2, len(tokens)):
        if tokens[place - 2] == first:
            town = tokens[place - 1]
            if town in seen:
                places.add(place)
            seen.add(town)
    return places
