"""The words in which NeedleBench asks about a haystack.

They are part of its definition and stand here as it has them: OpenCompass, `datasets/needlebench/{origin,parallel,
multi}.py` for v1 and `datasets/needlebench_v2/{origin,parallel,multi}.py` for v2, question at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from octavo.evaluation.names import Language
from octavo.evaluation.tasks.needlebench.definition import Version
from octavo.evaluation.tasks.needlebench.needles import Needle


@dataclass(frozen=True, slots=True)
class Asked:
    """`question` is what is asked, with the instructions on how to answer, for a method that has its own way to show a
    context; `before` + context + `after` is the benchmark's whole prompt."""

    question: str
    before: str
    after: str

    @property
    def prompt(self) -> tuple[str, str]:
        """Before and after the context."""
        return self.before, self.after


def ask_single(needle: Needle, version: Version) -> Asked:
    """S-RT."""
    return _asked(_guided(needle.question, needle.language, version), needle.language, version, "one")


def ask_several(needles: Sequence[Needle], version: Version) -> Asked:
    """M-RT: all in one question, with one form for all answers."""
    language = needles[0].language
    questions = "、".join(needle.asked for needle in needles)
    forms = "、".join(needle.form for needle in needles)
    if language == "en":
        question = f"{questions}Please answer in the format of '{forms}'"
    else:
        question = f"{questions}请按照'{forms}'的格式回答。"
    return _asked(_guided(question, language, version), language, version, "several")


def ask_record(question: str, language: Language) -> Asked:
    """M-RS of v1: the question of a record."""
    return _asked(question + _GUIDE[language], language, "v1", "one")


def ask_eldest(person: str, language: Language, version: Version) -> Asked:
    """M-RS on a family. In v1, which has no families, without the answer in a box."""
    question = _ELDEST[language].format(person=person)
    if version == "v1":
        return _asked(question + _GUIDE[language], language, "v1", "one")
    full = f"{question}\n\n{ELDEST_EXAMPLES[language]}\n\n{_eldest_notes(person, language)}"
    return _asked(full, language, "v2", "one")


_Count = Literal["one", "several"]

_GUIDE: dict[Language, str] = {
    "en": "Before answering, please consider what in the document is most relevant to this question.",
    "zh": "在回答之前，请思考文档中与此问题最相关的内容是什么。",
}
_FORM_STARTS: dict[Language, str] = {"en": "Please answer in the format", "zh": "请按照"}

_V1_BEFORE: dict[tuple[Language, _Count], str] = {
    ("en", "one"): (
        "You are an intelligent AI assistant skilled in answering user questions.\n"
        "Please keep your answers concise and clear. Do not talk about irrelevant topics or repeat your answers.\n"
        "The document given to you by the user is "
    ),
    ("zh", "one"): (
        "你是一个善于回答用户问题的智能AI助手\n"
        "请保持你的回答简洁清楚。不要说和下面文档中的无关的话，或重复你的回答\n"
        "用户现在给你的文档是"
    ),
    ("zh", "several"): (
        "你是一个善于回答用户问题的智能AI助手\n"
        "请保持你的回答简洁清楚。不要说和下面文档中的无关的话，或重复你的回答\n"
        "请先仔细阅读下面的文档再依次回答最后提出的问题\n"
        "用户现在给你的文档是"
    ),
}
_V1_BEFORE["en", "several"] = _V1_BEFORE["en", "one"]
_V1_AFTER: dict[tuple[Language, _Count], str] = {
    ("en", "one"): "\n\nNow, the question is: {question}",
    ("en", "several"): "\n\nNow, the questions are: {question}\n",
    ("zh", "one"): "\n\n现在请问：{question}",
    ("zh", "several"): "\n\n现在请问：{question}\n",
}
_V2_BEFORE: dict[tuple[Language, _Count], str] = {
    ("en", "one"): (
        "This is a test of long-text capability. You need to first read the long document below, and then answer the "
        "final question based on the information in the document.\n"
        "The content of the long document is as follows\n\n<Document>\n"
    ),
    ("en", "several"): (
        "This is a test of long-text capability. You need to first read the long document below, and then answer the "
        "final questions one by one based on the information in the document.\n"
        "The content of the long document is as follows\n\n<Document>\n"
    ),
    ("zh", "one"): (
        "这是一个长文本能力的测试，你需要首先阅读下面的长文档，然后根据文档中的信息回答最后的问题。\n"
        "长文档的内容如下\n\n<文档>\n"
    ),
    ("zh", "several"): (
        "这是一个长文本能力的测试，你需要首先阅读下面的长文档，然后根据文档中的信息，依次回答最后的问题。\n"
        "长文档的内容如下\n\n<文档>\n"
    ),
}
_V2_AFTER: dict[Language, str] = {
    "en": "\n</Document>\n\nBased on the information in the document, now please answer: {question}\n",
    "zh": "\n</文档>\n\n根据文档中的信息，现在请问：{question}\n",
}

