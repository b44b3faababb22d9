"""What NeedleBench's items are made from: haystacks, needles, names and records, read when they are first needed.

From the benchmark's own folder where there is one, else from the user's texts and from a seed. Knows files; nothing of
how items are asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octavo.documents.document import text_id
from octavo.errors import EvaluationError
from octavo.evaluation.data_files import read_json, read_text
from octavo.evaluation.haystack import Background, Haystack
from octavo.evaluation.names import Language, people
from octavo.evaluation.tasks.needlebench.definition import Definition, TaskName
from octavo.evaluation.tasks.needlebench.kinship import read_names
from octavo.evaluation.tasks.needlebench.needles import Needle, make_needles, read_needles
from octavo.models.tokenizer import Tokenizer

_HAYSTACK_FILES: Mapping[Language, str] = {"en": "PaulGrahamEssays.jsonl", "zh": "zh_finance.jsonl"}
_NEEDLE_FILE = "needles.jsonl"
_NAME_FILE = "names.json"
_RECORD_FIELDS = {"derivations": list, "derivation_count": int, "question": str, "answer": str}
_RECORD_FILES: Mapping[Language, str] = {"en": "multi_needle_reasoning_en.json", "zh": "multi_needle_reasoning_zh.json"}


@dataclass(frozen=True, slots=True)
class Record:
    """A question of R4C that needs all of `needles` to be answered, `count` by its own account."""

    needles: tuple[str, ...]
    count: int
    question: str
    answer: str


class Material:
    """`folder` is NeedleBench's own; `texts` are the user's files by language, which take the place of its haystack."""

    def __init__(
        self,
        definition: Definition,
        tokenizer: Tokenizer,
        folder: Path | None,
        texts: Mapping[Language, Sequence[Path]],
        seed: int,
    ) -> None:
        self.definition = definition
        self.tokenizer = tokenizer
        self.seed = seed
        self._folder = folder
        self._texts = texts
        self._haystacks: dict[Language, Haystack] = {}
        self._background: tuple[tuple[Language, int, int], Background] | None = None

    def haystack(self, language: Language) -> Haystack:
        """The text of a language. Raises `EvaluationError` where there is none."""
        if language not in self._haystacks:
            self._haystacks[language] = self._read_haystack(language)
        return self._haystacks[language]

    def background(self, language: Language, repeat: int, tokens: int) -> Background:
        """At least `tokens` tokens of the haystack in the order of a repeat; the last one is kept."""
        key = (language, repeat, tokens)
        if self._background is None or self._background[0] != key:
            self._background = None
            shuffled = self.haystack(language).shuffled(self.seed, repeat)
            self._background = key, shuffled.background(self.tokenizer, tokens)
        return self._background[1]

    def needles(self, language: Language) -> list[Needle]:
        """To hide, each with its question."""
        file = self._official(_NEEDLE_FILE)
        return make_needles(language, self.seed) if file is None else read_needles(file, language)

    def names(self, language: Language) -> list[str]:
        """Of people."""
        file = self._official(_NAME_FILE)
        return people(language) if file is None else read_names(file, language)

    def records(self, language: Language) -> list[Record] | None:
        """What v1 reasons about; None where the benchmark's file is not there, and families are told instead."""
        file = self._official(_RECORD_FILES[language])
        return None if file is None else _read_records(file)

    def is_official(self, tasks: Sequence[TaskName], languages: Sequence[Language]) -> bool:
        """Whether all that these tasks need is the benchmark's own."""
        needed: set[str] = set()
        for task in tasks:
            if task in {"s_rt", "m_rt"}:
                needed.add(_NEEDLE_FILE)
            elif task == "m_rs" and self.definition.version == "v1":
                needed.update(_RECORD_FILES[language] for language in languages)
            else:
                needed.add(_NAME_FILE)
            if task != "atc":
                needed.update(_HAYSTACK_FILES[language] for language in languages)
                if any(language in self._texts for language in languages):
                    return False
        return all(self._official(name) is not None for name in needed)

    def settings(self, tasks: Sequence[TaskName], languages: Sequence[Language]) -> dict[str, Any]:
        """Files and the hashes of what they hold."""
        haystacks = {} if set(tasks) == {"atc"} else {language: self.haystack(language).id for language in languages}
        named = (_NEEDLE_FILE, _NAME_FILE, *_RECORD_FILES.values())
        own = {name: text_id(read_text(file)) for name in named if (file := self._official(name)) is not None}
        return {"haystacks": haystacks, "files": own}

    def _official(self, name: str) -> Path | None:
        file = self._folder / name if self._folder is not None else None
        return file if file is not None and file.is_file() else None

    def _read_haystack(self, language: Language) -> Haystack:
        if language in self._texts:
            return Haystack.read(self._texts[language])
        file = self._official(_HAYSTACK_FILES[language])
        if file is None:
            raise EvaluationError(
                f"NeedleBench has no {language} text to hide needles in; name text files, or a folder with the "
                f"benchmark's {_HAYSTACK_FILES[language]}"
            )
        return Haystack.read([file], glued=True)


def _read_records(path: Path) -> list[Record]:
    held = read_json(path)
    if not isinstance(held, list):
        raise EvaluationError(f"{path}: is no list of records")
    records = []
    for number, entry in enumerate(held, start=1):
        for field, kind in _RECORD_FIELDS.items():
            if not isinstance(entry, dict) or not isinstance(entry.get(field), kind):
                raise EvaluationError(f'{path}, record {number}: has no {kind.__name__} in the field "{field}"')
        needles = tuple(map(str, entry["derivations"]))
        records.append(Record(needles, entry["derivation_count"], entry["question"], entry["answer"]))
    return records
