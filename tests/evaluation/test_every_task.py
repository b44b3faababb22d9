"""Every part of every benchmark, in every language, passes through a run: a model that knows is right, one that does
not is wrong. The cases are as small as they can be; what items look like is tested beside each task."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from octavo.evaluation.item import Item, Prediction, Task
from octavo.evaluation.lveval_style import LvEvalStyle
from octavo.evaluation.methods import LevelMethod, Method, NativeMethod
from octavo.evaluation.names import Language
from octavo.evaluation.run_folder import RunFolder
from octavo.evaluation.runner import run_evaluation
from octavo.evaluation.tasks import leval, lveval, needlebench, ruler
from octavo.evaluation.tasks.babilong import Babilong
from octavo.evaluation.tasks.multihop import MultiHop
from octavo.evaluation.tasks.needlebench.definition import LANGUAGES
from octavo.evaluation.tasks.needlebench.definition import TASKS as NEEDLE_TASKS
from octavo.evaluation.tasks.pressure import PressureTest
from octavo.models.chat import Request
from octavo.models.estimated_tokenizer import EstimatedTokenizer
from octavo.models.scripted import ScriptedModel
from octavo.reading.reader import Reader

TOKENIZER = EstimatedTokenizer(exact=True)

BABI = {
    "qa1_single-supporting-fact": "1 Mary moved to the garden.\n2 Where is Mary? \tgarden\t1\n",
    "qa2_two-supporting-facts": (
        "1 Mary got the milk.\n2 Mary moved to the office.\n3 Where is the milk? \toffice\t1 2\n"
    ),
    "qa3_three-supporting-facts": (
        "1 Mary got the milk.\n2 Mary moved to the office.\n3 Mary moved to the kitchen.\n"
        "4 Where was the milk before the kitchen? \toffice\t1 2 3\n"
    ),
    "qa4_two-arg-relations": "1 The office is north of the garden.\n2 What is north of the garden? \toffice\t1\n",
    "qa5_three-arg-relations": "1 Fred gave the milk to Bill.\n2 What did Fred give to Bill? \tmilk\t1\n",
    "qa6_yes-no-questions": "1 Mary moved to the garden.\n2 Is Mary in the garden? \tyes\t1\n",
    "qa7_counting": "1 Mary got the milk.\n2 Mary got the apple.\n3 How many objects is Mary carrying? \ttwo\t1 2\n",
    "qa8_lists-sets": "1 Mary got the milk.\n2 Mary got the apple.\n3 What is Mary carrying? \tmilk,apple\t1 2\n",
    "qa9_simple-negation": "1 Mary is not in the garden.\n2 Is Mary in the garden? \tno\t1\n",
    "qa10_indefinite-knowledge": ("1 Mary is either in the park or the school.\n2 Is Mary in the park? \tmaybe\t1\n"),
}
LEVAL_EXAMS = {
    "coursera": "ABD",
    "gsm100": "2 + 3 = 5. The answer is 5",
    "codeU": "forty two",
    "sci_fi": "True [fact: False]",
    "topic_retrieval_longchat": "The joy of tea",
}
LEVAL_F1 = ("financial_qa", "legal_contract_qa", "multidoc_qa", "narrative_qa", "natural_question", "scientific_qa")
MUSIQUE = {
    "id": "2hop__1",
    "question": "Where was the painter of the mill born?",
    "answer": "Lisbon",
    "paragraphs": [
        {"title": "Mill", "paragraph_text": "The mill was painted by Ada Finch.", "is_supporting": True},
        {"title": "Finch", "paragraph_text": "Ada Finch was born in Lisbon.", "is_supporting": True},
    ],
}
HOTPOTQA = {
    "_id": "h1",
    "question": "Who runs the firm of Ada Finch?",
    "answer": "Tom Reed",
    "supporting_facts": [["Finch", 0], ["Firm", 0]],
    "context": [["Finch", ["Ada Finch owns Blue."]], ["Firm", ["Blue is run by Tom Reed."]]],
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small file of each benchmark, and text in both languages."""
    folder = tmp_path_factory.mktemp("benchmarks")
    write(
        folder / "en.txt",
        "\n\n".join(
            f"In chapter {number} nothing was lost on the way. The old ship went on to port {number} in good weather."
            for number in range(300)
        ),
    )
    write(folder / "zh.txt", "\n".join(f"第{number}章里什么都没有丢。船又开往下一个港口。" for number in range(300)))
    for name, held in BABI.items():
        write(folder / "babi" / f"{name}_train.txt", held)
    for name, data_set in lveval.DATASETS.items():
        english = data_set.language == "en"
        line = {
            "input": "Who painted the mill?" if english else "谁画了风车？",
            "context": "The mill was painted by Ada Finch." if english else "李明画了风车。",
            "answers": ["Ada Finch"] if english else ["李明"],
            "answer_keywords": "Ada Finch" if english else "李明",
        }
        write_json(folder / "lveval" / f"{name}_16k.jsonl", line)
    for name in leval.DATASETS:
        closed = name in leval.CLOSED
        line = {
            "input": "A long document.",
            "instructions": ["Does it rain, based on the world described in the document.?"],
            "outputs": [LEVAL_EXAMS.get(name, "B") if closed else "It rained in the old town."],
            "evaluation": "exam" if closed else "f1" if name in LEVAL_F1 else "rouge",
        }
        write_json(folder / "leval" / f"{name}.jsonl", line)
    write_json(folder / "musique.json", [MUSIQUE])
    write_json(folder / "hotpotqa.json", [HOTPOTQA])
    write_json(folder / "squad.json", squad())
    write_json(folder / "documents.json", [hotpotqa_question(number) for number in range(30)])
    for language, names in (("en", "A B,C D,E F,G H,I J,K L"), ("zh", "赵一,钱二,孙三,李四,周五,吴六")):
        record = {"derivation_count": 2, "derivations": ["Fact a.", "Fact b."], "question": "So?", "answer": names[:2]}
        write_json(folder / "r4c" / f"multi_needle_reasoning_{language}.json", [record])
    return folder


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_json(path: Path, held: object) -> None:
    write(path, json.dumps(held, ensure_ascii=False) + "\n")


