"""Octavo's calls about a scene, drawn: one function a kind.

Knows scenes; how a call and its right reply are put is `replies.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from octavo.library.memory_corpus import MemoryCorpus
from octavo.models.chat import Request
from octavo.reading import prompts
from octavo.reading.options import Strategy
from octavo.reading.packing import Packing, render
from octavo.training.reader.example import Example, json_reply
from octavo.training.reader.forms import form, with_instruction
from octavo.training.reader.pointers import helping
from octavo.training.reader.replies import (
    CITED_SHARE,
    REPLY_TOKENS,
    answering,
    one_after_another,
    planning,
    reading,
    reading_on,
)
from octavo.training.reader.scene import Scene
from octavo.training.worlds.questions import Question, sub_questions
from octavo.training.worlds.world import Fact

_HOPS = (1, 1, 1, 1, 2)
_ANSWERED_HOPS = (1, 1, 2, 2)
_PLANNED_HOPS = (1, 2, 2, 2, 3)
"""Hops of the questions, drawn evenly."""

_TOLD_SHARE = 0.45
"""Of the questions that a passage is read for, those whose facts (or some of them) are told in it."""

_ASKED_ON = (4, 5, 6, 7, 8)
"""Questions about one passage, one after the other."""
_CONFUSED_SHARE = 0.3
_CONFUSING = 6
"""Of the passages that several questions are asked about, those with so many facts that look like what is asked; the
facts of one question look like those of another anyway."""
_LENGTHS = (120, 240, 440, 440, 440)
"""Tokens of their excerpts, at most: most as long as a chunk (the facts of all questions make some longer), since in a
short one a sentence is found too easily."""

_ANSWERED_ON = (2, 3, 3, 4)
"""Questions answered from the same passages, one after the other."""

_ANSWERED_SHARE = 0.9
_SUFFICIENT_SHARE = 0.5
_NOTED_SHARE = 0.8
_WHOLE_SHARE = 0.15
_INSTRUCTED_SHARE = 0.3
_FORMED_SHARE = 0.5
"""Of the questions that are read for, answered or planned, those with an instruction how to answer behind them: octavo
shows readers the whole question."""

_PLAIN_SHARE = 0.4
"""Of the passages that help with nothing, or do not hold what is asked, those in which nothing was put that looks like
it: nearly all of a real document is so."""

_MISSED_SHARE = 0.2
_SHORT_PASSAGE = 160
_LONG_PASSAGE = 400
_LONG_SHARE = 0.7
"""Of the questions to answer, those with two or three passages as long as a chunk, in place of up to five short: what
is shown in use. A model that was mostly shown short ones answers from long ones with what stands elsewhere in them."""

_VERDICT_TOKENS = 16

_LANGUAGES = {"en": "English", "zh": "Chinese"}
_INSTRUCTIONS = {
    "en": ("Answer in one sentence.", "Be brief.", "Answer in English.", "Give only the name.", "Explain your answer."),
    "zh": ("请用一句话回答。", "请简短回答。", "请用中文回答。", "只写名字。", "请说明理由。"),
}
_ABOUT_THE_WHOLE = {
    "en": (
        "What is this document about?",
        "Summarise the main events.",
        "How does the mood change from beginning to end?",
        "What are the main themes?",
        "Who are the most important people in it?",
    ),
    "zh": (
        "这份文件讲的是什么？",
        "请概括主要的事件。",
        "全书的气氛有什么变化？",
        "主要的主题有哪些？",
        "最重要的人物是谁？",
    ),
}


def read(scene: Scene, strategy: Strategy) -> Example:
    """A passage is read for a question; it may tell what answers it, or only what looks like that."""
    asked = scene.question(scene.rng.choice(_HOPS))
    wanted = _some(scene, asked) if scene.rng.random() < _TOLD_SHARE else []
    plain = not wanted and scene.rng.random() < _PLAIN_SHARE
    facts = [] if plain else list(dict.fromkeys([*wanted, *scene.distractors([asked])]))
    document, told = scene.document(facts, [asked])
    text, _ = _formed(scene, asked)
    example = reading(document, text, helping(asked, told), strategy, scene.tokenizer, scene.language)
    return replace(example, about={**example.about, "plain": not facts})


def read_on(scene: Scene, strategy: Strategy, told_share: float = _TOLD_SHARE) -> Example:
    """A passage is read for several questions, one after the other, each seeing the replies before it. What is learned
    of telling sentences apart grows with the questions, and what it costs with the passage: this is several times
    cheaper than as many readings, and the first of them is one as it is in use."""
    rng = scene.rng
    asked = [scene.question(rng.choice(_HOPS)) for _ in range(rng.choice(_ASKED_ON))]
    missing = [fact for one in asked if rng.random() >= told_share for fact in one.chain]
    wanted = [fact for one in asked for fact in one.chain if not any(fact.answers(other) for other in missing)]
    if wanted and rng.random() < _CONFUSED_SHARE:
        wanted += scene.distractors(asked)[:_CONFUSING]
    document, told = scene.document(list(dict.fromkeys(wanted)), asked, rng.choice(_LENGTHS))
    texts = [_formed(scene, one)[0] for one in asked]
    found = [helping(one, told) for one in asked]
    return reading_on(document, texts, found, strategy, scene.tokenizer, scene.language)


def analyse(scene: Scene) -> Example:
    """A question is split, and gets keywords; some are about the whole document."""
    rng, language = scene.rng, scene.language
    whole = rng.random() < _WHOLE_SHARE
    asked = scene.question(rng.choice(_HOPS))
    information = rng.choice(_ABOUT_THE_WHOLE[language]) if whole else asked.text
    instruction = rng.choice(_INSTRUCTIONS[language]) if rng.random() < _INSTRUCTED_SHARE else ""
    reply = {
        "information": information,
        "instruction": instruction,
        "keywords": [] if whole else list(asked.keywords),
        "whole": whole,
    }
    text = (" " if language == "en" else "").join(part for part in (information, instruction) if part)
    request = Request(
        prompts.analyse(text, [_LANGUAGES[language]]), max_tokens=REPLY_TOKENS, schema=prompts.ANALYSIS_SCHEMA
    )
    return Example("analyse", request, json_reply(reply), {"language": language, "question": text, "whole": whole})


def answer(scene: Scene) -> Example:
    """A question is answered from passages: briefly, with the numbers of those that say so, or not at all."""
    hops = scene.rng.choice(_ANSWERED_HOPS)
    asked = scene.question(hops)
    complete = scene.rng.random() < _ANSWERED_SHARE
    cite = scene.rng.random() < CITED_SHARE
    noted = hops > 1 and scene.rng.random() < _NOTED_SHARE
    untold = [] if complete else [asked.chain[-1]] if noted else _some(scene, asked)
    packing, numbers = _packed(scene, [asked], untold, numbered=cite)
    notes = scene.known(asked, hops if complete else hops - 1) if noted else ""
    text, right = _formed(scene, asked)
    told = right if complete else None
    return answering(packing, text, told, numbers, scene.language, cite=cite, hops=hops, notes=notes, fact=asked.answer)


def answer_on(scene: Scene) -> Example:
    """Several questions are answered from the same passages, one after the other: the first of them is one as it is in
    use, and the others cost little more than themselves."""
    rng = scene.rng
    asked = [scene.question(rng.choice(_ANSWERED_HOPS)) for _ in range(rng.choice(_ANSWERED_ON))]
    missing = [rng.choice(one.chain) for one in asked if rng.random() >= _ANSWERED_SHARE]
    untold = [fact for one in asked for fact in one.chain if any(fact.answers(other) for other in missing)]
    packing, _ = _packed(scene, asked, untold, numbered=False)
    formed = [_formed(scene, one) for one in asked]
    answers = []
    for one, (text, right) in zip(asked, formed, strict=True):
        told = None if any(fact in untold for fact in one.chain) else right
        answers.append(
            answering(packing, text, told, (), scene.language, cite=False, hops=len(one.chain), fact=one.answer)
        )
    return one_after_another("answer-on", answers, [text for text, _ in formed])


def sufficient(scene: Scene) -> Example:
    """Whether passages hold what a question needs."""
    asked = scene.question(scene.rng.choice(_HOPS))
    complete = scene.rng.random() < _SUFFICIENT_SHARE
    untold = [] if complete else _some(scene, asked)
    packing, _ = _packed(scene, [asked], untold, numbered=scene.rng.random() < CITED_SHARE)
    request = Request(
        prompts.sufficient(packing.text, asked.text), max_tokens=_VERDICT_TOKENS, schema=prompts.SUFFICIENT_SCHEMA
    )
    return Example("sufficient", request, json_reply({"sufficient": complete}), {"language": scene.language})


def plan(scene: Scene) -> Example:
    """The next step towards an answer, after none, some or all of the sub-questions were answered."""
    hops = scene.rng.choice(_PLANNED_HOPS)
    asked = scene.question(hops)
    known = scene.rng.randrange(hops + 1)
    following = sub_questions(asked)[known : known + 1]
    missed = scene.reworded(following[0]) if following and scene.rng.random() < _MISSED_SHARE else None
    told = scene.known(asked, known, missed)
    text, _ = _formed(scene, asked)
    chain = [fact.answer for fact in asked.chain]
    return planning(text, told, [step.text for step in following], chain, known, scene.language)


# --- drawing ----------------------------------------------------------------------------------------------------------


def _formed(scene: Scene, asked: Question) -> tuple[str, str]:
    """The question as it is asked, for some with an instruction how to answer it; and its right answer."""
    if scene.rng.random() >= _FORMED_SHARE:
        return asked.text, asked.answer
    wanted = form(asked, scene.rng)
    return with_instruction(asked.text, wanted.instruction, scene.language), wanted.answer


def _some(scene: Scene, asked: Question) -> list[Fact]:
    """Some of the facts of a question, or all."""
    chain = list(asked.chain)
    return scene.rng.sample(chain, scene.rng.randrange(1, len(chain) + 1))


def _packed(
    scene: Scene, asked: Sequence[Question], untold: Sequence[Fact], *, numbered: bool
) -> tuple[Packing, list[int]]:
    """Passages that tell the facts of all questions but those `untold`; and the numbers of those that tell one."""
    rng = scene.rng
    chains = dict.fromkeys(fact for one in asked for fact in one.chain)
    wanted = [fact for fact in chains if not any(fact.answers(other) for other in untold)]
    long = rng.random() < _LONG_SHARE
    groups: list[list[Fact]] = [[] for _ in range(rng.randrange(2, 4) if long else rng.randrange(1, 6))]
    plain = bool(untold) and rng.random() < _PLAIN_SHARE
    for fact in (*wanted, *([] if plain else scene.distractors(asked))):
        rng.choice(groups).append(fact)
    made = {
        document.id: (document, told)
        for document, told in (
            scene.document(group, asked, _LONG_PASSAGE if long else _SHORT_PASSAGE) for group in groups
        )
    }
    corpus = MemoryCorpus([document for document, _ in made.values()], scene.tokenizer)
    packing = render(corpus, corpus.chunks, numbered=numbered)
    evidence = {
        (document.id, span) for document, told in made.values() for fact in wanted for span in told.evidence(fact)
    }
    numbers = [
        passage.number
        for passage in packing.passages
        if any(passage.document.id == document_id and passage.span.overlaps(span) for document_id, span in evidence)
    ]
    return packing, numbers
