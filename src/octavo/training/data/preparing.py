"""The data of a recipe as rows of tokens, arranged in stages: all that there is to know before a model is loaded.

Every text becomes tokens once; the rows lie on disk while they are trained. Knows samples, templates and lengths.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octavo.training.data.lengths import StageData, arrange, measure
from octavo.training.data.rows import Fingerprint, RowsWriter
from octavo.training.data.samples import Sample, read_samples
from octavo.training.data.templates import Encoded, Template, encode
from octavo.training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Prepared:
    """What each stage trains, and the fingerprint of all rows of tokens. The rows of the short data follow those of
    the data, of which there are `samples`."""

    stages: tuple[StageData, ...]
    samples: int
    fingerprint: str

    def rows(self, stage: int) -> list[int]:
        """The numbers of a stage's rows (the first stage is 1), in the order of showing."""
        return [sample.index + (self.samples if sample.short else 0) for sample in self.stages[stage - 1].samples]


def prepare(recipe: Recipe, tokenizer: Any, template: Template, rows: Path | None = None) -> Prepared:
    """Read and tokenize the data, and write it to the file `rows` where one is given.

    Raises `TrainingError` for samples that cannot be learned from, or would be cut.
    """
    fingerprint = Fingerprint()
    with ExitStack() as stack:
        writer = stack.enter_context(RowsWriter(rows)) if rows is not None else None

        def encoded(sample: Sample) -> Encoded:
            row = encode(tokenizer, template, sample)
            fingerprint.add(row)
            if writer is not None:
                writer.add(row)
            return row

        long = measure(read_samples(recipe.data), encoded, recipe.longest)
        short = measure(read_samples(recipe.short_data), encoded, recipe.stages[0].length, short=True)
    stages = arrange(
        recipe.stages, long, short, short_share=recipe.short_share, seed=recipe.seed, together=recipe.micro_batch
    )
    return Prepared(tuple(stages), len(long), fingerprint.hex)
