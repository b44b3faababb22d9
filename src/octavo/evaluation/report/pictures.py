"""Which pictures a section has: only those that make sense for what was asked.

Knows what can be drawn; nothing of how. Needs the extra `eval`.
"""

from __future__ import annotations

from collections.abc import Iterator

from octavo.evaluation.report.curve import curve_caption, draw_curve, has_curve
from octavo.evaluation.report.heat_map import draw_heat_map, has_heat_map, heat_map_caption
from octavo.evaluation.report.picture import Picture, picture_of
from octavo.evaluation.report.sections import Section
from octavo.evaluation.report.tables import facet_slices, slices_with_all


def curves_of(section: Section, name: str) -> Iterator[Picture]:
    """All methods in one picture: for the whole section, and for each task and language where they differ. The names
    begin with `name`, and no two are the same."""
    drawn = (chosen for chosen in slices_with_all(section) if has_curve(section, chosen))
    for number, chosen in enumerate(drawn, start=1):
        own = "-".join([name, "curve", str(number), *map(str, chosen.values())])
        yield picture_of(draw_curve(section, chosen), own, curve_caption(section, chosen))


def heat_maps_of(section: Section, name: str) -> Iterator[Picture]:
    """A picture for each method, and for each task and language where they differ. Names as those of the curves."""
    pairs = ((series, chosen) for chosen in facet_slices(section) for series in section.series)
    drawn = (pair for pair in pairs if has_heat_map(section, *pair))
    for number, (series, chosen) in enumerate(drawn, start=1):
        own = "-".join([name, "heat-map", str(number), *map(str, chosen.values()), series.name])
        yield picture_of(draw_heat_map(section, series, chosen), own, heat_map_caption(section, series, chosen))