def squad() -> dict[str, Any]:
    """Sixty articles of one paragraph, with a question about each."""
    articles = []
    for number in range(60):
        context = f"Town {number} lies on a river. Its mayor is Ms M{number}. " + "Nothing else is known of it. " * 4
        asked = {"question": f"Who is the mayor of town {number}?", "answers": [{"text": f"M{number}"}]}
        articles.append({"title": f"Town {number}", "paragraphs": [{"context": context, "qas": [asked]}]})
    return {"data": articles}


def hotpotqa_question(number: int) -> dict[str, Any]:
    return {
        "question": f"Where was the founder of firm {number} born?",
        "answer": f"City{number}",
        "supporting_facts": [[f"Firm {number}", 0], [f"Founder {number}", 0]],
        "context": [
            [f"Firm {number}", [f"Founder {number} founded it.", " It is large. " * 10]],
            [f"Founder {number}", [f"Founder {number} was born in City{number}.", " She was tall. " * 10]],
        ],
    }


def needle_task(version: str, task: str, language: Language, files: Path, *, records: bool = False) -> Task:
    return needlebench.NeedleBench(
        TOKENIZER,
        version=version,
        tasks=[task],
        languages=[language],
        folder=files / "r4c" if records else None,
        texts={language: [files / f"{language}.txt"]},
        lengths=[1_200],
        depths=[50],
        repeats=1,
        reasoning_needles=[2],
        trace_needles=[3],
        buffer=200,
    )


def ruler_task(task: str, files: Path) -> Task:
    return ruler.Ruler(
        TOKENIZER,
        tasks=[task],
        essays=[files / "en.txt"],
        squad=files / "squad.json",
        hotpotqa=files / "documents.json",
        lengths=[1_500],
        samples=1,
    )


def babilong_task(task: str, files: Path) -> Task:
    return Babilong(TOKENIZER, babi=files / "babi", books=[files / "en.txt"], tasks=[task], lengths=[500], samples=1)


def lveval_task(name: str, files: Path) -> Task:
    return lveval.LvEval(files / "lveval", datasets=[name])


def leval_task(name: str, files: Path) -> Task:
    return leval.LEval(files / "leval", datasets=[name])


