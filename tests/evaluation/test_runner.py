"""A run: every item answered by every method, kept, gone on with, scored."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from octavo.documents.document import Span
from octavo.errors import EvaluationError, ModelUnavailable, RequestRejected
from octavo.evaluation.item import Evidence, Item, Prediction, Scorer
from octavo.evaluation.methods import LevelMethod, NativeMethod, middle_cut
from octavo.evaluation.report.runs import read_runs
from octavo.evaluation.report.sections import sections_of
from octavo.evaluation.report.tables import tables_of
from octavo.evaluation.run_folder import RunFolder
from octavo.evaluation.runner import Progress, run_evaluation
from octavo.evaluation.scoring import evidence_values
from octavo.models.chat import Request
from octavo.models.ledger import Ledger
from octavo.models.scripted import ScriptedModel
from octavo.reading.options import ReadingOptions
from octavo.reading.reader import Reader
from tests.reading.conftest import FACT, QUESTION, Faithful, book


def contains(item: Item, text: str) -> float:
    return float(item.answers[0] in text)


class Compass:
    """Asks for the compass in books of several lengths."""

    name = "compass"
    scorers: Mapping[str, Scorer] = {"score": contains}

    def __init__(self, *sentences: int) -> None:
        self._sentences = sentences

    def items(self) -> Iterator[Item]:
        for length in self._sentences:
            text = book(length, facts={length // 2: FACT}).text
            start = text.index(FACT)
            yield Item(
                f"compass/{length}",
                text,
                QUESTION,
                ("chapel floor",),
                evidence=(Evidence(FACT, Span(start, start + len(FACT))),),
                conditions={"length": length},
            )

    def settings(self) -> Mapping[str, Any]:
        return {"sentences": list(self._sentences)}


class Failing:
    """A method that fails on what it is told to."""

    name = "failing"

    def __init__(self, *failures: Exception | None) -> None:
        self._failures = list(failures)
        self.asked = 0

    def settings(self) -> Mapping[str, Any]:
        return {"method": self.name}

    async def answer(self, item: Item) -> Prediction:
        self.asked += 1
        failure = self._failures.pop(0) if self._failures else None
        if isinstance(failure, ModelUnavailable):
            raise failure
        if failure is not None:
            return Prediction(item.id, None, str(failure))
        return Prediction(item.id, "under the chapel floor")


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path / "run")
    made.begin({"task": "compass", "methods": []})
    return made


def methods_of(home: Path, model: ScriptedModel) -> list[Any]:
    reader = Reader(model, home=home)
    return [
        NativeMethod(model, reader.ledger, answer_tokens=64),
        LevelMethod(reader, "retrieve", home, settings={}),
        LevelMethod(reader, "read", home, settings={}),
    ]


def run(task: Compass, methods: list[Any], folder: RunFolder, **options: Any) -> dict[str, Any]:
    return asyncio.run(run_evaluation(task, methods, folder, **options))


def test_every_method_is_scored_by_length_with_evidence_and_cost(folder: RunFolder, tmp_path: Path) -> None:
    scores = run(Compass(40, 800), methods_of(tmp_path, ScriptedModel(Faithful())), folder)
    read = scores["methods"]["read"]
    assert read["measures"]["score"]["mean"] == 1
    assert read["evidence"]["evidence_shown"]["mean"] == 1
    assert read["evidence"]["citation_precision"]["mean"] == 1
    assert read["cost"]["calls"] > 20
    assert [group["conditions"] for group in read["groups"]] == [{"length": 40}, {"length": 800}]
    assert scores["methods"]["native"]["groups"][1]["evidence"]["evidence_shown"]["mean"] == 0
    assert folder.scores() == scores


def test_the_same_run_twice_gives_the_same_bytes_without_a_call(tmp_path: Path) -> None:
    texts = []
    for name in ("first", "second"):
        folder = RunFolder(tmp_path / name)
        folder.begin({"task": "compass"})
        model = ScriptedModel(Faithful())
        run(Compass(40, 400), methods_of(tmp_path, model), folder)
        texts.append((folder.path / "predictions.jsonl").read_bytes())
    assert texts[0] == texts[1]
    assert not model.requests


def test_an_item_that_failed_counts_as_wrong_and_is_tried_again(folder: RunFolder) -> None:
    method = Failing(RequestRejected("no"))
    scores = run(Compass(40, 80), [method], folder)
    assert scores["methods"]["failing"]["failed"] == 1
    assert scores["methods"]["failing"]["measures"]["score"]["mean"] == 0.5
    again = run(Compass(40, 80), [method], folder)
    assert again["methods"]["failing"]["failed"] == 0
    assert method.asked == 3


def test_a_run_that_was_ended_goes_on(folder: RunFolder) -> None:
    method = Failing(None, ModelUnavailable("gone"))
    with pytest.raises(ModelUnavailable):
        run(Compass(40, 80, 120), [method], folder)
    told: list[Progress] = []
    run(Compass(40, 80, 120), [method], folder, tell=told.append)
    assert [progress.made_now for progress in told] == [False, True, True]
    assert method.asked == 4


def test_a_line_that_a_crash_cut_off_is_left_out(folder: RunFolder) -> None:
    run(Compass(40), [Failing()], folder)
    with (folder.path / "predictions.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"method": "failing", "it')
    assert [prediction.item_id for _, prediction in folder.predictions()] == ["compass/40"]


def test_nothing_is_written_behind_a_line_that_a_crash_cut_off(folder: RunFolder) -> None:
    method = Failing(None, ModelUnavailable("gone"), ModelUnavailable("gone"))
    for _ in range(2):
        with pytest.raises(ModelUnavailable):
            run(Compass(40, 80), [method], RunFolder(folder.path))
        for name in ("usage.jsonl", "predictions.jsonl"):
            with (folder.path / name).open("a", encoding="utf-8") as file:
                file.write('{"method": "failing", "it')
    scores = run(Compass(40, 80), [method], RunFolder(folder.path))
    assert scores["methods"]["failing"]["items"] == 2
    assert [prediction.item_id for _, prediction in folder.predictions()] == ["compass/40", "compass/80"]


def test_a_damaged_line_is_named(folder: RunFolder) -> None:
    (folder.path / "predictions.jsonl").write_text("{broken}\n", encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"predictions\.jsonl, line 1"):
        list(folder.predictions())


def test_where_nothing_was_answered_yet_another_run_may_begin(folder: RunFolder) -> None:
    folder.begin({"task": "compass", "methods": ["read"]})
    assert folder.description()["methods"] == ["read"]


def test_another_run_does_not_mix_in(folder: RunFolder) -> None:
    folder.append("read", Prediction("0", "x"))
    folder.begin({"task": "compass", "methods": [], "started": "later"})
    with pytest.raises(EvaluationError, match="other methods"):
        folder.begin({"task": "compass", "methods": ["read"]})


def test_a_folder_of_a_newer_octavo_is_refused(folder: RunFolder) -> None:
    (folder.path / "run.json").write_text(json.dumps({"version": 99}), encoding="utf-8")
    with pytest.raises(EvaluationError, match="newer octavo"):
        folder.description()


def test_a_budget_ends_the_run_and_that_is_in_the_scores(folder: RunFolder, tmp_path: Path) -> None:
    model = ScriptedModel(Faithful())
    method = NativeMethod(model, Ledger(), answer_tokens=64)
    scores = run(Compass(40, 80, 120), [method], folder, most_tokens=100)
    assert scores["complete"] is False
    assert scores["methods"]["native"]["items"] == 1


async def test_what_is_too_long_for_the_model_is_cut_in_the_middle() -> None:
    model = ScriptedModel(Faithful(), window=1_000)
    text = book(400).text
    first, last = middle_cut(text, 500, model)
    assert first.start == 0
    assert last.end == len(text)
    assert model.tokenizer.count(first.of(text)) == pytest.approx(250, abs=2)
    prediction = await NativeMethod(model, Ledger(), answer_tokens=64).answer(Item("0", text, QUESTION, ("x",)))
    assert prediction.error is None
    assert prediction.shown is not None
    assert len(prediction.shown) == 2


async def test_a_server_that_is_gone_ends_the_run_and_other_failures_are_predictions() -> None:
    def rejecting(_: Any) -> str:
        raise RequestRejected("not this one")

    def gone(_: Any) -> str:
        raise ModelUnavailable("gone")

    item = Item("0", "A text.", "What?", ("x",))
    prediction = await NativeMethod(ScriptedModel(rejecting), Ledger()).answer(item)
    assert prediction.text is None
    assert prediction.error == "not this one"
    with pytest.raises(ModelUnavailable):
        await NativeMethod(ScriptedModel(gone), Ledger()).answer(item)


def test_evidence_is_measured_only_where_it_is_known() -> None:
    gold = (Evidence("abc", Span(10, 13)), Evidence("def", Span(40, 43)))
    item = Item("0", "", "?", ("x",), evidence=gold)
    prediction = Prediction("0", "x", shown=(Span(0, 20),), pointed=(Span(8, 14), Span(90, 99)), cited=(Span(40, 43),))
    assert evidence_values(item, prediction) == {
        "evidence_shown": 0.5,
        "evidence_pointed": 0.5,
        "pointed_precision": 0.5,
        "citation_precision": 1.0,
    }
    assert evidence_values(Item("0", "", "?", ("x",)), prediction) == {}


@pytest.mark.parametrize(("cited", "precision"), [((10, 50), 1.0), ((5, 60), 1.0), ((20, 30), 1.0), ((45, 60), 0.0)])
def test_a_cited_place_holds_the_evidence_or_lies_in_it(cited: tuple[int, int], precision: float) -> None:
    item = Item("0", "", "?", ("x",), evidence=(Evidence("", Span(10, 50)),))
    values = evidence_values(item, Prediction("0", "x", cited=(Span(*cited),)))
    assert values == {"citation_precision": precision}


def test_what_a_failed_answer_would_have_shown_is_nothing(folder: RunFolder) -> None:
    class Showing(Failing):
        async def answer(self, item: Item) -> Prediction:
            prediction = await super().answer(item)
            return prediction if prediction.text is None else replace(prediction, shown=(item.evidence[0].span,))

    scores = run(Compass(40, 80), [Showing(RequestRejected("no"))], folder)
    assert scores["methods"]["failing"]["evidence"]["evidence_shown"]["mean"] == 0.5


def test_the_first_question_about_a_text_is_told_from_later_ones(folder: RunFolder, tmp_path: Path) -> None:
    class Again(Compass):
        def items(self) -> Iterator[Item]:
            for item in super().items():
                yield item
                yield replace(item, id=f"{item.id}/again", question="Where did Amelia Voss hide the silver compass?")

    reader = Reader(ScriptedModel(Faithful()), home=tmp_path)
    scores = run(Again(200), [LevelMethod(reader, "read", tmp_path, settings={})], folder)
    questions = scores["methods"]["read"]["questions"]
    assert (questions["first"]["items"], questions["later"]["items"]) == (1, 1)
    assert questions["first"]["calls"] + questions["later"]["calls"] == scores["methods"]["read"]["cost"]["calls"]
    assert "questions" not in run(Compass(40, 80), [Failing()], RunFolder(tmp_path / "other"))["methods"]["failing"]
    (section,) = sections_of(read_runs([folder.path]))
    (cost,) = [table for table in tables_of(section) if table.title.startswith("Cost")]
    assert [row[0] for row in cost.rows] == ["read", "read, first of a text", "read, later of a text"]
    reader.close()


def test_a_reading_that_fails_costs_what_it_spent(tmp_path: Path) -> None:
    faithful = Faithful()

    def failing(request: Request) -> str:
        if "sentences" in (request.schema or {}).get("properties", {}):
            return faithful(request)
        raise RequestRejected("no answers today")

    reader = Reader(ScriptedModel(failing), home=tmp_path, options=ReadingOptions(analyse=False))
    (item,) = Compass(200).items()
    prediction = asyncio.run(LevelMethod(reader, "read", tmp_path, settings={}).answer(item))
    assert prediction.error == "no answers today"
    assert prediction.calls > 5
    assert prediction.prompt_tokens > 1_000
    reader.close()
