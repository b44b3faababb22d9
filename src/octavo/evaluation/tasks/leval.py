"""L-Eval: twenty sets of long documents with questions, closed (choices, numbers, code) and open (An et al., "L-Eval",
arXiv:2307.11088).

Reads the official files as they are (`coursera.jsonl`, ...): a line is a document with its instructions.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

from octavo.errors import EvaluationError, UsageError
from octavo.evaluation.item import Item, Scorer
from octavo.evaluation.records import Record, file_id, find_file, read_records
from octavo.evaluation.scorers.choice import chosen_letter, chosen_letters
from octavo.evaluation.scorers.exam import code_output, exam_match, final_number
from octavo.evaluation.scorers.f1 import answer_f1
from octavo.evaluation.scorers.judgement import loyalty_and_fact
from octavo.evaluation.scorers.rouge import rouge_1_score, rouge_2_score, rouge_geometric_mean, rouge_l_score

HUB_NAME = "L4NLP/LEval"

CLOSED = ("coursera", "quality", "topic_retrieval_longchat", "tpo", "gsm100", "codeU", "sci_fi")
OPEN = (
    "financial_qa",
    "gov_report_summ",
    "legal_contract_qa",
    "meeting_summ",
    "multidoc_qa",
    "narrative_qa",
    "natural_question",
    "news_summ",
    "paper_assistant",
    "patent_summ",
    "review_summ",
    "scientific_qa",
    "tv_show_summ",
)
DATASETS = (*CLOSED, *OPEN)

_UNSCORED = frozenset({"LLM", "human"})
"""What a model or people judge: no formula does."""

_SCORERS: Mapping[str, Scorer] = {"exam": exam_match, "f1": answer_f1, "rouge": rouge_geometric_mean}
"""By what a document's `evaluation` is, unless its data set has a way of its own."""

_EXAM_SCORERS: Mapping[str, Scorer] = {
    "coursera": chosen_letters,
    "quality": chosen_letter,
    "tpo": chosen_letter,
    "gsm100": final_number,
    "codeU": code_output,
    "sci_fi": loyalty_and_fact,
}
_PLAIN = frozenset({"gsm100", "codeU"})


class LEval:
    """L-Eval. `folder` holds the official files, at any depth.

    `datasets` are those that are there, unless named; `samples` the first items of each. Documents whose answers are
    judged by a model or by people (`evaluation` is "LLM" or "human") are left out, as they are from the benchmark's own
    automatic scores; `settings` says how many. sci_fi asks each question twice, about the story ("loyalty") and about
    the world ("fact"), and the mean of the two is its score. A `judge` adds its verdict as the measure "judged". Raises
    `UsageError` for a set that there is not, and `EvaluationError` where its file is missing; `items` raises it, before
    the first, for one that is not in the format.
    """

    name = "leval"

    def __init__(
        self,
        folder: Path,
        *,
        datasets: Sequence[str] | None = None,
        samples: int | None = None,
        judge: Scorer | None = None,
    ) -> None:
        for dataset in datasets or ():
            if dataset not in DATASETS:
                raise UsageError(f"L-Eval has no data set {dataset}; there are {', '.join(DATASETS)}")
        self._samples = samples
        self._judge = judge
        self._files: dict[str, Path] = {}
        for dataset in (each for each in DATASETS if datasets is None or each in datasets):
            path = find_file(folder, f"{dataset}.jsonl")
            if path is not None:
                self._files[dataset] = path
            elif datasets is not None:
                raise EvaluationError(f"{folder}: has no file {dataset}.jsonl; name the folder LEval-data of L-Eval")
        if not self._files:
            raise EvaluationError(f"{folder}: has no file of L-Eval such as coursera.jsonl; name its folder LEval-data")

    @property
    def scorers(self) -> Mapping[str, Scorer]:
        """The score of each set's definition, and for answers that are scored by ROUGE its three parts: the benchmark
        prints the geometric mean of their means (`totals.py`)."""
        measures: dict[str, Scorer] = {"score": _score}
        if self._has_rouge:
            measures |= {
                "rouge_1": _of_rouge(rouge_1_score),
                "rouge_2": _of_rouge(rouge_2_score),
                "rouge_l": _of_rouge(rouge_l_score),
            }
        return measures if self._judge is None else {**measures, "judged": self._judge}

    def items(self) -> Iterator[Item]:
        """By data set, document, instruction."""
        for _ in self._read_items():
            pass  # A line that is wrong is named before anything is asked.
        yield from self._read_items()

    def settings(self) -> Mapping[str, Any]:
        """What was chosen, and the hashes of the files; "left_out" counts the documents that no formula scores."""
        return {
            "task": self.name,
            "samples": self._samples,
            "files": {dataset: file_id(path) for dataset, path in self._files.items()},
            "left_out": {
                dataset: count
                for dataset, path in self._files.items()
                if (count := sum(not _is_scored(record) for record in read_records(path)))
            },
            "judged": self._judge is not None,
        }

    def _read_items(self) -> Iterator[Item]:
        for dataset, path in self._files.items():
            made = (
                item
                for number, record in enumerate(read_records(path))
                if _is_scored(record)
                for item in _document_items(record, dataset, number)
            )
            yield from islice(made, self._samples)

    @cached_property
    def _has_rouge(self) -> bool:
        return any(
            record.text("evaluation") == "rouge" for path in self._files.values() for record in read_records(path)
        )


