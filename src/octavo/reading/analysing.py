"""A question is split into what is asked and how the answer is wanted, and becomes keywords.

The model does it in one call, for the search alone: readers and the answering model are asked the question itself. What
it returns is used only as far as it can be checked: information and instruction must be the question's own words, and
together all of them that say something; and the question itself is always searched for too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from octavo.errors import InvalidReply, ModelError
from octavo.library.corpus import Corpus
from octavo.models.chat import Request
from octavo.models.structured import parse_reply
from octavo.reading import prompts
from octavo.reading.question import QuestionAnalysis
from octavo.reading.session import Session
from octavo.retrieval.language import language_shares, main_language
from octavo.retrieval.terms import content_terms

_REPLY_TOKENS = 256
_SAMPLED_DOCUMENTS = 8
_SAMPLED_CHARACTERS = 4_000
_LEAST_SHARE = 0.1
_LONGEST_KEYWORD = 60
_USABLE = {**prompts.ANALYSIS_SCHEMA, "required": ("information", "instruction", "keywords")}
_FEW_TERMS = 3
_PUNCTUATION = ".,;:!?…\"'“”‘’«»()¿¡。，；：！？"


async def analyse_question(session: Session, question: str) -> QuestionAnalysis:
    """Ask the model for information, instruction and keywords; fall back to the question itself where the reply cannot
    be used or the question is too long to be asked about."""
    plain = _as_it_stands(session, question)
    request = analysis_request(session.corpus, question)
    if not session.options.analyse or not session.fits(request):
        return plain
    try:
        return _understood((await session.complete(request)).text, question)
    except (InvalidReply, ModelError) as error:
        session.raise_if_fatal(error)
        return plain


async def recorded_analysis(session: Session, question: str) -> QuestionAnalysis:
    """The analysis as far as the ledger has it, else the question itself; makes no call."""
    request = analysis_request(session.corpus, question)
    if session.options.analyse and session.calls.recorded(request):
        return await analyse_question(session, question)
    return QuestionAnalysis.plain(question)


def _as_it_stands(session: Session, question: str) -> QuestionAnalysis:
    """The question itself. One that says too little to be searched for ("And his sister?") is searched for with the
    words of the one before it, too."""
    before = [message.content for message in session.history if message.role == "user"]
    words = before[-1].split() if before and len(content_terms(question)) < _FEW_TERMS else ()
    return replace(QuestionAnalysis.plain(question), keywords=_distinct([word.strip(_PUNCTUATION) for word in words]))


def _understood(reply_text: str, question: str) -> QuestionAnalysis:
    reply = parse_reply(reply_text, _USABLE)
    information, instruction = (_own_words(str(reply[part]), question) for part in ("information", "instruction"))
    if not set(content_terms(f"{information} {instruction}")) >= set(content_terms(question)):
        information, instruction = question, ""
    return QuestionAnalysis(
        question=question,
        information=information,
        instruction=instruction,
        keywords=_distinct(reply["keywords"]),
        language=main_language(question),
        by_model=True,
        whole=bool(reply.get("whole")),
    )


def analysis_request(corpus: Corpus, question: str) -> Request:
    """The call that analyses `question` over `corpus`."""
    return Request(
        prompts.analyse(question, document_languages(corpus)),
        max_tokens=_REPLY_TOKENS,
        schema=prompts.ANALYSIS_SCHEMA,
    )


def document_languages(corpus: Corpus) -> Sequence[str]:
    """The languages of the documents, by a sample of them; English where none can be told."""
    documents = corpus.documents
    step = max(1, len(documents) // _SAMPLED_DOCUMENTS)
    sample = []
    for reference in documents[::step][:_SAMPLED_DOCUMENTS]:
        text = corpus.document(reference.id).text
        middle = max(0, len(text) // 2 - _SAMPLED_CHARACTERS // 2)
        sample.append(text[middle : middle + _SAMPLED_CHARACTERS])
    shares = language_shares("\n".join(sample))
    return [language for language, share in shares.items() if share >= _LEAST_SHARE] or ["English"]


def _own_words(part: str, question: str) -> str:
    """`part` if it stands in the question word for word, else nothing: a model must not change what is asked."""
    line = " ".join(part.split())
    return line if line and line.casefold() in " ".join(question.split()).casefold() else ""


def _distinct(keywords: Sequence[object], limit: int = 16) -> tuple[str, ...]:
    kept: dict[str, str] = {}
    for keyword in keywords:
        line = " ".join(str(keyword).split())
        if len(line) <= _LONGEST_KEYWORD and content_terms(line):
            kept.setdefault(line.casefold(), line)
    return tuple(kept.values())[:limit]
