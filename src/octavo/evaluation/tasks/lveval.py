"""LV-Eval: eleven sets of questions about texts of 16,000 to 256,000 words, in English and Chinese, with confusing
facts put in and keywords replaced (Yuan et al., "LV-Eval", arXiv:2402.05136).

Reads the official files as they are (`hotpotwikiqa_mixup_16k.jsonl`, ...; the archives unpacked).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

from octavo.errors import EvaluationError, UsageError
from octavo.evaluation.item import Item, Scorer
from octavo.evaluation.names import Language
from octavo.evaluation.records import Record, file_id, find_file, read_records
from octavo.evaluation.scorers.keywords import keyword_recall, lveval_official, ungated_f1

HUB_NAME = "Infinigence/LVEval"

LEVELS = {"16k": 16_000, "32k": 32_000, "64k": 64_000, "128k": 128_000, "256k": 256_000}
"""The lengths by their names in the files, in words (in Chinese, characters)."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """One of the eleven: `metric` as `scorers/keywords.py` names it, `prompt` as `lveval_prompts.toml` does;
    `answer_tokens` is the longest answer (DATASET_MAXGEN of the benchmark's `config.py`)."""

    language: Language
    metric: str
    prompt: str
    answer_tokens: int = 64


DATASETS: Mapping[str, DataSet] = {
    "loogle_SD_mixup": DataSet("en", "keywords", "passage"),
    "loogle_CR_mixup": DataSet("en", "keywords", "passage"),
    "loogle_MIR_mixup": DataSet("en", "keywords", "passage"),
    "multifieldqa_en_mixup": DataSet("en", "keywords", "passage"),
    "multifieldqa_zh_mixup": DataSet("zh", "keywords", "passage_zh"),
    "factrecall_en": DataSet("en", "f1", "article", answer_tokens=16),
    "factrecall_zh": DataSet("zh", "f1", "article_zh", answer_tokens=16),
    "hotpotwikiqa_mixup": DataSet("en", "keywords", "passages"),
    "lic_mixup": DataSet("zh", "keywords", "lic_zh"),
    "cmrc_mixup": DataSet("zh", "keywords", "one_article_zh"),
    "dureader_mixup": DataSet("zh", "rouge", "one_article_zh"),
}

_ANSWER_LABELS = ("\nAnswer:", "\n回答：")


class LvEval:
    """LV-Eval. `folder` holds the official files, at any depth.

    `datasets` and `levels` are those that are there, unless named; `samples` the first items of each file. A `judge`
    adds its verdict as the measure "judged". Raises `UsageError` for a set or level that there is not, and
    `EvaluationError` where a file is missing; `items` raises it, before the first, for one that is not in the format.
    """

    name = "lveval"

    def __init__(
        self,
        folder: Path,
        *,
        datasets: Sequence[str] | None = None,
        levels: Sequence[str] | None = None,
        samples: int | None = None,
        judge: Scorer | None = None,
    ) -> None:
        self._folder = folder
        self._datasets = _known(datasets, DATASETS, "data set")
        self._levels = _known(levels, LEVELS, "level")
        self._samples = samples
        self._judge = judge
        self._check(datasets, levels)

    @property
    def scorers(self) -> Mapping[str, Scorer]:
        """The official score, and beside it what the gate hides."""
        measures: dict[str, Scorer] = {
            "score": lveval_official,
            "keyword_recall": keyword_recall,
            "ungated_f1": ungated_f1,
        }
        return measures if self._judge is None else {**measures, "judged": self._judge}

    def items(self) -> Iterator[Item]:
        """By data set, level, line."""
        for _ in self._read_items():
            pass  # A line that is wrong is named before anything is asked.
        yield from self._read_items()

    def settings(self) -> Mapping[str, Any]:
        """What was chosen, and the hashes of the files."""
        return {
            "task": self.name,
            "samples": self._samples,
            "files": {f"{dataset}_{level}": file_id(path) for (dataset, level), path in self._files.items()},
            "answer_tokens": {dataset: DATASETS[dataset].answer_tokens for dataset, _ in self._files},
            "judged": self._judge is not None,
        }

    def _read_items(self) -> Iterator[Item]:
        for (dataset, level), path in self._files.items():
            for number, record in enumerate(islice(read_records(path), self._samples)):
                yield _item(record, dataset, level, number)

    @cached_property
    def _files(self) -> dict[tuple[str, str], Path]:
        return {
            (dataset, level): path
            for dataset in self._datasets
            for level in self._levels
            if (path := find_file(self._folder, f"{dataset}_{level}.jsonl")) is not None
        }

    def _check(self, datasets: Sequence[str] | None, levels: Sequence[str] | None) -> None:
        """Whatever was named must be there: with every level that was named, or with one."""
        if not self._files:
            raise EvaluationError(
                f"{self._folder}: has no file of LV-Eval such as {self._datasets[0]}_{self._levels[0]}.jsonl; name the "
                f"folder that the archives of {HUB_NAME} were unpacked to"
            )
        wanted = self._datasets if datasets is not None else tuple(dict.fromkeys(name for name, _ in self._files))
        for dataset in wanted:
            found = [level for level in self._levels if (dataset, level) in self._files]
            missing = [level for level in self._levels if level not in found] if levels is not None else []
            if missing or not found:
                level = (missing or self._levels)[0]
                raise EvaluationError(f"{self._folder}: has no file {dataset}_{level}.jsonl; name other sets or levels")


def _item(record: Record, dataset: str, level: str, number: int) -> Item:
    kind = DATASETS[dataset]
    answers = record.texts("answers")
    if not answers:
        raise record.wrong("answers", "is empty")
    question = record.text("input")
    prompt = _prompts()[kind.prompt]
    after = prompt["after"].replace("{input}", question)
    asked = after.strip()
    for label in _ANSWER_LABELS:
        asked = asked.removesuffix(label)
    return Item(
        id=f"{dataset}/{level}/{number}",
        context=record.text("context"),
        question=asked,
        answers=answers,
        conditions={"dataset": dataset, "length": LEVELS[level], "language": kind.language},
        data={
            "metric": kind.metric,
            "keywords": _text_or_texts(record, "answer_keywords"),
            "confusing_facts": _text_or_texts(record, "confusing_facts"),
            "prompt": (prompt["before"], after),
        },
        answer_tokens=kind.answer_tokens,
    )


def _text_or_texts(record: Record, field: str) -> str:
    """Not all sets have these fields, and some have a list where others have a text."""
    if field not in record:
        return ""
    if isinstance(record.fields[field], list):
        return " ".join(record.texts(field))
    return record.text(field)


def _known(given: Sequence[str] | None, known: Mapping[str, object], what: str) -> tuple[str, ...]:
    for each in given or ():
        if each not in known:
            raise UsageError(f"LV-Eval has no {what} {each}; there are {', '.join(known)}")
    return tuple(each for each in known if given is None or each in given)


@cache
def _prompts() -> dict[str, dict[str, str]]:
    return tomllib.loads((files("octavo.evaluation.tasks") / "lveval_prompts.toml").read_text(encoding="utf-8"))
