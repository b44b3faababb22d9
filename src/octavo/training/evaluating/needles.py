"""Needles to look for in long prompts: a made-up sentence hidden in text, and the question after it.

The needles are those of `octavo eval needle` (NeedleBench's form). Knows text and lengths; nothing of models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from octavo.errors import UsageError
from octavo.evaluation.haystack import Background, Haystack, at_depth
from octavo.evaluation.names import Language
from octavo.evaluation.tasks.needlebench.needles import Needle, distinct, make_needles
from octavo.models.tokenizer import Tokenizer
from octavo.training.evaluation_plan import EvaluationPlan
from octavo.training.worlds.telling import told_together
from octavo.training.worlds.world import World

REPLY_TOKENS = 40
"""Kept free in each length for the reply: the asked-for sentence has about 15."""

_BLANK = "_"


@dataclass(frozen=True, slots=True)
class NeedlePrompt:
    """A question about a needle in a text, as tokens of the whole prompt, for a place in the table of scores."""

    length: int
    depth: float
    tokens: tuple[int, ...]
    needle: Needle

    def found_in(self, reply: str) -> bool:
        """Whether the reply holds the keyword."""
        return self.needle.keyword in reply

    def is_exactly(self, reply: str) -> bool:
        """Whether the reply is the keyword, or the sentence that was asked for, and nothing else."""
        head, _, tail = self.needle.form.partition(_BLANK)
        sentence = head + self.needle.keyword + tail.lstrip(_BLANK)
        return reply.strip().rstrip(".。") in (self.needle.keyword, sentence)


def needle_prompts(
    plan: EvaluationPlan, tokenizer: Tokenizer, render: Callable[[str], tuple[int, ...]], seed: int
) -> list[NeedlePrompt]:
    """All prompts of a plan, in order of length. `render` makes the tokens of a conversation's beginning out of what
    the user says. The same seed gives the same prompts.

    Raises `UsageError` for a length that leaves no room for text, `EvaluationError` for too little text.
    """
    if not plan.lengths:
        return []
    needles = distinct(make_needles(plan.language, seed), plan.needles, seed)
    background = _background(plan, tokenizer, max(plan.lengths), seed)
    return [
        NeedlePrompt(length, depth, _rendered(background, needle, depth, length, render), needle)
        for length in sorted(plan.lengths)
        for depth in plan.depths
        for needle in needles
    ]


def made_up(language: Language, seed: int) -> Iterator[str]:
    """Paragraphs about worlds that do not exist, without end; never the same one twice."""
    number = 0
    while True:
        world = World.make(f"evaluating/{seed}/{number}", language)
        random = Random(f"{seed}/{number}")
        facts = random.sample(world.facts, len(world.facts))
        for paragraph in told_together(facts, language, random).text.split("\n\n"):
            yield paragraph + "\n\n"
        number += 1


def _background(plan: EvaluationPlan, tokenizer: Tokenizer, tokens: int, seed: int) -> Background:
    if plan.text:
        return Haystack.read(plan.text).shuffled(seed).background(tokenizer, tokens)
    pieces, held = [], 0
    for paragraph in made_up(plan.language, seed):
        pieces.append(paragraph)
        held += tokenizer.count(paragraph)
        if held > tokens + len(pieces):  # where paragraphs meet, tokens may merge
            break
    return Background.of(pieces, tokenizer, tokens, name="made-up text")


def _rendered(
    background: Background, needle: Needle, depth: float, length: int, render: Callable[[str], tuple[int, ...]]
) -> tuple[int, ...]:
    room = length - REPLY_TOKENS
    context = room - len(render(f"\n\n{needle.question}"))
    hidden_sentence = f"\n{needle.text}\n"
    while context > background.tokenizer.count(hidden_sentence):
        hidden = background.hide([hidden_sentence], at_depth(depth), context, snap=True)
        tokens = render(f"{hidden.text.strip()}\n\n{needle.question}")
        if len(tokens) <= room:
            return tokens
        context -= len(tokens) - room
    raise UsageError(
        f"a prompt of {length:,} tokens holds no more than the question after a needle; look for needles at greater "
        "lengths"
    )