def _of_rouge(scorer: Scorer) -> Scorer:
    return lambda item, text: scorer(item, text) if item.data["evaluation"] == "rouge" else None


def _score(item: Item, text: str) -> float | None:
    return _scorer_of(item.conditions["dataset"], item.data["evaluation"])(item, text)


def _scorer_of(dataset: str, evaluation: str) -> Scorer:
    own = _EXAM_SCORERS.get(dataset) if evaluation == "exam" else None
    return own or _SCORERS[evaluation]


def _is_scored(record: Record) -> bool:
    evaluation = record.text("evaluation")
    if evaluation not in _SCORERS and evaluation not in _UNSCORED:
        raise record.wrong("evaluation", f"is none of {', '.join((*_SCORERS, *sorted(_UNSCORED)))}")
    return evaluation in _SCORERS


def _document_items(record: Record, dataset: str, number: int) -> Iterator[Item]:
    document = record.text("input")
    instructions, outputs = record.texts("instructions"), record.texts("outputs")
    if len(instructions) != len(outputs):
        raise record.wrong("outputs", f"has {len(outputs)} entries, and there are {len(instructions)} instructions")
    for place, (instruction, output) in enumerate(zip(instructions, outputs, strict=True)):
        if not output.strip():
            raise record.wrong("outputs", f"is empty at {place}")
        item_id = f"{dataset}/{number}/{place}"
        if dataset != "sci_fi":
            yield _item(record, dataset, document, item_id, instruction, output)
            continue
        loyalty, named, fact = output.partition("[fact:")
        if not named:
            raise record.wrong("outputs", f'is not written "True [fact: False]" at {place}')
        world = _prompts()["world"]
        about_world = instruction.replace(world["story"], world["world"])
        yield _item(record, dataset, document, f"{item_id}/loyalty", instruction, loyalty, part="loyalty")
        yield _item(record, dataset, document, f"{item_id}/fact", about_world, fact.rstrip("] "), part="fact")


def _item(
    record: Record, dataset: str, document: str, item_id: str, instruction: str, output: str, **conditions: str
) -> Item:
    evaluation = record.text("evaluation")
    kind = "plain" if dataset in _PLAIN else "exam" if evaluation == "exam" else "open"
    instructions = _prompts()["instructions"]
    before = instructions.get(dataset, instructions["exam" if evaluation == "exam" else "open"])
    # The second question of sci_fi is not to be answered from the document.
    before = "" if conditions.get("part") == "fact" else before
    words = str(len(output.split()))
    after = _prompts()[kind]["after"].replace("{words}", words).replace("{input}", instruction)
    return Item(
        id=item_id,
        context=document,
        question=f"{before}\n{after.strip().removesuffix('Answer:').removesuffix('Output:')}".strip(),
        answers=(output.strip(),),
        conditions={"dataset": dataset, "language": "en", **conditions},
        data={"evaluation": evaluation, "prompt": (f"{before}\n{_prompts()[kind]['before']}".lstrip(), after)},
    )


@cache
def _prompts() -> dict[str, dict[str, str]]:
    return tomllib.loads((files("octavo.evaluation.tasks") / "leval_prompts.toml").read_text(encoding="utf-8"))