def multihop_task(name: str, files: Path, **settings: Any) -> Task:
    return MultiHop(TOKENIZER, files / f"{name}.json", **settings)


def hidden_task(name: str, files: Path, *, shared: bool) -> Task:
    return multihop_task(name, files, texts=[files / "en.txt"], lengths=[500], shared=shared)


def pressure_task(language: Language, files: Path) -> Task:
    return PressureTest(TOKENIZER, [files / f"{language}.txt"], language=language, tokens=500, depths=[50])


CASES: Mapping[str, Callable[[Path], Task]] = {
    **{
        f"needle {version} {task} {language}": partial(needle_task, version, task, language)
        for version in ("v1", "v2")
        for task in NEEDLE_TASKS
        for language in LANGUAGES
    },
    **{
        f"needle v1 m_rs {language}, records": partial(needle_task, "v1", "m_rs", language, records=True)
        for language in LANGUAGES
    },
    **{f"ruler {task}": partial(ruler_task, task) for task in ruler.TASKS},
    **{f"babilong {name.split('_')[0]}": partial(babilong_task, name.split("_")[0]) for name in BABI},
    **{f"lveval {name}": partial(lveval_task, name) for name in lveval.DATASETS},
    **{f"leval {name}": partial(leval_task, name) for name in leval.DATASETS},
    **{name: partial(multihop_task, name) for name in ("musique", "hotpotqa")},
    **{f"{name}, hidden": partial(hidden_task, name, shared=False) for name in ("musique", "hotpotqa")},
    **{f"{name}, shared": partial(hidden_task, name, shared=True) for name in ("musique", "hotpotqa")},
    "musique, harder": lambda files: LvEvalStyle(multihop_task("musique", files)),
    **{f"pressure {language}": partial(pressure_task, language) for language in LANGUAGES},
}


class Knowing:
    """Gives the right answer to the item whose question stands in the prompt."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items

    def __call__(self, request: Request) -> str:
        prompt = request.messages[-1].content
        (item,) = (item for item in self._items if item.question in prompt or prompt.endswith(end_of_prompt(item)))
        return right_answer(item)


def end_of_prompt(item: Item) -> str:
    _, after = item.data.get("prompt", ("", item.question))
    return str(after)


def right_answer(item: Item) -> str:
    if "\\boxed" in item.question:
        return f"It is \\boxed{{{item.answers[0]}}}."
    several = item.conditions.get("task") in {"m_rt", *ruler.TASKS}
    return " ".join(item.answers) if several else item.answers[0]


class Ignorant:
    """A method that says the same whatever it is asked."""

    name = "ignorant"

    def settings(self) -> Mapping[str, Any]:
        return {"method": self.name}

    async def answer(self, item: Item) -> Prediction:
        return Prediction(item.id, "xyz")


@pytest.mark.parametrize("name", CASES)
def test_every_part_of_every_benchmark_is_run_and_scored(name: str, files: Path, tmp_path: Path) -> None:
    task = CASES[name](files)
    items = list(task.items())
    folder = RunFolder(tmp_path / "run")
    folder.begin({"task": task.name, "settings": dict(task.settings())})
    model = ScriptedModel(Knowing(items))
    reader = Reader(model, home=tmp_path)
    methods: list[Method] = [
        NativeMethod(model, reader.ledger),
        LevelMethod(reader, "whole", tmp_path, settings={}),
        Ignorant(),
    ]

    scores = asyncio.run(run_evaluation(task, methods, folder))
    reader.close()

    assert scores["complete"] is True
    assert folder.scores() == scores
    native, whole, ignorant = (scores["methods"][method.name] for method in methods)
    for scored in (native, whole, ignorant):
        assert (scored["items"], scored["failed"]) == (len(items), 0)
    for scored in (native, whole):
        assert scored["measures"]["score"]["mean"] == pytest.approx(1.0)
        if any(item.evidence for item in items):
            assert scored["evidence"]["evidence_shown"]["mean"] == 1.0
    # In v1 of NeedleBench any answer is worth something.
    assert ignorant["measures"]["score"]["mean"] < (0.2 if "needle v1" in name else 0.01)
