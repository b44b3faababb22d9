"""Level 3, `reason`: what one reading cannot answer is asked in parts, until memory holds the answer.

    question ── plan ── enough? ────────────────────────── answer from the evidence of every part
                 │ sub-questions
                 └── one pass over all chunks (level 2) ── answers and evidence into memory ── plan ...

The model plans, by schema; everything else is code. The loop ends when the model says that what is known suffices, when
it asks nothing new, after `steps` steps, or with the budget; then the question is answered from what there is, and why
it ended is said. The evidence of every part reaches the final prompt as text. Knows nothing of how chunks are read.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from octavo.documents.chunks import Chunk
from octavo.errors import BudgetExhausted
from octavo.models.chat import ToolCall
from octavo.reading.analysing import analyse_question
from octavo.reading.answer import Answer, Coverage, Finding, Step
from octavo.reading.answering import Packer, notes_room
from octavo.reading.concluding import conclude, not_found
from octavo.reading.events import SubQuestionAnswered, SubQuestionAsked, ToolCalled
from octavo.reading.levels import RANKED, Lookup, found_packer, read_level, without_deltas
from octavo.reading.memory import Entry, Memory, asked_plainly
from octavo.reading.planning import Plan, Planner
from octavo.reading.question import QuestionAnalysis
from octavo.reading.retrieve import rank_for_question
from octavo.reading.session import Session
from octavo.reading.sufficing import borne_out
from octavo.reading.tools.toolbox import Toolbox
from octavo.reading.trial import Trial
from octavo.reading.workers import work_through
from octavo.retrieval.fusion import interleave

_LONGEST_QUESTION = 400

_NOTES_SHARE = 0.2
"""Of the window, what the answers to the sub-questions may take in the final prompt; the rest is for the evidence."""


async def reason_level(session: Session, analysis: QuestionAnalysis, before: Lookup | None = None) -> Answer:
    """Answer by sub-questions. `before` is what reading for the question itself came to, where that was done already.

    Raises `ModelError` where no call can succeed.
    """
    return await _Reasoning(session, analysis, before).run()


class _Reasoning:
    """One question on its way through the loop."""

    def __init__(self, session: Session, analysis: QuestionAnalysis, before: Lookup | None) -> None:
        self.session = session
        self.analysis = analysis
        self.tools = session.toolbox or Toolbox((), session.model.tokenizer)
        self.planner = Planner(session, analysis.question, self.tools, self._kept_for_the_end)
        self.memory = Memory()
        self.lookups: list[Lookup] = []
        self.steps: list[Step] = []
        self.tool_chunks: list[Chunk] = []
        self.calls_made: set[str] = set()
        self.tools_gave = False
        if before is not None:
            self._remember(before)

    async def run(self) -> Answer:
        enough, one_by_one = False, True
        for number in range(1, self.session.options.steps + 1):
            try:
                plan = await self.planner.next(self._known)
            except BudgetExhausted:
                self.session.budget_exhausted = True
                break
            questions, calls = self._new_questions(plan), self._new_calls(plan)
            one_by_one &= len(questions) < 2 and not calls
            if plan.enough and self.memory.entries:
                enough = True
                break
            if not questions and not calls and self.memory.entries:
                again = plan.questions or plan.calls
                what = "asks again what was asked already" if again else "proposes nothing more to look up"
                await self.session.warn(f"the model {what}; answering from what was found")
                break
            await self._call(number, calls)
            if questions or not calls:
                # Before anything is known, nothing is enough: then the question itself is looked up.
                await self._look_up(number, questions or [self.analysis.question])
            if self.session.budget_exhausted:
                break
        else:
            steps = self.session.options.steps
            await self.session.warn(
                f"no end after {steps} step{'s' if steps > 1 else ''}; answering from what was found (--steps allows "
                "more)"
            )
        end = self._end_of_the_chain() if enough and one_by_one else None
        return replace(await self._conclude(end), steps=tuple(self.steps))

    def _known(self, room: int) -> str:
        return self.memory.told(room, self.session.model.tokenizer.count)

    def _new_questions(self, plan: Plan) -> list[str]:
        """What was not asked yet, each once."""
        kept: dict[str, str] = {}
        for question in plan.questions:
            line = " ".join(question.split())
            if line and len(line) <= _LONGEST_QUESTION and not self.memory.knows(line):
                kept.setdefault(asked_plainly(line), line)
        return list(kept.values())

    def _new_calls(self, plan: Plan) -> list[ToolCall]:
        """Calls that were not made yet, each once: other arguments, be it by a sign, make another call."""
        calls = {called(call): call for call in plan.calls}
        return [call for name, call in calls.items() if name not in self.calls_made]

    def _kept_for_the_end(self) -> int:
        """Tokens of the budget that the parts leave for the final prompt: a full one, at most a quarter of what is
        left."""
        left = self.session.tokens_left()
        return 0 if left is None else min(self.session.window, max(left, 0) // 4)

    # --- one step ---------------------------------------------------------------------------------------------------

    async def _look_up(self, step: int, questions: Sequence[str]) -> None:
        for question in questions:
            await self.session.emit(SubQuestionAsked(step, question))
        analyses = await self._analysed(questions)
        # A sub-question stands alone: a conversation would only take room from its passages.
        part = replace(self.session.aside(keep=self._kept_for_the_end()), history=(), history_documents=())
        own = part.aside(emit=without_deltas(self.session.emit))
        for lookup in await read_level(part, analyses, [own] * len(analyses)):
            answer = lookup.answer
            if lookup.error is not None:
                await self.session.warn(f"no answer to {answer.question!r}: {lookup.error}")
            self._remember(lookup)
            await self.session.emit(
                SubQuestionAnswered(step, answer.question, answer.text, answer.found, answer.citations)
            )

    async def _analysed(self, questions: Sequence[str]) -> list[QuestionAnalysis]:
        """All of them at once, as far as the budget allows."""
        analyses: dict[str, QuestionAnalysis] = {}

        async def analyse(question: str) -> None:
            analyses[question] = QuestionAnalysis.plain(question)
            with suppress(BudgetExhausted):
                analyses[question] = await analyse_question(self.session, question)

        await work_through(questions, analyse, len(questions))
        return [analyses[question] for question in questions]

    def _remember(self, lookup: Lookup) -> None:
        """Keep what a part came to. What a small model answers and nothing bears out is shown as a step, but is not
        known: neither plans nor the final answer build on it."""
        answer = lookup.answer
        found = bool(answer.found) and (borne_out(answer) or not self.session.options.cited_by_code)
        quotes = tuple(dict.fromkeys(citation.quote for citation in answer.citations))
        self.memory.add(Entry(answer.question, answer.text, quotes, found=found))
        self.lookups.append(lookup)
        self.steps.append(Step(answer.question, answer.text, answer.citations))

    async def _call(self, step: int, calls: Sequence[ToolCall]) -> None:
        """Call tools, one after the other: what one changes, the next may need. One that fails costs its call."""
        for call in calls:
            outcome = await self.tools.run(call)
            name = called(call)
            self.calls_made.add(name)
            self.memory.add(Entry(name, outcome.text))
            self.tool_chunks.extend(outcome.chunks)
            self.tools_gave |= not outcome.failed
            self.steps.append(Step(name, outcome.text))
            await self.session.emit(ToolCalled(step, name, outcome.text, outcome.failed))

    # --- the end ----------------------------------------------------------------------------------------------------

    async def _conclude(self, end: Answer | None) -> Answer:
        """Answer the question from all that was found; `end` stands in place of an answer that nothing bears out."""
        coverage = self._coverage()
        exhaustive = any(lookup.answer.question == self.analysis.question for lookup in self.lookups)
        evidence = self._evidence()
        if not evidence and self.tools_gave:  # a prompt has passages: those that come nearest to the question
            evidence = await asyncio.to_thread(rank_for_question, self.session.corpus, self.analysis, limit=RANKED)
        if not evidence:
            return not_found(self.session, self.analysis, "reason", coverage, exhaustive=exhaustive)
        room = notes_room(self.session, self.analysis, _NOTES_SHARE)
        notes = await asyncio.to_thread(self.memory.told, room, self.session.model.tokenizer.count)
        trial = Trial(self.session) if end is not None else None
        answer = await conclude(
            self.session if trial is None else trial.session,
            replace(self.analysis, notes=notes),
            self._packer(evidence),
            "reason",
            lambda _: coverage,
            must_be_shown={chunk for lookup in self.lookups for chunk in lookup.found},
            exhaustive=exhaustive,
        )
        if end is None or trial is None:
            return answer
        if borne_out(answer):
            return await trial.stand(answer)
        return replace(end, question=self.analysis.question, level="reason", coverage=coverage)

    def _end_of_the_chain(self) -> Answer | None:
        """The answer to the last sub-question, where it may stand for that to the question: one sub-question led to the
        next until what was known sufficed, and the last has an answer with a place that bears it out. Only a small
        model (one that is not asked to cite) needs it: it finds its way along a chain more surely than it puts one
        together."""
        last = self.lookups[-1].answer if self.lookups else None
        usable = last is not None and last.found and borne_out(last)
        return last if usable and self.session.options.cited_by_code else None

    def _packer(self, ranked: Sequence[Chunk]) -> Packer:
        """Packs the best of `ranked`; the places that the answers to the sub-questions cite in any case."""
        cited = [
            Finding(lookup.answer.question, chunk, (citation.span,))
            for lookup in self.lookups
            for citation in lookup.answer.citations
            for chunk in lookup.cited
            if chunk.document_id == citation.document.id and chunk.span.overlaps(citation.span)
        ]
        return found_packer(self.session, ranked, cited)

    def _evidence(self) -> list[Chunk]:
        """What the final prompt is packed from: the cited chunks of every part in turn, then what else was found."""
        cited = interleave([lookup.cited for lookup in self.lookups])
        found = interleave([lookup.ranked for lookup in self.lookups])
        return list(dict.fromkeys((*cited, *interleave([self.tool_chunks, found]))))[:RANKED]

    def _coverage(self) -> Coverage:
        """A chunk counts as read that every pass read."""
        passes = [lookup.answer.coverage for lookup in self.lookups]
        chunks = len(self.session.corpus.chunks)
        read = min((coverage.read for coverage in passes), default=0)
        failed = min(chunks - read, max((coverage.failed for coverage in passes), default=0))
        relevant = len({chunk for lookup in self.lookups for chunk in lookup.found})
        return Coverage(chunks=chunks, read=read, relevant=relevant, failed=failed, skipped=chunks - read - failed)


def called(call: ToolCall) -> str:
    """A call as a line."""
    arguments = call.said if call.arguments is None else json.dumps(call.arguments, ensure_ascii=False, sort_keys=True)
    return f"{call.name}({arguments})"
