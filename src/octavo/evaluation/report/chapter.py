"""What a report says of one section, ready to be written down in any form: tables and pictures.

Knows nothing of how they came about, nor of the forms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from octavo.evaluation.report.sections import Section
from octavo.evaluation.report.tables import Table

if TYPE_CHECKING:
    from octavo.evaluation.report.picture import Picture


@dataclass(frozen=True, slots=True)
class Chapter:
    """A section with its tables, the scores first."""

    section: Section
    tables: Sequence[Table]
    curves: Sequence[Picture]
    heat_maps: Sequence[Picture]
