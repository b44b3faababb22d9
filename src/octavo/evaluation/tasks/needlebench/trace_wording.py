"""The words in which NeedleBench's ancestral trace asks about a family.

They are part of its definition and stand here as it has them: OpenCompass, `datasets/needlebench_v2/atc.py` for the
four kinds of question of v2, `datasets/needlebench/atc.py` of 2024 for the one of v1.
"""

from __future__ import annotations

from typing import Literal

from octavo.evaluation.names import Language
from octavo.evaluation.tasks.needlebench.kinship import Chain
from octavo.evaluation.tasks.needlebench.wording import ELDEST_EXAMPLES, ELDEST_NOTES, Asked

TraceKind = Literal["eldest_ancestor", "nth_ancestor", "nth_descendant", "relationship_distance"]

TRACE_KINDS: tuple[TraceKind, ...] = ("eldest_ancestor", "nth_ancestor", "nth_descendant", "relationship_distance")
"""In the order of the benchmark, which seeds them by their number."""


def trace_answer(chain: Chain, kind: TraceKind) -> str:
    """What is asked for: a person, or a number of generations."""
    match kind:
        case "eldest_ancestor" | "nth_ancestor":
            return chain.eldest
        case "nth_descendant":
            return chain.youngest
        case "relationship_distance":
            return str(chain.generations)


def ask_trace(chain: Chain, kind: TraceKind, language: Language) -> Asked:
    """ATC of v2."""
    names = {
        "person": chain.eldest if kind == "nth_descendant" else chain.youngest,
        "n": str(chain.generations),
        "person_a": chain.eldest,
        "person_b": chain.youngest,
    }

    def filled(text: str) -> str:
        # Not str.format: the text is full of braces that are meant.
        for name, value in names.items():
            text = text.replace(f"<{name}>", value)
        return text

    introduction = f"{_INTRODUCTION[language]}{_AIM[language, kind]}"
    explained = f"{_EXAMPLES[language, kind]}\n\n{_NOTES[language, kind]}{filled(_BOXED[language, kind])}\n\n"
    question = filled(_QUESTION[language, kind])
    before = f"{introduction}\n\n{explained}{_STORY[language]}\n"
    return Asked(f"{explained}{question}", before, f"\n\n{question}\n")


def ask_trace_v1(chain: Chain, language: Language) -> Asked:
    """ATC of v1: the eldest relative, with examples, and nothing before the family."""
    question = _V1[language].replace("<person>", chain.youngest)
    return Asked(question.strip(), "", f" \n{question}")


_INTRODUCTION: dict[Language, str] = {
    "en": (
        "Here is a test for multi-step reasoning ability called the Ancestral Trace Challenge. In this test, we will "
        "simulate different people's familial relationships, and your task is to "
    ),
    "zh": "下面是对你的多步推理能力的测试，这个测试叫做",
}

_AIM: dict[tuple[Language, TraceKind], str] = {
    ("en", "eldest_ancestor"): "continuously reason through them until you identify the eldest ancestor.",
    ("en", "nth_ancestor"): "identify a specific ancestor of a given person.",
    ("en", "nth_descendant"): "identify a specific descendant of a given person.",
    ("en", "relationship_distance"): "calculate the relationship distance between two individuals.",
    ("zh", "eldest_ancestor"): (
        "祖先追溯测试，我们会模拟不同人的家庭亲属关系，你的任务是在其中不断推理，直到找到最年长的祖先。"
    ),
    ("zh", "nth_ancestor"): (
        "祖先追溯测试，我们会模拟不同人的家庭亲属关系，你的任务是在其中不断推理，找到指定人物的特定代祖先。"
    ),
    ("zh", "nth_descendant"): (
        "家族关系追溯测试，我们会模拟不同人的家庭亲属关系，你的任务是在其中不断推理，找到指定人物的特定代子孙。"
    ),
    ("zh", "relationship_distance"): (
        "家族关系追溯测试，我们会模拟不同人的家庭亲属关系，你的任务是在其中不断推理，计算两个人之间的关系距离。"
    ),
}

