"""LV-Eval's two ways to make questions harder, for any task: confusing facts put in, and keywords replaced.

In LV-Eval (Yuan et al., arXiv:2402.05136) a model wrote the facts and people the replacements. Here both come from the
user's annotations, or are made by rule: a fact repeats a sentence of the evidence about somebody else, and the names in
the answers become made-up ones, so that nobody knows them who has not read the text. The rules know names by their
capitals: they make nothing of Chinese, for which annotations are needed. Knows items; nothing of models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

import regex

from octavo.documents.document import Span
from octavo.documents.sentences import sentence_spans
from octavo.errors import EvaluationError
from octavo.evaluation.haystack import insert, sentence_boundary
from octavo.evaluation.item import Evidence, Item, Scorer, Task
from octavo.evaluation.names import made_up_words
from octavo.evaluation.records import file_id, read_records
from octavo.retrieval.function_words import FUNCTION_WORDS

_NAME = regex.compile(r"\b\p{Lu}\p{L}{2,}\b")
_NUMBER = regex.compile(r"\b\d{2,}\b")
_LETTER_THAT_JOINS = regex.compile(r"[\p{L}\p{N}--\p{Han}]", regex.VERSION1)


@dataclass(frozen=True, slots=True)
class Annotation:
    """What is done to one item: `facts` to put in, `replacements` of words by others."""

    facts: tuple[str, ...] = ()
    replacements: Mapping[str, str] = field(default_factory=dict)


class LvEvalStyle:
    """A task, with confusing facts put into its contexts (`confuse`) and keywords replaced (`rename`), the same for the
    same `seed`.

    `annotations` is a file of JSON lines, {"id": an item's id, "confusing_facts": [text], "replacements": {old: new}};
    an item that it does not name is treated by rule. An id may leave out the length that stands in an item's, and is
    then of the items of all lengths that have none of their own. Raises what the task raises, and `EvaluationError` for
    annotations in another format; `items` raises it, before the first, for those that are of no item.
    """

    def __init__(
        self,
        task: Task,
        *,
        confuse: bool = True,
        rename: bool = True,
        annotations: Path | None = None,
        seed: int = 0,
    ) -> None:
        self._task = task
        self._confuse = confuse
        self._rename = rename
        self._file = annotations
        self._annotations = {} if annotations is None else read_annotations(annotations)
        self._seed = seed

    @property
    def name(self) -> str:
        """The task's, with "lveval-style" behind it."""
        return f"{self._task.name.removesuffix('-style')}-lveval-style"

    @property
    def scorers(self) -> Mapping[str, Scorer]:
        """The task's."""
        return self._task.scorers

    def items(self) -> Iterator[Item]:
        """The task's, changed; `data["confusing_facts"]` are the facts put in."""
        self._check_annotations()
        for item in self._task.items():
            yield self._harder(item)

    def settings(self) -> Mapping[str, Any]:
        """The task's, and what is done to it."""
        return {
            **self._task.settings(),
            "task": self.name,
            "lveval_style": {
                "confuse": self._confuse,
                "rename": self._rename,
                "annotations": None if self._file is None else file_id(self._file),
                "seed": self._seed,
            },
        }

    def _check_annotations(self) -> None:
        """Go through the items, until all annotations have met theirs."""
        unused = set(self._annotations)
        like = ""
        for item in self._task.items() if unused else ():
            like = like or item.id
            unused -= {item.id, _without_length(item)}
            if not unused:
                return
        if unused:
            named = next(item_id for item_id in self._annotations if item_id in unused)
            more = f" and {len(unused) - 1:,} more" if len(unused) > 1 else ""
            raise EvaluationError(
                f'{self._file}: annotates "{named}"{more}, which is the id of no item that is asked (they are '
                f'such as "{like}"); mend it, or take the line out'
            )

    def _harder(self, item: Item) -> Item:
        rng = Random(f"{self._seed}/{item.id}")
        annotated = self._annotations.get(item.id) or self._annotations.get(_without_length(item))
        if self._rename:
            item = renamed(item, annotated.replacements if annotated else made_up_names(item, rng))
        if self._confuse:
            item = confused(item, annotated.facts if annotated else made_up_facts(item, rng), rng)
        return item


def read_annotations(path: Path) -> dict[str, Annotation]:
    """Annotations by the ids of the items. Raises `EvaluationError` for a line in another format, and for a second line
    of the same id."""
    annotations = {}
    for record in read_records(path):
        replacements = record.fields.get("replacements", {})
        if not isinstance(replacements, dict) or not all(isinstance(new, str) for new in replacements.values()):
            raise record.wrong("replacements", "does not name texts for texts")
        if "" in replacements:
            raise record.wrong("replacements", "replaces nothing by something")
        facts = record.texts("confusing_facts") if "confusing_facts" in record else ()
        item_id = record.text("id")
        if item_id in annotations:
            raise record.wrong("id", "is that of a line before")
        annotations[item_id] = Annotation(facts, replacements)
    return annotations


def confused(item: Item, facts: Sequence[str], rng: Random) -> Item:
    """The item with each fact put in somewhere between two sentences of its context, never inside its evidence."""
    text = item.context
    places = sorted(_outside(item, sentence_boundary(text, rng.randrange(len(text) + 1), len(text))) for _ in facts)
    hidden = insert(text, len(text), [(place, f" {fact} ") for place, fact in zip(places, facts, strict=True)])
    lengths = [0, *accumulate(len(fact) + 2 for fact in facts)]

    def moved(offset: int) -> int:
        return offset + lengths[sum(place <= offset for place in places)]

    evidence = [
        Evidence(each.text, Span(moved(each.span.start), moved(each.span.start) + len(each.span)))
        for each in item.evidence
    ]
    return replace(
        item, context=hidden.text, evidence=tuple(evidence), data={**item.data, "confusing_facts": tuple(facts)}
    )


def renamed(item: Item, replacements: Mapping[str, str]) -> Item:
    """The item with each word (or phrase) replaced wherever it stands whole, the longest first: in context, question,
    answers, evidence and all texts of `data`."""
    if not replacements:
        return item
    pattern = regex.compile("|".join(map(_whole, sorted(replacements, key=len, reverse=True))))

    def new(text: str) -> str:
        return pattern.sub(lambda found: replacements[found[0]], text)

    matches = [(found.start(), found.end(), len(replacements[found[0]])) for found in pattern.finditer(item.context)]
    context = new(item.context)

    def moved(offset: int) -> int:
        return offset + sum(size - (end - start) for start, end, size in matches if end <= offset)

    spans = [Span(moved(each.span.start), moved(each.span.end)) for each in item.evidence]
    return replace(
        item,
        context=context,
        question=new(item.question),
        answers=tuple(map(new, item.answers)),
        evidence=tuple(Evidence(span.of(context), span) for span in spans),
        data={key: _mapped(value, new) for key, value in item.data.items()},
    )


def made_up_names(item: Item, rng: Random) -> dict[str, str]:
    """For each name in the answers a made-up word: the words with a capital that the context never has without one."""
    names = _names(" ".join(item.answers), item.context)
    made = made_up_words(len(names), rng, besides=frozenset(map(str.lower, _NAME.findall(item.context))))
    return {name: word.capitalize() for name, word in zip(names, made, strict=True)}


def made_up_facts(item: Item, rng: Random) -> list[str]:
    """For each place of evidence a sentence like the one that holds an answer (else its first), all that has a capital
    and all numbers replaced by made-up ones.

    A sentence that names nothing besides the answer gives no fact: it would not be about somebody else, but deny it.
    """
    facts = []
    answered = " ".join(item.answers)
    for evidence in item.evidence:
        sentences = [span.of(evidence.text).strip() for span in sentence_spans(evidence.text)]
        sentence = next((each for each in sentences if any(answer in each for answer in item.answers)), sentences[0])
        names = _capitalised(sentence, item.context)
        if all(name in answered for name in names):
            continue
        facts.append(_about_others(sentence, names, rng))
    return facts


def _about_others(sentence: str, names: Sequence[str], rng: Random) -> str:
    made = made_up_words(len(names), rng, besides=frozenset(map(str.lower, names)))
    others = {name: word.capitalize() for name, word in zip(names, made, strict=True)}
    fact = _NAME.sub(lambda found: others.get(found[0], found[0]), sentence)
    return _NUMBER.sub(lambda found: _other_number(found[0], rng), fact)


def _names(text: str, context: str) -> list[str]:
    """The names in a text, each once: what has a capital, and does not stand in the context without."""
    found = dict.fromkeys(_NAME.findall(text))
    return [name for name in found if not regex.search(_whole(name.lower()), context)]


def _capitalised(sentence: str, context: str) -> list[str]:
    """The words of a sentence that have a capital for another reason than to begin it, each once."""
    found = dict.fromkeys(word for word in _NAME.findall(sentence) if word.lower() not in FUNCTION_WORDS["english"])
    first = next((word for word in found if sentence.startswith(word)), None)
    names = _names(first or "", context)
    return [word for word in found if word != first or names]


def _other_number(digits: str, rng: Random) -> str:
    """Another number of as many digits."""
    least = 10 ** (len(digits) - 1)
    shift = rng.randrange(1, 9 * least)
    return str(least + (int(digits) - least + shift) % (9 * least)) if digits[0] != "0" else digits[::-1]


def _outside(item: Item, offset: int) -> int:
    """The offset, or the end of the evidence that it lies in."""
    for evidence in item.evidence:
        if evidence.span.start < offset < evidence.span.end:
            return evidence.span.end
    return offset


def _whole(words: str) -> str:
    """A pattern of words where they stand whole; Chinese ones stand anywhere."""
    before = r"(?<![\p{L}\p{N}])" if _LETTER_THAT_JOINS.match(words[0]) else ""
    after = r"(?![\p{L}\p{N}])" if _LETTER_THAT_JOINS.match(words[-1]) else ""
    return f"{before}{regex.escape(words)}{after}"


def _without_length(item: Item) -> str:
    """The item's id without the length in it: "musique/2hop__1" for "musique/128000/2hop__1"."""
    return item.id.replace(f"/{item.conditions.get('length')}/", "/", 1)


def _mapped(value: Any, new: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return new(value)
    if isinstance(value, tuple | list):
        return type(value)(_mapped(each, new) for each in value)
    return value
