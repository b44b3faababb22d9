"""The facts that are planted in the books, and where.

Two in each language: one that shares its words with the question that asks for it, one that shares no content word
(in Chinese: no character) with it. Knows nothing of the systems that look for them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """A sentence to plant, the question that it answers, and the content words that a good reader would search for, of
    either. `name` is how the fact is called in the results."""

    name: str
    sentence: str
    question: str
    question_words: tuple[str, ...]
    sentence_words: tuple[str, ...]

    @property
    def core(self) -> str:
        """The sentence without its final stop: systems that split at stops may drop it."""
        return self.sentence.rstrip(".。")

    def shown_in(self, text: str) -> bool:
        """Whether the sentence stands in `text`, however its lines are broken."""
        return " ".join(self.core.split()) in " ".join(text.split())


FACTS = {
    "en-shared": Fact(
        "shared words",
        "The copper key of the Lindqvist observatory was hidden beneath the third beehive in the orchard.",
        "Where was the copper key of the Lindqvist observatory hidden?",
        ("copper", "key", "Lindqvist", "observatory", "hidden"),
        ("copper", "key", "Lindqvist", "observatory", "hidden", "beneath", "third", "beehive", "orchard"),
    ),
    "en-unshared": Fact(
        "no shared words",
        "Great-aunt Berthe stowed her brass opener under the third beehive beside the vicarage.",
        "Which spot conceals an elderly woman's metallic key?",
        ("spot", "conceals", "elderly", "woman", "metallic", "key"),
        ("Berthe", "stowed", "brass", "opener", "third", "beehive", "vicarage"),
    ),
    "zh-shared": Fact(
        "shared words",
        "林家天文台的铜钥匙藏在果园第三个蜂箱底下。",
        "林家天文台的铜钥匙藏在哪里？",
        ("林家", "天文台", "铜", "钥匙", "藏"),
        ("林家", "天文台", "铜", "钥匙", "藏", "果园", "第三", "蜂箱", "底下"),
    ),
    "zh-unshared": Fact(
        "no shared words",
        "阿福把开阁楼的家伙塞进了第三只蜂箱底下。",
        "那位老仆藏匿锁匙之处是什么地方？",
        ("老仆", "藏匿", "锁匙", "地方"),
        ("阿福", "阁楼", "家伙", "塞进", "第三", "蜂箱", "底下"),
    ),
}
"""The facts by their keys: the language, and whether fact and question share words."""


def plant(text: str, fact: Fact, *, depth: float = 0.5) -> str:
    """`text` with the fact's sentence after the first sentence that ends beyond `depth` (a share of the characters)."""
    start = int(len(text) * depth)
    places = [place + len(stop) for stop in (". ", "。", "．") if (place := text.find(stop, start)) >= 0]
    if not places:
        raise ValueError(f"no sentence ends in the text after character {start:,}")
    place = min(places)
    space = "" if fact.sentence.endswith("。") else " "
    return text[:place] + fact.sentence + space + text[place:]