_EXAMPLES: dict[tuple[Language, TraceKind], str] = {
    ("en", "eldest_ancestor"): ELDEST_EXAMPLES["en"],
    ("en", "nth_ancestor"): (
        "For example:\n"
        "Example 1: If James Hill's father is Jasmine Lane, then Jasmine Lane is James Hill's 1st generation "
        "ancestor.\n"
        "Example 2: If Andrew Williams's grandmother is Dan Newton (grandmother counts as 2 generations), and Dan "
        "Newton's father is James Hill, then Dan Newton is Andrew Williams's 2nd generation ancestor, and James Hill "
        "is Andrew Williams's 3rd generation ancestor.\n"
        "Example 3: If Shelley Mills's grandfather is Jeff White (grandfather counts as 2 generations), and Jeff "
        "White's mother is Mary Johnson, then Jeff White is Shelley Mills's 2nd generation ancestor, and Mary Johnson "
        "is Shelley Mills's 3rd generation ancestor."
    ),
    ("en", "nth_descendant"): (
        "For example:\n"
        "Example 1: If Jasmine Lane is James Hill's father, then James Hill is Jasmine Lane's 1st generation "
        "descendant.\n"
        "Example 2: If Dan Newton is Andrew Williams's grandmother (grandmother counts as 2 generations), and James "
        "Hill is Dan Newton's father, then Andrew Williams is Dan Newton's 2nd generation descendant, and Andrew "
        "Williams is James Hill's 3rd generation descendant.\n"
        "Example 3: If Jeff White is Shelley Mills's grandfather (grandfather counts as 2 generations), and Mary "
        "Johnson is Jeff White's mother, then Shelley Mills is Jeff White's 2nd generation descendant, and Shelley "
        "Mills is Mary Johnson's 3rd generation descendant."
    ),
    ("en", "relationship_distance"): (
        "The relationship distance is defined as the minimum number of generational gaps needed to go from one person "
        "to another in the family graph. Note that different relationships have different generational gaps. For "
        "example:\n"
        "Example 1: If Jasmine Lane is James Hill's father (father counts as 1 generation), then the relationship "
        "distance between James Hill and Jasmine Lane is 1.\n"
        "Example 2: If Dan Newton is Andrew Williams's grandmother (grandmother counts as 2 generations), and James "
        "Hill is Dan Newton's father (father counts as 1 generation), then the relationship distance between Andrew "
        "Williams and Dan Newton is 2, and the relationship distance between Andrew Williams and James Hill is 3.\n"
        "Example 3: If Jeff White is Shelley Mills's grandfather (grandfather counts as 2 generations), and Mary "
        "Johnson is Jeff White's mother (mother counts as 1 generation), then the relationship distance between "
        "Shelley Mills and Jeff White is 2, and the relationship distance between Shelley Mills and Mary Johnson is 3."
    ),
    ("zh", "eldest_ancestor"): ELDEST_EXAMPLES["zh"],
    ("zh", "nth_ancestor"): (
        "例如：\n"
        "例子1.如果张强的父亲是马克，我们说马克是张强的1代祖先。\n"
        "例子2.如果李明的姥姥是张红（姥姥算两代关系），而张红的父亲是张强，那么张红是李明的2代祖先，张强是李明的3代祖先。\n"
        "例子3.如果小明的奶奶是王华（奶奶算两代关系），王华的妈妈是刘芳，那么王华是小明的2代祖先，刘芳是小明的3代祖先。"
    ),
    ("zh", "nth_descendant"): (
        "例如：\n"
        "例子1.如果马克是张强的父亲，我们说张强是马克的1代子孙。\n"
        "例子2.如果张红是李明的姥姥（姥姥算两代关系），而张强是张红的父亲，那么李明是张红的2代子孙，李明是张强的3代子孙。\n"
        "例子3.如果王华是小明的爷爷（爷爷算两代关系），刘芳是王华的妈妈，那么小明是王华的2代子孙，小明是刘芳的3代子孙。"
    ),
    ("zh", "relationship_distance"): (
        "关系距离定义为：家族图中从一个人到另一个人所需的最少代数差距。注意不同关系有不同的代数差距，例如：\n"
        "例子1.如果马克是张强的父亲（父亲算1代关系），那么张强和马克之间的关系距离是1。\n"
        "例子2.如果张红是李明的姥姥（姥姥算2代关系），而张强是张红的父亲（父亲算1代关系），那么李明和张红之间的关系距离是2，"
        "李明和张强之间的关系距离是3。\n"
        "例子3.如果小明的爷爷是王华（爷爷算2代关系），王华的妈妈是刘芳（妈妈算1代关系），那么小明和王华之间的关系距离是2，"
        "小明和刘芳之间的关系距离是3。"
    ),
}

_GENERATIONS_EN = (
    "3. Father/mother/dad/mom count as 1 generation, while grandfather/grandmother/maternal grandmother/maternal "
    "grandfather/paternal grandfather/paternal grandmother count as 2 generations.\n4. "
)
_PLAIN_NOTES_EN = (
    "Notes:\n"
    "1. You do not need to worry about the gender consistency of names in this test. We only care about {what} "
    "relationships.\n"
    "2. Ignore surname inheritance issues. We only care about familial relationships.\n" + _GENERATIONS_EN
)
_PLAIN_NOTES_ZH = (
    "注意：\n"
    "1. 你不必纠结这个测试中的人名的性别关系，我们只关注辈分关系。\n"
    "2. 忽略这个测试中的姓氏遗传问题，我们只关注亲属关系。\n"
    "3. 父亲/母亲/爸爸/妈妈算1代关系，爷爷/奶奶/姥姥/姥爷/外公/外婆算2代关系。\n4. "
)
_NOTES: dict[tuple[Language, TraceKind], str] = {
    ("en", "eldest_ancestor"): f"{ELDEST_NOTES['en']}3. ",
    ("en", "nth_ancestor"): _PLAIN_NOTES_EN.replace("{what}", "generational"),
    ("en", "nth_descendant"): _PLAIN_NOTES_EN.replace("{what}", "generational"),
    ("en", "relationship_distance"): _PLAIN_NOTES_EN.replace("{what} relationships", "relationship connections"),
    ("zh", "eldest_ancestor"): f"{ELDEST_NOTES['zh']}3. ",
    ("zh", "nth_ancestor"): _PLAIN_NOTES_ZH,
    ("zh", "nth_descendant"): _PLAIN_NOTES_ZH,
    ("zh", "relationship_distance"): _PLAIN_NOTES_ZH,
}

