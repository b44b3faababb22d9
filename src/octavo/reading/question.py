"""What a question asks, how the answer is wanted, and what to search for."""

from __future__ import annotations

from dataclasses import dataclass

from octavo.retrieval.language import main_language


@dataclass(frozen=True, slots=True)
class QuestionAnalysis:
    """A question, understood.

    `question` is the user's own, and what every reader and the answering model are asked; `information` is what it
    asks, `instruction` how the answer is wanted; `keywords` are search words in the languages of the documents;
    `language` is the question's own. `by_model` says that the model made it; else it is the question itself. `whole`
    says that it is about the documents as a whole, and no place in them answers it. `notes` are what was found out on
    the way, shown to the answering model beside the passages.
    """

    question: str
    information: str
    instruction: str
    keywords: tuple[str, ...]
    language: str | None
    by_model: bool
    whole: bool = False
    notes: str = ""

    @classmethod
    def plain(cls, question: str) -> QuestionAnalysis:
        """The question as it stands."""
        return cls(question, question, "", (), main_language(question), by_model=False)

    @property
    def search_text(self) -> str:
        """What is searched for beside the question itself: what it asks, and the keywords."""
        return " ".join((self.information, *self.keywords))
