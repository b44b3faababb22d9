"""bAbI's files: stories of numbered facts, with questions that say which of the facts answer them.

The format of Weston et al. 2015 (arXiv:1502.05698): `1 Mary moved to the bathroom.`, and for a question a tab between
the question, its answer and the numbers of the supporting lines (in some copies a bar instead of a tab). Knows files;
nothing of what the stories are hidden in.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import regex

from octavo.errors import EvaluationError
from octavo.evaluation.data_files import read_text

_LINE = regex.compile(r"(?P<number>\d+) (?P<text>[^\t|]+)(?:[\t|](?P<answer>[^\t|]+)[\t|](?P<support>[\d ]+))?")


@dataclass(frozen=True, slots=True)
class Story:
    """The facts that stand before a question, in order; `support` are the places (from 0) of those that answer it."""

    facts: tuple[str, ...]
    question: str
    answer: str
    support: tuple[int, ...]


def find_file(folder: Path, task: str) -> Path:
    """The file of a task such as "qa1": `qa1_single-supporting-fact_test.txt`, rather than `..._train.txt`. Raises
    `EvaluationError` where there is none."""
    if not folder.is_dir():
        raise EvaluationError(f"{folder}: is no folder; name the one with the files of bAbI")
    found = sorted(folder.glob(f"{task}_*.txt"), key=lambda path: (not path.stem.endswith("_test"), path.name))
    if not found:
        raise EvaluationError(f"{folder}: has no file {task}_*.txt; name a folder with the files of bAbI")
    return found[0]


def read_stories(path: Path) -> list[Story]:
    """One story for each question, in the file's order. Raises `EvaluationError` for a line that is not bAbI's, naming
    it."""
    stories = []
    facts: dict[int, str] = {}
    for place, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        read = _LINE.fullmatch(line.rstrip())
        if read is None:
            raise EvaluationError(f'{path}, line {place}: is no line of bAbI ("1 Mary moved to the bathroom.")')
        number = int(read["number"])
        if number == 1:
            facts = {}
        if read["answer"] is None:
            facts[number] = read["text"].strip()
            continue
        places = {fact: index for index, fact in enumerate(facts)}
        support = [int(each) for each in read["support"].split()]
        unknown = [each for each in support if each not in places]
        if unknown:
            raise EvaluationError(f"{path}, line {place}: names line {unknown[0]} of its story, which is no fact")
        stories.append(
            Story(
                tuple(facts.values()),
                read["text"].strip(),
                read["answer"].strip(),
                tuple(sorted({places[each] for each in support})),
            )
        )
    if not stories:
        raise EvaluationError(f"{path}: has no question; name a folder with the files of bAbI")
    return stories