_BOXED_EN = "At the end of your response, remember to put your final answer within \\boxed{}. For example: "
_BOXED_ZH = "在回答的最后，将你的答案放在\\boxed{}中，例如："
_BOXED: dict[tuple[Language, TraceKind], str] = {
    ("en", "eldest_ancestor"): (
        f"{_BOXED_EN}\"So the oldest relative '<person>' can trace back to in the provided text is "
        '\\boxed{somebody (your answer here)}."'
    ),
    ("en", "nth_ancestor"): (
        f"{_BOXED_EN}\"So the <n>th generation ancestor of '<person>' is \\boxed{{somebody (your answer here)}}.\""
    ),
    ("en", "nth_descendant"): (
        f"{_BOXED_EN}\"So the <n>th generation descendant of '<person>' is \\boxed{{somebody (your answer here)}}.\""
    ),
    ("en", "relationship_distance"): (
        f"{_BOXED_EN}\"So the relationship distance between '<person_a>' and '<person_b>' is \\boxed{{5}}.\""
    ),
    ("zh", "eldest_ancestor"): (f'{_BOXED_ZH}"所以<person>能向上追溯到的最年长的亲人就是\\boxed{{某人（你的答案）}}"'),
    ("zh", "nth_ancestor"): f'{_BOXED_ZH}"所以<person>的<n>代祖先就是\\boxed{{某人（你的答案）}}"',
    ("zh", "nth_descendant"): f'{_BOXED_ZH}"所以<person>的<n>代子孙就是\\boxed{{某人（你的答案）}}"',
    ("zh", "relationship_distance"): f'{_BOXED_ZH}"所以<person_a>和<person_b>之间的关系距离是\\boxed{{5}}"',
}

_STORY: dict[Language, str] = {
    "en": "Now, the scrambled family relationships are provided below:",
    "zh": "现在，打乱的家族关系文本如下：",
}

_QUESTION: dict[tuple[Language, TraceKind], str] = {
    ("en", "eldest_ancestor"): (
        "Given the scrambled family relationships described above, who is the eldest relative that '<person>' can "
        "trace back to in the context?"
    ),
    ("en", "nth_ancestor"): (
        "Given the scrambled family relationships described above, who is the <n>th generation ancestor of '<person>'?"
    ),
    ("en", "nth_descendant"): (
        "Given the scrambled family relationships described above, who is the <n>th generation descendant of "
        "'<person>'?"
    ),
    ("en", "relationship_distance"): (
        "Given the scrambled family relationships described above, what is the relationship distance between "
        "'<person_a>' and '<person_b>'?"
    ),
    ("zh", "eldest_ancestor"): "在上面提供的打乱的家族关系文本中，'<person>'的能够向上追溯到的最年长的亲人是谁？",
    ("zh", "nth_ancestor"): "在上面提供的打乱的家族关系文本中，'<person>'的<n>代祖先是谁？",
    ("zh", "nth_descendant"): "在上面提供的打乱的家族关系文本中，'<person>'的<n>代子孙是谁？",
    ("zh", "relationship_distance"): (
        "在上面提供的打乱的家族关系文本中，'<person_a>'和'<person_b>'之间的关系距离是多少？"
    ),
}

_V1: dict[Language, str] = {
    "en": (
        "Given the scrambled family relationships described above, who is the eldest relative that '<person>' can "
        "trace back to in the context?\n"
        "For example:\n"
        "Example 1: If Zhang Qiang's father is Mark, and no further information about familial relationships is "
        "provided in the text, then the oldest relative Zhang Qiang can trace back to in the provided text is Mark.\n"
        "Example 2: If Li Ming's grandmother is Zhang Hong, and Zhang Hong's father is Zhang Qiang, and no further "
        "information about familial relationships is provided in the text, then the oldest relative Li Ming can trace "
        "back to in the provided text is Zhang Qiang.\n"
        "Example 3: If Xiao Ming is Zhang Hong's great-granddaughter, Zhang Hong's grandmother is Wang Hua, and Wang "
        "Hua's father is Wang Gang, and no further information about familial relationships is provided in the text, "
        "then the oldest relative Xiao Ming can trace back to in the provided text is Wang Gang."
    ),
    "zh": f"{_QUESTION['zh', 'eldest_ancestor']}\n{ELDEST_EXAMPLES['zh']}\n",
}
