"""How good a reader's replies are: each is understood by octavo's own code, and compared with what was told.

- reading: of the questions that a passage helps with, `hit` (a sentence that helps was pointed at), `precision` and
  `recall` of the sentences; of the others `none` (nothing was pointed at), `none of plain` of those of them that
  tell nothing like what is asked, as most of a document does, and `none of like` of those that do.
- analysing: `valid` (it fits the schema and changes no word of the question), `keywords` (the right subject is among
  them), `whole` (rightly told to be about the whole, or not).
- answering: `exact` and `f1` of the answer without its markers (SQuAD's measures), `cited` (F1 of the markers, where
  they were asked for); of what the passages do not hold, `refused`.
- judging: `right`.
- planning: `valid`, `enough` (rightly told), `asked` (F1 of the words of the next question).

Each is from 0 to 1. A reply that cannot be understood is wrong. Knows examples and replies; nothing of models' insides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import regex

from octavo.documents.document import Span
from octavo.documents.sentences import sentence_spans
from octavo.errors import InvalidReply
from octavo.evaluation.scorers.f1 import token_f1
from octavo.evaluation.scorers.normalise import squad_text, squad_words
from octavo.models.chat import Completion
from octavo.models.structured import parse_reply
from octavo.reading import pointing, prompts
from octavo.retrieval.terms import terms
from octavo.training.reader.example import Example

Values = dict[str, list[float]]
"""What an example is worth, by measure."""

_MARKER = regex.compile(r"\[(\d{1,3})\]")


def measured(example: Example, completion: Completion | None) -> Values:
    """What a reply is worth; None stands for a call that failed."""
    text = "" if completion is None else completion.text
    match example.kind:
        case "read" | "read-on":
            return _read(example, completion)
        case "analyse":
            return _analysed(example, text)
        case "answer" | "answer-on":
            return _answered(example, text)
        case "sufficient":
            right = _parsed(text, prompts.SUFFICIENT_SCHEMA).get("sufficient") == _gold(example)["sufficient"]
            return {"right": [float(right)]}
        case "plan":
            return _planned(example, text)


def together(values: Sequence[Values]) -> dict[str, list[float]]:
    """All values of many examples, by measure."""
    gathered: dict[str, list[float]] = defaultdict(list)
    for each in values:
        for name, numbers in each.items():
            gathered[name] += numbers
    return dict(gathered)


def _read(example: Example, completion: Completion | None) -> Values:
    about = example.about
    text, strategy = about["text"], about["strategy"]
    wanted = {Span(*span) for span in about["gold"]}
    sentences = [span for span in sentence_spans(text) if span.of(text).strip()]
    found: set[Span] | None = None
    if completion is not None:
        with suppress(InvalidReply):
            found = set(pointing.understand(strategy, completion, text, sentences).sentences)
    if not wanted:
        none = [float(found == set())]
        if "plain" not in about:
            return {"none": none}
        return {"none": none, "none of plain" if about["plain"] else "none of like": none}
    right = len(wanted & (found or set()))
    precision = {"precision": [right / len(found)]} if found else {}
    return {"hit": [float(right > 0)], "recall": [right / len(wanted)], **precision}


def _analysed(example: Example, text: str) -> Values:
    reply, gold = _parsed(text, prompts.ANALYSIS_SCHEMA), _gold(example)
    question = example.about["question"]
    own = bool(reply) and all(str(reply.get(part, "")) in question for part in ("information", "instruction"))
    values: Values = {"valid": [float(own)], "whole": [float(reply.get("whole") == gold["whole"])]}
    if gold["keywords"]:
        subject = set(terms(gold["keywords"][0]))
        named = {term for keyword in reply.get("keywords", ()) for term in terms(str(keyword))}
        values["keywords"] = [float(subject <= named)]
    return values


def _answered(example: Example, text: str) -> Values:
    answer, passages = example.about["answer"], example.about["passages"]
    if answer is None:
        return {"refused": [float(prompts.NOT_FOUND.casefold() in text.casefold())]}
    said = _MARKER.sub("", text)
    values = {
        "exact": [float(squad_text(said) == squad_text(answer))],
        "f1": [token_f1(squad_words(said), squad_words(answer))],
    }
    if example.about["cite"]:
        numbers = [str(number) for number in passages]
        values["cited"] = [token_f1(list(dict.fromkeys(_MARKER.findall(text))), numbers)]
    return values


def _planned(example: Example, text: str) -> Values:
    reply, gold = _parsed(text, prompts.plan_schema(None)), _gold(example)
    values: Values = {"valid": [float(bool(reply))], "enough": [float(reply.get("enough") == gold["enough"])]}
    if gold["questions"]:
        asked = [str(question) for question in reply.get("questions", ())]
        wanted = squad_words(gold["questions"][0])
        values["asked"] = [max((token_f1(squad_words(question), wanted) for question in asked), default=0.0)]
    return values


def _parsed(text: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        reply: Mapping[str, Any] = parse_reply(text, schema)
    except InvalidReply:
        return {}
    return reply


def _gold(example: Example) -> Mapping[str, Any]:
    return _parsed(example.reply, {"type": "object"})