_ELDEST: dict[Language, str] = {
    "en": (
        "Given the context described above, who is the eldest relative that '{person}' can trace back to in the "
        "context?"
    ),
    "zh": "在上面提供的文本中，'{person}'的能够向上追溯到的最年长的亲人是谁？",
}

ELDEST_EXAMPLES: dict[Language, str] = {
    "en": (
        "For example:\n"
        "Example 1: If James Hill's father is Jasmine Lane, and no further information about familial relationships is "
        "provided in the text, then the oldest relative James Hill can trace back to in the provided text is "
        "\\boxed{Jasmine Lane}.\n"
        "Example 2: If Andrew Williams's grandmother is Dan Newton, and Dan Newton's father is James Hill, and no "
        "further information about familial relationships is provided in the text, then the oldest relative Andrew "
        "Williams can trace back to in the provided text is \\boxed{James Hill}.\n"
        "Example 3: If Jeff White's father is Kevin Le, Dan Newton's grandmother is Jeff White, and Jeff White's "
        "father is Kevin Le, and Shelley Mills is Dan Newton's great-granddaughter, and no further information about "
        "familial relationships is provided in the text, then the oldest relative Shelley Mills can trace back to in "
        "the provided text is \\boxed{Kevin Le}."
    ),
    "zh": (
        "例如：\n"
        "例子1.如果张强的父亲是马克，除此以外提供的文本中没有更多关于亲属关系的信息，"
        "那么在提供的文本中张强能够向上追溯到的最年长的亲人就是马克。\n"
        "例子2.如果李明的姥姥是张红，而张红的父亲是张强，除此以外提供的文本中没有更多关于亲属关系的信息，"
        "那么在提供的文本中李明能够向上追溯到的最年长的亲人就是张强。\n"
        "例子3.如果小明是张红的曾孙女，张红的祖母是王华，王华的父亲是王刚，"
        "除此以外提供的文本中没有更多关于亲属关系的信息，"
        "那么小明能够向上追溯到的最年长的亲人就是王刚。"
    ),
}
"""Also what the ancestral trace of v2 shows for this question."""

ELDEST_NOTES: dict[Language, str] = {
    "en": (
        "Notes:\n"
        "1. You do not need to worry about the gender consistency of names in this test. For example, a name that is "
        "typically considered feminine can still be the father of another person. Our primary focus is on who is "
        "older.\n"
        "2. Ignore surname inheritance issues. For instance, Andrew Williams could still be the biological father of "
        "Christopher Baker. We only care about who is older and do not need to consider whether a child should inherit "
        "the father's or mother's surname.\n"
    ),
    "zh": (
        "注意：\n"
        "1. 你不必纠结这个测试中的人名的性别关系，例如，"
        "一个通常被视为女性化的名字仍然可以是其他人的父亲，我们的重点是谁更年长。\n"
        "2. 忽略这个测试中的姓氏遗传问题，例如，李明仍然可能是王鹏的亲生父亲，"
        "我们只关注谁更年长，不必纠结孩子是否应该继承父亲或母亲的性别。\n"
    ),
}
"""The first two of its three notes."""


def _eldest_notes(person: str, language: Language) -> str:
    if language == "en":
        third = (
            '3. At the end of your response, remember to put your final answer within \\boxed{}. For example: "So the '
            f"oldest relative '{person}' can trace back to in the provided text is \\boxed{{(your answer here)}}.\""
        )
    else:
        third = (
            "3. 在回答的最后，将你的答案放在\\boxed{}中，例如："
            f"“所以{person}能向上追溯到的最年长的亲人就是\\boxed{{（你的答案）}}”"
        )
    return f"{ELDEST_NOTES[language]}{third}\n"


def _guided(question: str, language: Language, version: Version) -> str:
    """In v1 the form of the answer comes after a request to think first."""
    if version == "v2":
        return question
    asked, form_start, form = question.partition(_FORM_STARTS[language])
    between = " " if language == "en" else ""
    return f"{asked}{_GUIDE[language]}{between}{form_start}{form}" if form_start else question + _GUIDE[language]


def _asked(question: str, language: Language, version: Version, count: _Count) -> Asked:
    if version == "v1":
        before, after = _V1_BEFORE[language, count], _V1_AFTER[language, count]
    else:
        before, after = _V2_BEFORE[language, count], _V2_AFTER[language]
    return Asked(question.strip(), before, after.replace("{question}", question))
