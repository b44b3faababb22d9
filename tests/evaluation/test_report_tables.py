"""Runs side by side in tables: what is one series, what stands in a row, how it is written."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from octavo.evaluation.report.conditions import length_words, size_of, value_words
from octavo.evaluation.report.groups_csv import groups_csv
from octavo.evaluation.report.runs import read_runs
from octavo.evaluation.report.sections import Section, sections_of
from octavo.evaluation.report.table_text import as_markdown, as_text
from octavo.evaluation.report.tables import Table, tables_of
from tests.evaluation.made_runs import made_run


def half_right(_method: str, _conditions: Mapping[str, Any]) -> list[float]:
    return [1.0, 0.0]


def sections(*folders: Path) -> list[Section]:
    return sections_of(read_runs(folders))


def table(section: Section, title: str) -> Table:
    return next(each for each in tables_of(section) if each.title.startswith(title))


@pytest.mark.parametrize(
    ("lengths", "written"),
    [
        ([8000, 32000, 128000, 1_000_000], ["8k", "32k", "128k", "1M"]),
        ([8192, 131_072, 1_048_576], ["8k", "128k", "1M"]),
        ([500, 1500, 31_877, 1_140_000], ["500", "1.5k", "31.9k", "1.14M"]),
        ([8000, 8192], ["8,000", "8,192"]),
        (["16k", "256k"], ["16k", "256k"]),
    ],
)
def test_lengths_are_written_as_people_say_them(lengths: list[Any], written: list[str]) -> None:
    assert length_words(lengths) == written


def test_lengths_in_words_have_a_size_and_other_words_none() -> None:
    assert [size_of(value) for value in ("16k", "1M", 8000, "k", "long", "nan", True, None)] == [
        *(16_000, 1_000_000, 8_000),
        *(None,) * 5,
    ]


def test_depths_are_per_cent() -> None:
    assert value_words("depth", [0, 12.5, 100]) == ["0 %", "12.5 %", "100 %"]


def test_one_model_is_not_named_and_two_are(tmp_path: Path) -> None:
    one = made_run(tmp_path / "one", half_right, {"length": [8000]})
    two = made_run(tmp_path / "two", half_right, {"length": [8000]}, description={"model": "large-7b"})
    assert [series.name for series in sections(one)[0].series] == ["native", "read"]
    assert [series.name for series in sections(one, two)[0].series] == [
        "tiny-1b · native",
        "tiny-1b · read",
        "large-7b · native",
        "large-7b · read",
    ]


def test_runs_on_other_texts_stay_apart_and_it_is_said(tmp_path: Path) -> None:
    settings = {"lengths": [8000], "seed": 0, "haystacks": {"en": "book a"}}
    runs = [
        made_run(tmp_path / name, half_right, {"length": [length]}, methods=("read",), description={"settings": its})
        for name, length, its in (
            ("one", 8000, settings),
            ("more", 32000, {**settings, "lengths": [32000], "haystacks": {"en": "book a", "zh": "book z"}}),
            ("other", 64000, {**settings, "lengths": [64000], "haystacks": {"en": "book b"}}),
        )
    ]
    (section,) = sections(*runs)
    assert [(series.name, series.whole.items) for series in section.series] == [
        ("tiny-1b · read · one", 4),
        ("tiny-1b · read · other", 2),
    ]
    assert "The runs differ in haystacks: their questions are not the same" in table(section, "Scores").note
    (alone,) = sections(runs[0])
    assert "differ" not in table(alone, "Scores").note


def test_what_the_benchmark_makes_of_its_means_has_a_table(tmp_path: Path) -> None:
    conditions = {"task": ["s_rt", "m_rt", "m_rs"], "language": ["en"]}
    run = made_run(
        tmp_path / "one",
        lambda _, at: [1.0] * 8 if at["task"] == "m_rs" else [0.0, 0.5],
        conditions,
        task="needlebench-v2",
        measures=("score",),
    )
    (section,) = sections(run)
    totals = table(section, "The benchmark's own totals")
    assert (totals.head, totals.rows[0]) == (("method", "overall en"), ("native", "50.0"))
    assert table(section, "Scores").rows[0][1].startswith("75.0")


def test_a_run_made_in_two_folders_is_one_series_again(tmp_path: Path) -> None:
    short = made_run(tmp_path / "short", half_right, {"length": [8000]})
    long = made_run(tmp_path / "long", half_right, {"length": [32000]}, methods=("read",))
    (section,) = sections(short, long)
    assert [(series.name, series.whole.items) for series in section.series] == [("native", 2), ("read", 4)]


@pytest.mark.parametrize(
    "other",
    [
        {"length": [8000]},  # the same questions again
        {"length": [32000]},  # others, but set otherwise
    ],
)
def test_what_is_not_one_run_stays_apart_and_is_named_by_its_folder(other: dict[str, Any], tmp_path: Path) -> None:
    def described(window: int) -> dict[str, Any]:
        return {"methods": [{"method": "read", "window": window}]}

    one = made_run(tmp_path / "one", half_right, {"length": [8000]}, methods=("read",), description=described(4096))
    two = made_run(tmp_path / "two", half_right, other, methods=("read",), description=described(8192))
    assert [series.name for series in sections(one, two)[0].series] == ["tiny-1b · read · one", "tiny-1b · read · two"]


def test_unlike_tasks_are_sections_of_their_own(tmp_path: Path) -> None:
    needle = made_run(tmp_path / "needle", half_right, {"length": [8000]})
    ruler = made_run(tmp_path / "ruler", half_right, {"length": [8000]}, task="ruler-style", measures=("recall", "f1"))
    assert [(section.task, section.headline) for section in sections(needle, ruler)] == [
        ("needle-style", "keyword_found"),
        ("ruler-style", "recall"),
    ]


def test_the_first_table_has_every_measure_with_its_interval_and_the_failures(tmp_path: Path) -> None:
    (section,) = sections(made_run(tmp_path, half_right, {"length": [8000]}, measures=("official", "rougeL")))
    scores = tables_of(section)[0]
    assert scores.head == ("method", "official", "rougeL", "items", "failed")
    assert scores.rows[0] == ("native", "50.0 [40.0, 60.0]", "50.0 [40.0, 60.0]", "2", "0")


def test_a_run_that_stopped_early_is_named_under_its_scores(tmp_path: Path) -> None:
    (section,) = sections(made_run(tmp_path / "run", half_right, {"length": [8000]}, complete=False))
    assert tables_of(section)[0].note.splitlines()[0] == "run stopped before its last item"


def test_cost_is_told_for_one_item(tmp_path: Path) -> None:
    (section,) = sections(made_run(tmp_path, half_right, {"length": [8000]}))
    assert table(section, "Cost").rows[0] == ("native", "2.0", "1.0", "3,000", "20", "1.2")


def test_the_headline_stands_by_length_and_by_all_else_that_differs(tmp_path: Path) -> None:
    def right(method: str, conditions: Mapping[str, Any]) -> list[float]:
        return [1.0] if method == "read" or conditions["length"] == 8000 else [0.0]

    conditions: dict[str, list[Any]] = {
        "length": [32000, 8000],
        "depth": [0, 50, 100],
        "language": ["en"],
        "dataset": ["a", "b"],
    }
    (section,) = sections(made_run(tmp_path, right, conditions))
    titles = [each.title for each in tables_of(section)]
    assert titles[1:4] == ["Keyword found by length", "Keyword found by depth", "Keyword found by dataset"]
    by_length = table(section, "Keyword found by length")
    assert by_length.head == ("length", "native", "read")
    # 6 of 6 by Wilson: 6 / (6 + 1.96²) = 61.0 %
    assert by_length.rows == (
        ("8k", "100.0 [61.0, 100.0]", "100.0 [61.0, 100.0]"),
        ("32k", "0.0 [0.0, 39.0]", "100.0 [61.0, 100.0]"),
    )


def test_each_task_and_language_has_its_own_table_by_length(tmp_path: Path) -> None:
    conditions: dict[str, list[Any]] = {"length": [8000, 32000], "task": ["S-RT", "M-RT"], "language": ["en", "zh"]}
    (section,) = sections(made_run(tmp_path, half_right, conditions))
    assert [each.title for each in tables_of(section) if "by length" in each.title] == [
        "Keyword found by length",
        "Keyword found by length (task M-RT, language en)",
        "Keyword found by length (task M-RT, language zh)",
        "Keyword found by length (task S-RT, language en)",
        "Keyword found by length (task S-RT, language zh)",
    ]


def test_what_does_not_compare_like_with_like_is_marked(tmp_path: Path) -> None:
    def right(method: str, conditions: Mapping[str, Any]) -> list[float]:
        asked = method == "native" or (conditions["task"] == "S-RT" and conditions["length"] < 100_000)
        return [1.0] if asked else []

    conditions: dict[str, list[Any]] = {"length": [8000, 128_000], "task": ["S-RT", "M-RT"]}
    (section,) = sections(made_run(tmp_path, right, conditions))
    assert [row[0] for row in tables_of(section)[0].rows] == ["native", "read\N{NO-BREAK SPACE}†"]
    by_length = table(section, "Keyword found by length")
    assert [row[2] for row in by_length.rows] == ["100.0 [90.0, 100.0]\N{NO-BREAK SPACE}†", "–"]
    assert by_length.note.startswith("† asked under fewer conditions")


def test_text_is_aligned_also_with_wide_letters_and_names_of_parts_stand_in_lines() -> None:
    shown = Table("Title", ("method", "模型 · read", "n"), (("检索", "5.0", "10"), ("b", "50.0", "9")), "note")
    assert as_text(shown).splitlines() == [
        "Title",
        "        模型",
        "method  read   n",
        "------  ----  --",
        "检索     5.0  10",
        "b       50.0   9",
        "note",
    ]


def test_markdown_keeps_names_as_they_are() -> None:
    shown = Table("Scores", ("method", "f1"), (("a|b_*c*", "5.0"),))
    assert as_markdown(shown).splitlines() == [
        "**Scores**",
        "",
        "| method      |  f1 |",
        "| ----------- | --: |",
        r"| a\|b\_\*c\* | 5.0 |",
    ]


def test_the_file_of_numbers_has_a_line_for_each_group_of_each_run(tmp_path: Path) -> None:
    needle = made_run(tmp_path / "needle", half_right, {"length": [8000, 32000], "depth": [0, None]})
    ruler = made_run(tmp_path / "ruler", half_right, {"kind": ["a, b"]}, task="ruler-style", measures=("recall",))
    lines = list(csv.DictReader(io.StringIO(groups_csv(sections(needle, ruler)))))
    assert len(lines) == 2 * 4 + 2
    assert list(lines[0])[:9] == [
        *("benchmark", "series", "method", "model", "run", "length", "depth", "kind", "items"),
    ]
    first, second, last = lines[0], lines[1], lines[-1]
    assert {key: first[key] for key in ("length", "depth", "keyword_found", "keyword_found_low", "recall")} == {
        "length": "8000",
        "depth": "0",
        "keyword_found": "0.5",
        "keyword_found_low": "0.4",
        "recall": "",
    }
    assert (first["prompt_tokens"], first["seconds"], second["depth"]) == ("6000", "2.5", "")
    assert (last["benchmark"], last["run"], last["kind"], last["recall"]) == ("ruler-style", "ruler", "a, b", "0.5")
