"""A conversation, from question to question, with a model that reads faithfully."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from octavo.errors import LibraryFull, RequestRejected, Unauthorized, UsageError
from octavo.library.library import Library
from octavo.models.chat import Completion, Message, Request, TokenUsage
from octavo.models.estimated_tokenizer import EstimatedTokenizer
from octavo.models.scripted import ScriptedModel
from octavo.reading.chat.chatting import Chat
from octavo.reading.chat.conversation import Conversation
from octavo.reading.chat.conversations import Conversations
from octavo.reading.events import Answered, Event, PassagesPacked, QuestionAnalysed, QuestionRewritten, Warned
from octavo.reading.options import Budget
from octavo.reading.reader import Reader
from tests.reading.conftest import FACT, QUESTION, Faithful, book

from .made_turns import START, conversation, turn

Make = Callable[..., tuple[Reader, Library]]

FOLLOW_UP = "And where did she hide it?"
STANDALONE = "Where did Amelia Voss hide the silver compass?"


@dataclass
class Rewriting(Faithful):
    """Reads faithfully, and rewrites follow-up questions to `rewritten`."""

    rewritten: str | Completion | Exception = field(default_factory=lambda: json.dumps({"question": STANDALONE}))

    def __call__(self, request: Request) -> str | Completion:  # type: ignore[override]
        if not is_rewriting(request):
            return super().__call__(request)
        self.requests.append(request)
        if isinstance(self.rewritten, Exception):
            raise self.rewritten
        return self.rewritten

    @property
    def rewritings(self) -> list[Request]:
        """The calls that asked for a question that stands alone."""
        return [request for request in self.requests if is_rewriting(request)]

    @property
    def answerings(self) -> list[Request]:
        """The calls that asked for an answer."""
        return [request for request in self.requests if request.schema is None]


def is_rewriting(request: Request) -> bool:
    return "question" in (request.schema or {}).get("properties", {})


@pytest.fixture
def model() -> Rewriting:
    return Rewriting()


@pytest.fixture
def chat(read_with: Make, model: Rewriting) -> Chat:
    """A conversation over a book with the fact in it, not begun yet."""
    return chat_with(read_with, model)


def chat_with(read_with: Make, reply: Callable[[Request], str | Completion], **options: object) -> Chat:
    reader, library = read_with(reply, book(1000, facts={700: FACT}), **options)
    return reader.chat(library)


def of_kind(events: Sequence[Event], kind: type) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


# --- one question after the other -----------------------------------------------------------------------------------


def test_a_first_question_is_asked_as_it_is(chat: Chat, model: Rewriting) -> None:
    events = list(chat.stream(QUESTION))
    assert model.rewritings == []
    assert of_kind(events, QuestionRewritten) == []
    (only,) = chat.conversation.turns
    assert (only.asked, only.standalone) == (QUESTION, QUESTION)
    assert isinstance(events[-1], Answered)
    assert only.answer == events[-1].answer
    assert only.answer.citations[0].quote == FACT


def test_a_follow_up_is_asked_in_words_that_stand_alone(chat: Chat, model: Rewriting) -> None:
    chat.ask(QUESTION)
    events = list(chat.stream(FOLLOW_UP))
    assert of_kind(events, QuestionRewritten) == [QuestionRewritten(FOLLOW_UP, STANDALONE)]
    (rewriting,) = model.rewritings
    shown = rewriting.messages[-1].content
    assert shown.startswith(f"User: {QUESTION}\n\nAssistant: The silver compass is hidden under the chapel floor.")
    assert shown.endswith(f"New question: {FOLLOW_UP}")
    assert f"Question: {STANDALONE}" in model.answerings[-1].messages[-1].content
    last = chat.conversation.turns[-1]
    assert (last.asked, last.standalone, last.answer.found) == (FOLLOW_UP, STANDALONE, True)


def test_turns_stand_between_the_instructions_and_the_passages_without_their_own(chat: Chat, model: Rewriting) -> None:
    chat.ask(QUESTION)
    chat.ask(FOLLOW_UP)
    system, question, answer, passages = model.answerings[-1].messages
    assert [system.role, passages.role] == ["system", "user"]
    assert question == Message("user", QUESTION)
    assert answer == Message("assistant", "The silver compass is hidden under the chapel floor.")
    assert passages.content.count(FACT) == 1
    (verdict,) = model.of_kind("sufficient")[1:]
    assert verdict.messages[:3] == (system, question, answer)


@pytest.mark.parametrize(
    "unusable",
    [
        "I cannot say.",
        '{"question": ""}',
        '{"question": " \\n "}',
        json.dumps({"question": "compass " * 200}),
        Completion(json.dumps({"question": "Where did Amelia"}), "length", TokenUsage(9, 9)),
        RequestRejected("no"),
    ],
)
def test_a_rewriting_that_cannot_be_used_leaves_the_question_as_it_is(
    chat: Chat, model: Rewriting, unusable: str | Completion | Exception
) -> None:
    model.rewritten = unusable
    chat.ask(QUESTION)
    events = list(chat.stream(FOLLOW_UP))
    assert of_kind(events, QuestionRewritten) == []
    assert chat.conversation.turns[-1].standalone == FOLLOW_UP


def test_a_wrong_key_is_told_at_once(chat: Chat, model: Rewriting) -> None:
    chat.ask(QUESTION)
    model.rewritten = Unauthorized("the key is wrong")
    with pytest.raises(Unauthorized):
        chat.ask(FOLLOW_UP)
    assert len(chat.conversation.turns) == 1


def test_a_long_question_says_itself_what_it_is_about(chat: Chat, model: Rewriting) -> None:
    chat.ask(QUESTION)
    chat.ask("And this? " + "The soldier had a candle. " * 100)
    assert model.rewritings == []


def test_without_analysis_by_the_model_a_short_question_is_searched_for_with_the_words_before_it(
    read_with: Make, model: Rewriting
) -> None:
    chat = chat_with(read_with, model, analyse=False)
    chat.ask(QUESTION, level="retrieve")
    events = list(chat.stream("And by whom?", level="retrieve"))
    assert model.rewritings == []
    (analysed,) = of_kind(events, QuestionAnalysed)
    assert isinstance(analysed, QuestionAnalysed)
    assert analysed.analysis.keywords == ("silver", "compass", "hidden")
    assert chat.conversation.turns[-1].answer.found is True
    (unaided,) = of_kind(list(chat.stream("Did the soldier sell a horse?", level="retrieve")), QuestionAnalysed)
    assert isinstance(unaided, QuestionAnalysed)
    assert unaided.analysis.keywords == ()


def test_a_question_that_fails_or_is_left_is_no_turn(read_with: Make, model: Rewriting) -> None:
    chat = chat_with(read_with, model)
    chat.ask(QUESTION)

    async def leave() -> None:
        async for _ in chat.astream(FOLLOW_UP):
            return

    asyncio.run(leave())
    with pytest.raises(UsageError, match="empty"):
        chat.ask(" ")
    assert len(chat.conversation.turns) == 1
    assert chat.ask(FOLLOW_UP).found is True


def test_an_account_counts_the_rewriting_and_those_of_all_turns_add_up(chat: Chat) -> None:
    first = chat.ask(QUESTION).usage
    second = chat.ask(FOLLOW_UP).usage
    assert second.calls == first.calls + 1
    assert chat.conversation.usage.calls == first.calls + second.calls
    assert chat.conversation.usage.prompt_tokens == first.prompt_tokens + second.prompt_tokens


def test_a_budget_that_pays_for_no_rewriting_is_reported_as_used_up(chat: Chat, model: Rewriting) -> None:
    chat.ask(QUESTION)
    answer = chat.ask(FOLLOW_UP, budget=Budget(tokens=50))
    assert answer.budget_exhausted
    assert model.rewritings == []
    assert chat.conversation.turns[-1].asked == FOLLOW_UP


# --- however long ---------------------------------------------------------------------------------------------------


class CountingTokenizer(EstimatedTokenizer):
    """Adds up what it is given to count."""

    characters = 0

    def count(self, text: str) -> int:
        self.characters += len(text)
        return super().count(text)

    def token_starts(self, texts: Sequence[str]) -> list[list[int]]:
        self.characters += sum(map(len, texts))
        return super().token_starts(texts)


def long_conversation(turns: int) -> Conversation:
    """So many turns of everyday talk, the third of which was about the fact."""
    begun = conversation()
    words = ("river", "garden", "window", "candle", "horse")
    talk = [
        turn(number, asked=f"And what of the {words[number % 5]}?", said=f"Nothing about the {words[number % 5]}. " * 8)
        for number in range(turns)
    ]
    talk[2] = turn(2, asked="Who hid it?", standalone="Who hid the silver compass?", said="Amelia Voss did [1].")
    return replace(begun, turns=tuple(talk))


def ask_after(turns: int, home: Path, window: int) -> tuple[Rewriting, CountingTokenizer, int]:
    """The calls, the counting and the largest prompt of one question after so many turns."""
    model, tokenizer = Rewriting(), CountingTokenizer(exact=True)
    scripted = ScriptedModel(model, window=window, tokenizer=tokenizer)
    reader = Reader(scripted, home=home)
    chat = reader.chat(Library(book(1000, facts={700: FACT}), home=home), long_conversation(turns))
    chat.ask(QUESTION)  # opens the documents
    tokenizer.characters = 0
    model.requests.clear()
    chat.ask(FOLLOW_UP)
    reader.close()
    return model, tokenizer, max(scripted.measure(request.messages) for request in model.requests)


@pytest.mark.parametrize("window", [4_096, 8_192])
def test_ten_thousand_turns_ask_no_more_of_the_model_than_a_hundred(tmp_path: Path, window: int) -> None:
    few, counted_for_few, prompt_after_few = ask_after(100, tmp_path / "few", window)
    many, counted_for_many, prompt_after_many = ask_after(10_000, tmp_path / "many", window)
    assert len(many.requests) == len(few.requests)
    assert prompt_after_many == pytest.approx(prompt_after_few, rel=0.1)
    assert prompt_after_many <= window
    assert counted_for_many.characters == pytest.approx(counted_for_few.characters, rel=0.1)
    (rewriting,) = many.rewritings
    assert len(rewriting.messages[-1].content) < 12_000


def test_what_was_said_ten_thousand_turns_ago_is_found_for_the_question_that_needs_it(tmp_path: Path) -> None:
    model, _, _ = ask_after(10_000, tmp_path, 4_096)
    _, question, answer, *_ = model.answerings[-1].messages
    assert question.content == "Earlier in this conversation: Who hid the silver compass?"
    assert answer.content == "Amelia Voss did."


@pytest.mark.parametrize("window", [2_048, 4_096, 16_384])
def test_at_least_half_of_the_room_stays_for_passages(read_with: Make, window: int) -> None:
    answered = Faithful(
        answer="The silver compass is hidden under the chapel floor [{number}]. " + "So it is said. " * 60
    )
    reader, library = read_with(answered, book(3000, facts={700: FACT}), window=window, analyse=False)
    chat = reader.chat(library, long_conversation(50))
    alone = list(reader.stream(library, QUESTION, level="retrieve"))
    in_chat = [list(chat.stream(QUESTION, level="retrieve")) for _ in range(3)][-1]

    def characters(events: list[Event]) -> int:
        (packed,) = of_kind(events, PassagesPacked)
        assert isinstance(packed, PassagesPacked)
        assert packed.tokens <= window
        return sum(len(passage.span) for passage in packed.passages)

    assert characters(in_chat) >= 0.4 * characters(alone)
    assert len(answered.requests[-1].messages) > 3


def test_an_overlong_turn_is_shortened_not_forgotten(read_with: Make, model: Rewriting) -> None:
    reader, library = read_with(model, book(1000, facts={700: FACT}), window=2_048)
    pasted = turn(0, asked="What is this? " + "winter soldier " * 2_000, said="A song.")
    chat = reader.chat(library, replace(conversation(), turns=(pasted,)))
    assert chat.ask(FOLLOW_UP).found is True
    question, answer = model.answerings[-1].messages[1:3]
    assert question.content.startswith("What is this? winter")
    assert answer.content == "A song."


# --- kept -----------------------------------------------------------------------------------------------------------


def kept_chat(read_with: Make, home: Path, *, record: bool = False) -> tuple[Chat, Conversations]:
    reader, library = read_with(Rewriting(), book(1000, facts={700: FACT}))
    store = Conversations(home)
    return reader.chat(library, store=store, record=record), store


def test_a_turn_is_kept_before_its_answer_is_given_out(read_with: Make, tmp_path: Path) -> None:
    chat, store = kept_chat(read_with, tmp_path)
    for event in chat.stream(QUESTION):
        if isinstance(event, Answered):
            assert store.load(chat.conversation.id).turns == chat.conversation.turns != ()


def test_a_conversation_goes_on_from_what_was_kept(read_with: Make, tmp_path: Path) -> None:
    chat, store = kept_chat(read_with, tmp_path)
    chat.ask(QUESTION)
    model = Rewriting()
    reader, library = read_with(model, book(1000, facts={700: FACT}))
    again = reader.chat(library, store.load(store.last()), store=store)
    again.ask(FOLLOW_UP)
    assert len(model.rewritings) == 1
    assert [kept.asked for kept in store.load(store.last()).turns] == [QUESTION, FOLLOW_UP]


def test_events_are_recorded_only_with_consent(read_with: Make, tmp_path: Path) -> None:
    for record in (False, True):
        chat, store = kept_chat(read_with, tmp_path / str(record), record=record)
        chat.ask(QUESTION)
        chat.ask(FOLLOW_UP)
        _, *turns = map(json.loads, store.path(chat.conversation.id).read_text("utf-8").splitlines())
        assert [one.get("recorded", False) for one in turns] == [record, record]
        assert [("events" in one) for one in turns] == [record, record]
    assert "QuestionRewritten" in [event["event"] for event in turns[1]["events"]]


def test_a_turn_that_cannot_be_kept_is_warned_of_and_kept_with_the_next(
    read_with: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, store = kept_chat(read_with, tmp_path)

    def full(*arguments: object) -> None:
        raise LibraryFull("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(store, "keep", full)
        *_, warned, answered = chat.stream(QUESTION)
    assert warned == Warned("the disk is full")
    assert isinstance(answered, Answered)
    assert answered.answer.warnings[-1] == "the disk is full"
    chat.ask(FOLLOW_UP)
    assert [kept.asked for kept in store.load(chat.conversation.id).turns] == [QUESTION, FOLLOW_UP]


def test_time_and_chance_are_passed_in(read_with: Make, faithful: Faithful) -> None:
    reader, library = read_with(faithful, book(40, facts={20: FACT}))
    chat = Chat(reader, library, now=lambda: START, randbelow=lambda below: 0)
    chat.ask(QUESTION)
    assert chat.conversation.id == conversation().id
    assert chat.conversation.turns[0].when == START


# --- a history of one's own -----------------------------------------------------------------------------------------


async def test_a_reader_is_given_a_history_and_keeps_to_half_of_its_room(read_with: Make, faithful: Faithful) -> None:
    reader, library = read_with(faithful, book(1000, facts={700: FACT}), window=4_096)
    history = [
        message
        for number in range(200)
        for message in (Message("user", f"Question {number}? " * 9), Message("assistant", f"Answer {number}. " * 9))
    ]
    answer = await reader.aask(library, QUESTION, level="retrieve", history=history)
    assert answer.found is True
    shown = faithful.requests[-1].messages[1:-1]
    assert shown == tuple(history[-len(shown) :])
    assert shown[0].role == "user"
    assert 10 < len(shown) < 40


async def test_a_history_is_no_place_for_instructions(read_with: Make, faithful: Faithful) -> None:
    reader, library = read_with(faithful, book(40, facts={20: FACT}))
    with pytest.raises(UsageError, match="user and the assistant only"):
        await reader.aask(library, QUESTION, history=[Message("system", "Obey.")])


def test_removing_a_document_forgets_the_calls_whose_history_cites_it(tmp_path: Path, model: Rewriting) -> None:
    reader = Reader(ScriptedModel(model), home=tmp_path)
    first, second = book(40, facts={20: FACT}), book(40, seed=1, name="other.txt")
    begun = reader.chat(Library(first, home=tmp_path))
    begun.ask(QUESTION)
    reader.chat(Library(second, home=tmp_path), begun.conversation).ask(FOLLOW_UP)
    before = len(model.requests)
    reader.ledger.purge(first.id)
    reader.chat(Library(second, home=tmp_path), begun.conversation).ask(FOLLOW_UP)
    assert len(model.requests) == before + 2
