"""How an answer is to be given: instructions that people put behind a question, and the answers that follow them.

A reader is asked the whole question, its instruction included, and must look past it; who answers must follow it.
Knows questions; nothing of prompts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from octavo.evaluation.names import Language
from octavo.training.worlds.questions import Question

_SEPARATORS: dict[Language, str] = {"en": " ", "zh": ""}
_ENDS: dict[Language, str] = {"en": ".", "zh": "。"}


@dataclass(frozen=True, slots=True)
class Form:
    """`instruction` stands behind the question; `answer` is the right one, given as it says."""

    instruction: str
    answer: str


def form(question: Question, rng: Random) -> Form:
    """An instruction for this question, drawn from those that people use."""
    named, right = question.named, question.answer
    whole = _whole(question)
    made: tuple[Callable[[], Form], ...]
    if question.language == "en":
        made = (
            lambda: Form(rng.choice(("Answer in one sentence.", "Answer in a full sentence.")), whole),
            lambda: Form(f'Begin your answer with "{_capital(named)}".', whole),
            lambda: Form(f'Complete this sentence: "{_capital(named)} is ...".', whole),
            lambda: Form(f"Write it like this: '{_capital(named)} is [answer].'", whole),
            lambda: Form(f"Please reply in this form: '{_capital(named)} is ____.'", whole),
            lambda: Form(f'Fill in the gap: "{_capital(named)} is ______."', whole),
            lambda: Form(f'Your answer should read "{_capital(named)}: ___".', f"{_capital(named)}: {right}"),
            lambda: Form(
                rng.choice(("Give only the answer.", "Be brief.", "Answer in as few words as you can.")), right
            ),
            lambda: Form(rng.choice(("Answer in English.", "Please be accurate.")), right),
        )
    else:
        made = (
            lambda: Form(rng.choice(("请用一句话回答。", "请用完整的句子回答。")), whole),
            lambda: Form(f"请以“{named}是”开头回答。", whole),
            lambda: Form(f"请补全这句话：“{named}是……”。", whole),
            lambda: Form(f"请填空：“{named}是______。”", whole),
            lambda: Form(f"请写成“{named}：____”。", f"{named}：{right}"),
            lambda: Form(rng.choice(("只写答案。", "请简短回答。")), right),
            lambda: Form(rng.choice(("请用中文回答。", "请务必准确。")), right),
        )
    return rng.choice(made)()


def with_instruction(question: str, instruction: str, language: Language) -> str:
    """The question with its instruction, as people write them one behind the other."""
    return f"{question}{_SEPARATORS[language]}{instruction}" if instruction else question


def _whole(question: Question) -> str:
    link = " is " if question.language == "en" else "是"
    return f"{_capital(question.named)}{link}{question.answer}{_ENDS[question.language]}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
