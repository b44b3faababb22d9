"""How much of NeedleBench is asked for.

Plain data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from octavo.evaluation.names import Language
from octavo.evaluation.tasks.needlebench.definition import Definition, TaskName


@dataclass(frozen=True, slots=True)
class Scope:
    """Lengths in tokens, depths in percent; `repeats` and `buffer` are those of the definition where they are None.
    `snap` moves needles to sentence boundaries."""

    definition: Definition
    lengths: tuple[int, ...]
    depths: tuple[float, ...]
    repeats: int | None
    reasoning_needles: tuple[int, ...]
    trace_needles: tuple[int, ...]
    buffer: int | None
    snap: bool

    def repeats_of(self, task: TaskName) -> range:
        """The numbers of a task's repeats, from 0."""
        return range(self.definition.repeats[task] if self.repeats is None else self.repeats)

    @property
    def hardest(self) -> Scope:
        """As little of it as needs the same needles, names and records, and as much text."""
        return replace(
            self,
            lengths=tuple(sorted(self.lengths)[-1:]),
            depths=self.depths[:1],
            repeats=1,
            trace_needles=tuple(sorted(self.trace_needles)[-1:]),
        )

    def room(self, length: int, task: TaskName, language: Language) -> int:
        """Tokens of context at a length: what the buffer for question and answer leaves, 0 where it leaves none."""
        buffer = self.definition.buffers[task, language] if self.buffer is None else self.buffer
        return max(0, length - buffer)
