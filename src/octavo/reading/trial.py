"""A level on trial: its work is shown, its answer is held back until it is known to stand.

Knows events; nothing of levels.
"""

from __future__ import annotations

from octavo.reading.answer import Answer
from octavo.reading.events import AnswerDelta, Event, Warned
from octavo.reading.session import Session


class Trial:
    """The `session` to work in: pieces of an answer and warnings about it are kept, all else is passed on."""

    def __init__(self, session: Session) -> None:
        self._outer = session
        self._held: list[AnswerDelta | Warned] = []
        self.session = session.aside(emit=self._emit)

    async def _emit(self, event: Event) -> None:
        if isinstance(event, (AnswerDelta, Warned)):
            self._held.append(event)
        else:
            await self._outer.emit(event)

    async def stand(self, answer: Answer, *, instead: str = "") -> Answer:
        """Show what was held back, and give the answer back. The text `instead` is shown in place of the pieces that
        were kept, after the warnings."""
        for event in self._held:
            if isinstance(event, Warned):
                await self._outer.warn(event.message)
            elif not instead:
                await self._outer.emit(event)
        if instead:
            await self._outer.emit(AnswerDelta(instead))
        return answer
