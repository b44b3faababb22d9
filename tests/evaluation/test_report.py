"""The report as a whole: its files, its page, its command."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from octavo.cli.evaluation.report import report
from octavo.errors import EvaluationError, MissingExtra, UsageError
from octavo.evaluation.report.report import write_report
from tests.evaluation.made_runs import made_run

CONDITIONS = {"length": [8000, 32000], "depth": [0, 100]}


def half_right(_method: str, _conditions: Mapping[str, Any]) -> list[float]:
    return [1.0, 0.0]


def test_a_report_stands_in_the_first_runs_folder_with_all_its_files(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", half_right, CONDITIONS)
    written = write_report([run])
    assert written.folder == run / "report"
    files = sorted(str(file.relative_to(written.folder)) for file in written.folder.rglob("*") if file.is_file())
    assert files == [
        "groups.csv",
        "pictures/1-needle-style-curve-1.png",
        "pictures/1-needle-style-curve-1.svg",
        "pictures/1-needle-style-heat-map-1-native.png",
        "pictures/1-needle-style-heat-map-1-native.svg",
        "pictures/1-needle-style-heat-map-2-read.png",
        "pictures/1-needle-style-heat-map-2-read.svg",
        "report.html",
        "report.md",
    ]
    linked = re.findall(r"\]\((pictures/.*?)\)", (written.folder / "report.md").read_text(encoding="utf-8"))
    assert linked == [file for file in files if file.endswith(".png")]


def test_where_nothing_can_be_drawn_there_is_no_folder_of_pictures(tmp_path: Path) -> None:
    written = write_report([made_run(tmp_path, half_right, {"hops": [2, 4]})])
    assert sorted(path.name for path in written.folder.iterdir()) == ["groups.csv", "report.html", "report.md"]


def test_the_page_needs_nothing_beside_itself(tmp_path: Path) -> None:
    page = write_report([made_run(tmp_path, half_right, CONDITIONS)]).page.read_text(encoding="utf-8")
    tree = LexborHTMLParser(page)
    assert tree.css("script, link, iframe, object") == []
    assert {(image.attributes["src"] or "")[:26] for image in tree.css("img")} == {"data:image/svg+xml;base64,"}
    assert "url(" not in page and "@import" not in page
    assert all(image.attributes["alt"] for image in tree.css("img"))
    assert tree.css_first("meta[name=viewport]") is not None


def test_the_page_has_tables_pictures_and_what_was_run(tmp_path: Path) -> None:
    described = {"command": "octavo eval needle --lengths 8k,32k", "started": "2026-11-21", "tokenizer": "tiny"}
    tree = LexborHTMLParser(
        write_report([made_run(tmp_path, half_right, CONDITIONS, description=described)]).page.read_text("utf-8")
    )
    captions = [caption.text() for caption in tree.css("caption")]
    assert captions[:3] == ["Scores: %, with the 95 % interval", "Keyword found by length", "Keyword found by depth"]
    assert len(tree.css("figure")) == 3
    assert [pre.text() for pre in tree.css("details pre")] == ["octavo eval needle --lengths 8k,32k"]
    facts = dict(zip([each.text() for each in tree.css("dt")], [each.text() for each in tree.css("dd")], strict=True))
    assert (facts["started"], facts["tokenizer"], facts["model: name"]) == ("2026-11-21", "tiny", "tiny-1b")


def test_unlike_tasks_have_chapters_that_the_page_lists(tmp_path: Path) -> None:
    needle = made_run(tmp_path / "needle", half_right, CONDITIONS)
    ruler = made_run(tmp_path / "ruler", half_right, {"length": [4000]}, task="ruler-style")
    written = write_report([needle, ruler], tmp_path / "out")
    tree = LexborHTMLParser(written.page.read_text(encoding="utf-8"))
    assert [(link.text(), link.attributes["href"]) for link in tree.css("nav a")] == [
        ("needle-style", "#benchmark-1"),
        ("ruler-style", "#benchmark-2"),
    ]
    assert len(tree.css("#benchmark-1 img, #benchmark-2 table")) == 3 + 3
    assert "needle-style\n============\n" in written.text and "ruler-style\n===========\n" in written.text


def test_names_are_text_and_never_markup(tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)>\"'"
    run = made_run(tmp_path, half_right, CONDITIONS, methods=(evil,), description={"model": {"name": evil}})
    written = write_report([run])
    tree = LexborHTMLParser(written.page.read_text(encoding="utf-8"))
    assert all((image.attributes["src"] or "").startswith("data:") for image in tree.css("img"))
    assert tree.css("tbody th")[0].text() == evil
    assert "<img" not in (written.folder / "report.md").read_text(encoding="utf-8").replace(r"\<img", "")


def test_the_same_runs_make_the_same_report(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", half_right, CONDITIONS)
    one, two = (write_report([run], tmp_path / name).folder for name in ("one", "two"))
    files = [file.relative_to(one) for file in one.rglob("*") if file.is_file()]
    assert [file for file in files if (one / file).read_bytes() != (two / file).read_bytes()] == []


def test_the_command_prints_the_tables_and_says_where_the_page_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = made_run(tmp_path, half_right, {"length": [8000]})
    assert report([run], tmp_path / "out") == 0
    out, err = capsys.readouterr()
    assert out.startswith("needle-style\n============\n\nScores: %, with the 95 % interval\n")
    assert err == f"octavo: tables, numbers and a page with all of them: {tmp_path / 'out' / 'report.html'}\n"


def test_the_command_speaks_of_pictures_where_there_are_some(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report([made_run(tmp_path, half_right, CONDITIONS)], tmp_path / "out") == 0
    assert capsys.readouterr().err.startswith("octavo: tables, pictures, numbers and a page with all of them: ")


def test_without_runs_or_a_place_to_write_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run to report"):
        write_report([])
    run = made_run(tmp_path / "run", half_right, {"length": [8000]})
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"cannot be written there .*; name another folder with --out"):
        write_report([run], tmp_path / "file")


def test_without_matplotlib_it_names_the_extra_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = made_run(tmp_path, half_right, {"length": [8000]})
    for name in ("pictures", "curve", "heat_map", "picture"):
        monkeypatch.delitem(sys.modules, f"octavo.evaluation.report.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"octavo\[eval\]"):
        write_report([run])
