"""The language of the length experiment: what sells where, told among sentences about nothing, and questions after it.

A text is sentences such as "In Basel clocks sell." (a fact; no two of a text are about the same town) among fillers
such as "The old miller walks to the river."; the share of facts is the same at every length, so a longer text has more
of them to be mistaken for the one that is asked for. Every word is one token of the tokenizer made here. A fact names
what is asked for right after what is asked about, which is the form that small models learn to look up soonest. Knows
nothing of models and of octavo.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

_TOWNS = (
    "Aachen Bari Basel Bath Bergen Bonn Cairo Calais Cork Delft Delhi Dover Dublin Essen Faro Genoa Ghent Graz Hanoi "
    "Jena Kiel Lagos Leeds Lima Lyon Metz Milan Minsk Nancy Oslo Padua Paris Perth Pisa Porto Quito Reims Riga Rome "
    "Rouen Siena Sofia Tartu Trier Turin Vienna Yalta Zurich"
)
TOWNS = tuple(_TOWNS.split())
"""So many that a text of 512 tokens has no two facts of one."""

_GOODS = (
    "apples bells birds boats books boots bowls cards carts clocks coats combs cups dolls drums eggs flags forks geese "
    "goats hats jars keys kites lamps masks nails pears pots roses shoes spoons"
)
GOODS = tuple(_GOODS.split())

_WHO = ("miller", "baker", "sailor", "weaver")
_HOW = ("old", "young", "tall", "quiet")
_GOES = ("walks", "runs", "rides", "comes")
_WHERE = ("river", "market", "bridge", "forest")

WORDS = (*TOWNS, *GOODS, *_WHO, *_HOW, *_GOES, *_WHERE)
_FRAME = ("In", "sell", "The", "to", "the", "What", "sells", "in")
"""What every sentence of a kind has."""

START, END, USER, ASSISTANT, _UNKNOWN = "<|start|>", "<|end|>", "<|user|>", "<|assistant|>", "<|unknown|>"

_SPACE = "\u2581"
_CHARACTERS = "INiost234,.?"
"""Those of the sentences by which octavo checks a chat template, and the stops. Every token more that no text has slows
the small model down: a vocabulary of 700 tokens, 128 of them in use, took it several times the steps."""

_WORD_SCORE, _CHARACTER_SCORE = -1.0, -10.0
"""Log-probabilities by which a text is cut: a word is never spelt that is known."""

TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'assistant' %}{{ '<|assistant|>' }}{% generation %}"
    "{{ message['content'] + '<|end|>' }}{% endgeneration %}{% else %}{{ '<|user|>' + message['content'] + '<|end|>' }}"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)

FACT_TOKENS, FILLER_TOKENS, FACT_SHARE = 5, 8, 0.5
"""A sentence's tokens; and the share of sentences that are facts."""

_BEYOND = 0.2

TURN_TOKENS = 14
"""Of a question and its answer: five each of words and stops, two marks and two ends."""


@dataclass(frozen=True, slots=True)
class Told:
    """A text: its sentences, in order, and for each town what sells there and which sentence says so."""

    sentences: tuple[str, ...]
    facts: Mapping[str, str]
    places: Mapping[str, int]

    @property
    def text(self) -> str:
        """The sentences, one after the other."""
        return " ".join(self.sentences)


def tell(random: Random, tokens: int, share: float = FACT_SHARE) -> Told:
    """A text of at most, and nearly, so many tokens, with a fact or more; each town is told of once."""
    told = _drawn(random, tokens, share)
    while not told.facts:
        told = _drawn(random, tokens, share)
    return told


def _drawn(random: Random, tokens: int, share: float) -> Told:
    towns = random.sample(TOWNS, len(TOWNS))
    sentences: list[str] = []
    facts, places = {}, {}
    left = tokens
    while left >= FACT_TOKENS:
        if towns and (random.random() < share or left < FILLER_TOKENS):
            town = towns.pop()
            facts[town], places[town] = random.choice(GOODS), len(sentences)
            sentences.append(fact(town, facts[town]))
            left -= FACT_TOKENS
        elif left >= FILLER_TOKENS:
            sentences.append(filler(random))
            left -= FILLER_TOKENS
        else:  # every town is told of
            break
    return Told(tuple(sentences), facts, places)


def asked_about(random: Random, told: Told, count: int) -> list[str]:
    """At most so many of a text's towns, in random order: each of the fact nearest to a depth drawn evenly. Some depths
    lie before or behind the text, by up to `_BEYOND` of it, so that its first and last fact are asked about too: among
    many facts, drawn alike, they would hardly ever be."""
    depths = [random.uniform(-_BEYOND, 1 + _BEYOND) for _ in range(count)]
    return list(dict.fromkeys(nearest(told, depth) for depth in depths))


def nearest(told: Told, depth: float) -> str:
    """The town whose fact stands nearest to a depth, a share of the sentences."""
    wanted = depth * (len(told.sentences) - 1)
    return min(told.facts, key=lambda town: abs(told.places[town] - wanted))


def running(random: Random, tokens: int, share: float = FACT_SHARE) -> str:
    """A text for reading on: like `tell`'s, but of few enough towns that most facts were told before, anywhere."""
    towns = random.sample(TOWNS, max(3, tokens // 24))
    facts = {town: random.choice(GOODS) for town in towns}
    sentences, left = [], tokens
    while left >= FILLER_TOKENS:
        if random.random() < share:
            town = random.choice(towns)
            sentences.append(fact(town, facts[town]))
            left -= FACT_TOKENS
        else:
            sentences.append(filler(random))
            left -= FILLER_TOKENS
    return " ".join(sentences)


def echo(random: Random, tokens: int) -> str:
    """So many words: a few, or up to half of them, in some order, and then again and again in the same."""
    words = random.sample(WORDS, min(random.randint(4, tokens // 2), len(WORDS)))
    return " ".join((words * (tokens // len(words) + 1))[:tokens])


def fact(town: str, goods: str) -> str:
    """What sells where, as a sentence."""
    return f"In {town} {goods} sell."


def filler(random: Random) -> str:
    """A sentence about nothing that is asked."""
    how, who, goes, where = (random.choice(words) for words in (_HOW, _WHO, _GOES, _WHERE))
    return f"The {how} {who} {goes} to the {where}."


def question(town: str) -> str:
    """What is asked after a fact."""
    return f"What sells in {town}?"


def talk(text: str, answers: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """The text with questions after towns, and for each what sells there, as a conversation."""
    messages = []
    for number, (town, goods) in enumerate(answers):
        asked = f"{text} {question(town)}" if number == 0 else question(town)
        messages += [{"role": "user", "content": asked}, {"role": "assistant", "content": fact(town, goods)}]
    return messages


def make_tokenizer() -> Any:
    """A tokenizer in which every word of this language is one token, with the chat template. Hardly anything else
    can be written."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    marks = (END, START, USER, ASSISTANT, _UNKNOWN)
    words = [(_SPACE + word, _WORD_SCORE) for word in (*WORDS, *_FRAME)]
    characters = [(character, _CHARACTER_SCORE) for character in (*_CHARACTERS, _SPACE)]
    pieces = [*((mark, 0.0) for mark in marks), *words, *characters]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=marks.index(_UNKNOWN)))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(_SPACE, prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(_SPACE, prepend_scheme="always")
    made = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        bos_token=START,
        pad_token=END,
        unk_token=_UNKNOWN,
        additional_special_tokens=[USER, ASSISTANT],
    )
    made.chat_template = TEMPLATE
    return made
