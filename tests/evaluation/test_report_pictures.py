"""The pictures: which there are, what stands in them, and that it can be read."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.text import Text

from octavo.evaluation.report.curve import curve_caption, draw_curve
from octavo.evaluation.report.heat_map import cell_text, draw_heat_map, heat_map_caption, text_colour
from octavo.evaluation.report.picture import drawable, picture_of
from octavo.evaluation.report.pictures import curves_of, heat_maps_of
from octavo.evaluation.report.runs import read_runs
from octavo.evaluation.report.sections import Section, sections_of
from tests.evaluation.made_runs import Right, made_run

OFFICIAL_LENGTHS = [20_000, 160_000, 300_000, 440_000, 580_000, 720_000, 860_000, 1_000_000]


def half_right(_method: str, _conditions: Mapping[str, Any]) -> list[float]:
    return [1.0, 0.0]


def section_of(folder: Path, right: Right, conditions: Mapping[str, Any], **settings: Any) -> Section:
    (section,) = sections_of(read_runs([made_run(folder, right, conditions, **settings)]))
    return section


def texts(figure: Figure) -> list[Text]:
    figure.draw_without_rendering()
    return [text for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text() and text.get_visible()]


def said(figure: Figure) -> list[str]:
    return [text.get_text() for text in texts(figure)]


def assert_readable(figure: Figure) -> None:
    """Every text lies in the picture and on no other."""
    figure.draw_without_rendering()
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts(figure)]
    for text, box in boxes:
        inside = figure.bbox.padded(1)
        assert inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0 and box.y1 <= inside.y1, text
    for (text, box), (other, other_box) in combinations(boxes, 2):
        assert not box.padded(-0.5).overlaps(other_box.padded(-0.5)), (text, other)


def test_a_heat_map_has_its_number_in_each_cell_and_hatches_what_was_not_asked(tmp_path: Path) -> None:
    def right(_method: str, conditions: Mapping[str, Any]) -> list[float]:
        if conditions == {"length": 32000, "depth": 100}:
            return []
        return [1.0] * 3 if conditions["depth"] == 0 else [1.0, 0.0, 0.0]

    section = section_of(tmp_path, right, {"length": [8000, 32000], "depth": [0, 100]})
    figure = draw_heat_map(section, section.series[0], {})
    words = said(figure)
    assert [text for text in words if text in {"100", "33"}] == ["100", "100", "33"]
    assert {"8k", "32k", "0 %", "100 %", "native", "context length  (hatched: not asked)"} <= set(words)
    assert "needle-style\nkeyword found, %; 3 items a cell" in words
    assert figure.axes[0].patch.get_hatch() == "////"
    assert heat_map_caption(section, section.series[0], {}).endswith("; 77.8 % over what was asked")


def test_depth_0_stands_at_the_top(tmp_path: Path) -> None:
    section = section_of(tmp_path, half_right, {"length": [8000, 32000], "depth": [0, 50, 100]})
    bottom, top = draw_heat_map(section, section.series[0], {}).axes[0].get_ylim()
    assert (bottom, top) == (3, 0)


@pytest.mark.parametrize("share", [number / 100 for number in range(101)])
def test_a_cells_number_stands_out_from_its_colour(share: float) -> None:
    background = colormaps["cividis"](share)
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in background[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    contrast = {"black": (luminance + 0.05) / 0.05, "white": 1.05 / (luminance + 0.05)}
    assert contrast[text_colour(background)] >= 4.5  # what WCAG asks of text


def test_a_cell_says_0_or_100_only_where_that_is_exact() -> None:
    assert [cell_text(share) for share in (0.0, 0.001, 0.5, 0.999, 1.0)] == ["0", "1", "50", "99", "100"]


def test_a_curve_has_all_methods_and_leaves_out_what_is_not_like_the_others(tmp_path: Path) -> None:
    def right(method: str, conditions: Mapping[str, Any]) -> list[float]:
        left_out = method == "read" and conditions["length"] == 128_000 and conditions["task"] == "M-RT"
        return [] if left_out else [1.0, 0.0]

    conditions = {"length": [8000, 32000, 128_000], "task": ["S-RT", "M-RT"]}
    section = section_of(tmp_path, right, conditions)
    figure = draw_curve(section, {})
    assert {"8k", "32k", "128k", "native", "read", "0", "100"} <= set(said(figure))
    native, read = figure.axes[0].containers
    assert [len(line[0].get_xdata()) for line in (native, read)] == [3, 2]
    assert native[0].get_marker() != read[0].get_marker()
    assert native[0].get_linestyle() != read[0].get_linestyle()
    assert curve_caption(section, {}).endswith("points that cover only some of the conditions are left out")
    assert curve_caption(section, {"task": "S-RT"}).endswith("bars are 95 % intervals")


def test_lengths_stand_by_their_logarithm_or_side_by_side_where_they_have_none(tmp_path: Path) -> None:
    known = section_of(tmp_path / "known", half_right, {"length": ["16k", "32k", "128k"]})
    assert list(draw_curve(known, {}).axes[0].get_xticks()) == pytest.approx([13.9658, 14.9658, 16.9658], abs=1e-4)
    words = section_of(tmp_path / "words", half_right, {"length": ["long", "short", "16k"]})
    assert list(draw_curve(words, {}).axes[0].get_xticks()) == [0, 1, 2]


LONG_NAME = "a-laboratory/a-model-with-a-very-long-name-7b-instruct-1m-2026-11-21-q4_k_m"


@pytest.mark.parametrize(
    "methods", [("native",), tuple("abcdefghij"), (LONG_NAME, "read"), ("_hidden", "$x^$", "检索")]
)
def test_nothing_is_cut_off_or_covered_whatever_the_names(methods: tuple[str, ...], tmp_path: Path) -> None:
    conditions = {"length": OFFICIAL_LENGTHS, "depth": [0, 10, 21, 31, 42, 52, 63, 73, 84, 94, 100], "task": ["A B"]}
    section = section_of(tmp_path, half_right, conditions, methods=methods, task="a benchmark of a long name " * 3)
    curve = draw_curve(section, {})
    assert_readable(curve)
    assert len(curve.legends[0].get_texts()) == len(methods)
    assert_readable(draw_heat_map(section, section.series[0], {}))


def test_a_small_heat_map_is_readable_too(tmp_path: Path) -> None:
    section = section_of(tmp_path, half_right, {"length": [8000, 32000], "depth": [0, 100]}, methods=(LONG_NAME,))
    assert_readable(draw_heat_map(section, section.series[0], {}))


def test_what_the_font_lacks_is_a_box_and_a_dollar_no_formula() -> None:
    assert drawable("检索 $5 é") == r"□□ \$5 é"


@pytest.mark.parametrize(
    ("conditions", "curves", "heat_maps"),
    [
        ({"length": [8000]}, 0, 0),
        ({"length": [8000], "depth": [0, 50, 100]}, 0, 0),
        ({"length": [8000, 32000]}, 1, 0),
        ({"dataset": ["a", "b"]}, 0, 0),
        ({"length": [8000, 32000], "depth": [0, 100]}, 1, 2),
        ({"length": [8000, 32000], "depth": [0, 100], "language": ["en", "zh"]}, 3, 4),
    ],
)
def test_there_are_only_the_pictures_that_make_sense(
    conditions: dict[str, Any], curves: int, heat_maps: int, tmp_path: Path
) -> None:
    section = section_of(tmp_path, half_right, conditions)
    drawn = [*curves_of(section, "1-needle"), *heat_maps_of(section, "1-needle")]
    assert len(drawn) == curves + heat_maps
    assert len({picture.name for picture in drawn}) == len(drawn)


def test_a_method_that_was_not_asked_by_depth_has_no_heat_map(tmp_path: Path) -> None:
    def right(method: str, conditions: Mapping[str, Any]) -> list[float]:
        return [1.0] if (method == "native") == (conditions["depth"] is not None) else []

    section = section_of(tmp_path, right, {"length": [8000, 32000], "depth": [0, 100, None]})
    assert [picture.name for picture in heat_maps_of(section, "needle")] == ["needle-heat-map-1-native"]


def test_a_picture_is_the_same_bytes_every_time(tmp_path: Path) -> None:
    section = section_of(tmp_path, half_right, {"length": [8000, 32000]})
    one, two = (picture_of(draw_curve(section, {}), "Curve of $x/y", "") for _ in range(2))
    assert one == two
    assert one.name == "curve-of-x-y"
    assert one.png.startswith(b"\x89PNG") and b"<svg" in one.svg
