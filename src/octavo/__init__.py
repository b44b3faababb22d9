"""octavo: any chat model with a short window reads documents of millions of tokens, with checked citations.

The public names; each is imported when it is first used, so that `import octavo` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from octavo.documents.chunks import Chunk as Chunk
    from octavo.documents.document import Document as Document
    from octavo.documents.document import DocumentRef as DocumentRef
    from octavo.documents.document import Page as Page
    from octavo.documents.document import Section as Section
    from octavo.documents.document import Span as Span
    from octavo.documents.load import load as load
    from octavo.errors import OctavoError as OctavoError
    from octavo.library.library import Library as Library
    from octavo.models.chat import ChatModel as ChatModel
    from octavo.models.chat import Completion as Completion
    from octavo.models.chat import Message as Message
    from octavo.models.chat import Request as Request
    from octavo.models.embedded import EmbeddedModel as EmbeddedModel
    from octavo.models.endpoint import EndpointModel as EndpointModel
    from octavo.models.ledger import Ledger as Ledger
    from octavo.models.scripted import ScriptedModel as ScriptedModel
    from octavo.reading.answer import Answer as Answer
    from octavo.reading.answer import Citation as Citation
    from octavo.reading.answer import Coverage as Coverage
    from octavo.reading.answer import Finding as Finding
    from octavo.reading.answer import Outcome as Outcome
    from octavo.reading.answer import Passage as Passage
    from octavo.reading.answer import Step as Step
    from octavo.reading.answer import Usage as Usage
    from octavo.reading.chat.chatting import Chat as Chat
    from octavo.reading.chat.conversation import Conversation as Conversation
    from octavo.reading.chat.conversation import Turn as Turn
    from octavo.reading.chat.conversations import Conversations as Conversations
    from octavo.reading.events import AnswerDelta as AnswerDelta
    from octavo.reading.events import Answered as Answered
    from octavo.reading.events import BatchFinished as BatchFinished
    from octavo.reading.events import ChunkFailed as ChunkFailed
    from octavo.reading.events import ChunkRead as ChunkRead
    from octavo.reading.events import Event as Event
    from octavo.reading.events import Failed as Failed
    from octavo.reading.events import LevelStarted as LevelStarted
    from octavo.reading.events import PartSummarised as PartSummarised
    from octavo.reading.events import PassagesPacked as PassagesPacked
    from octavo.reading.events import QuestionAnalysed as QuestionAnalysed
    from octavo.reading.events import QuestionRewritten as QuestionRewritten
    from octavo.reading.events import RoundStarted as RoundStarted
    from octavo.reading.events import SubQuestionAnswered as SubQuestionAnswered
    from octavo.reading.events import SubQuestionAsked as SubQuestionAsked
    from octavo.reading.events import Summarised as Summarised
    from octavo.reading.events import ToolCalled as ToolCalled
    from octavo.reading.events import Warned as Warned
    from octavo.reading.options import Budget as Budget
    from octavo.reading.options import Estimate as Estimate
    from octavo.reading.options import ReadingOptions as ReadingOptions
    from octavo.reading.reader import Reader as Reader
    from octavo.reading.summaries.summary import Summary as Summary
    from octavo.reading.tools.choice import ToolChoice as ToolChoice
    from octavo.reading.tools.functions import tool as tool
    from octavo.reading.tools.tool import Tool as Tool

_MODULE_OF = {
    name: module
    for module, names in {
        "octavo.documents.chunks": ["Chunk"],
        "octavo.documents.document": ["Document", "DocumentRef", "Page", "Section", "Span"],
        "octavo.documents.load": ["load"],
        "octavo.errors": ["OctavoError"],
        "octavo.library.library": ["Library"],
        "octavo.models.chat": ["ChatModel", "Completion", "Message", "Request"],
        "octavo.models.embedded": ["EmbeddedModel"],
        "octavo.models.endpoint": ["EndpointModel"],
        "octavo.models.ledger": ["Ledger"],
        "octavo.models.scripted": ["ScriptedModel"],
        "octavo.reading.answer": ["Answer", "Citation", "Coverage", "Finding", "Outcome", "Passage", "Step", "Usage"],
        "octavo.reading.chat.chatting": ["Chat"],
        "octavo.reading.chat.conversation": ["Conversation", "Turn"],
        "octavo.reading.chat.conversations": ["Conversations"],
        "octavo.reading.events": [
            "AnswerDelta",
            "Answered",
            "BatchFinished",
            "ChunkFailed",
            "ChunkRead",
            "Event",
            "Failed",
            "LevelStarted",
            "PartSummarised",
            "PassagesPacked",
            "QuestionRewritten",
            "QuestionAnalysed",
            "RoundStarted",
            "SubQuestionAnswered",
            "SubQuestionAsked",
            "ToolCalled",
            "Summarised",
            "Warned",
        ],
        "octavo.reading.options": ["Budget", "Estimate", "ReadingOptions"],
        "octavo.reading.reader": ["Reader"],
        "octavo.reading.summaries.summary": ["Summary"],
        "octavo.reading.tools.functions": ["tool"],
        "octavo.reading.tools.choice": ["ToolChoice"],
        "octavo.reading.tools.tool": ["Tool"],
    }.items()
    for name in names
}

__all__ = sorted(_MODULE_OF)  # noqa: PLE0605 - one list of names, not two


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'octavo' has no attribute {name!r}")
    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF})
