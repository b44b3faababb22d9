"""The errors of octavo: one tree; each says what happened, to what, and what to do next.

OctavoError                      exit code 1
├── UsageError                   2    an option or argument cannot mean anything
├── MissingExtra                      an optional dependency is needed; the message names the install command
├── SourceError                       one source (file, folder, URL) cannot become a document
│   ├── SourceNotFound                nothing is there, or it may not be read
│   ├── UnsupportedSource             a kind of file that octavo does not read
│   ├── EmptySource                   no bytes, or no text inside (a scanned PDF, say)
│   ├── EncryptedSource               a password is needed
│   ├── CorruptSource                 truncated or damaged
│   ├── SourceTooLarge                over a limit of size, memory or time
│   ├── SourceChanged                 a document id that the library does not (or no longer) hold
│   └── FetchFailed                   a URL that did not answer with a document
│       └── AddressRefused            a URL that leads to a private address
├── ModelError                        a model call failed
│   ├── ModelUnavailable              refused, broken or timed out connection; status 5xx       (worth a retry)
│   ├── RateLimited                   status 429                                                (worth a retry)
│   ├── Unauthorized                  status 401 or 403
│   ├── UnknownModel                  the server does not serve this model
│   ├── RequestRejected               any other 4xx
│   │   └── ToolsRefused              the server takes no tools for this model
│   ├── WindowExceeded                the server says that the prompt is longer than its window
│   └── InvalidReply                  the reply does not fit the schema that was asked for
├── ToolError                         a tool cannot do what it was called for
│   └── ToolServerFailed              a server of tools does not start, or does not answer
├── EvaluationError                   a benchmark's data or a run's folder is not what it should be
├── TrainingError                     training data, a model to train or its outcome is not what it should be
├── WindowTooSmall                    the question itself leaves no room in the window
├── BudgetExhausted              4    raised inside a reading; a reader turns it into the best answer so far
└── LibraryError                      the library on disk cannot be used
    ├── LibraryTooNew                 written by a newer octavo
    └── LibraryFull                   the disk is full
"""

from __future__ import annotations


class OctavoError(Exception):
    """The root. `str(error)` is one line for a user: what happened, to what, what to type next."""

    exit_code = 1


class UsageError(OctavoError):
    """An option or argument cannot mean anything."""

    exit_code = 2


class MissingExtra(OctavoError):
    """An optional dependency is needed: `what` needs it and `extra` holds it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional part of octavo: pip install 'octavo[{extra}]'")
        self.extra = extra


class SourceError(OctavoError):
    """One source cannot become a document. `source` is its path or URL as the user gave it; `reason` and `hint`
    are the two halves of the message."""

    def __init__(self, source: str, reason: str, hint: str = "") -> None:
        super().__init__(f"{source}: {reason}" + (f"; {hint}" if hint else ""))
        self.source = source
        self.reason = reason
        self.hint = hint

    def __reduce__(self) -> tuple[type[SourceError], tuple[str, str, str]]:
        return type(self), (self.source, self.reason, self.hint)


class SourceNotFound(SourceError):
    """Nothing is there, or it may not be read."""


class UnsupportedSource(SourceError):
    """A kind of file that octavo does not read."""


class EmptySource(SourceError):
    """No bytes, or no text inside."""


class EncryptedSource(SourceError):
    """A password is needed."""


class CorruptSource(SourceError):
    """Truncated or damaged."""


class SourceTooLarge(SourceError):
    """Over a limit of size, memory or time."""


class SourceChanged(SourceError):
    """A document id that the library does not (or no longer) hold."""


class FetchFailed(SourceError):
    """A URL that did not answer with a document."""


class AddressRefused(FetchFailed):
    """A URL that leads, or redirects, to a private address."""


class ModelError(OctavoError):
    """A model call failed. `retryable` says whether the same call may succeed a moment later; `retry_after` is the
    server's own word on when, in seconds."""

    retryable = False

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ModelUnavailable(ModelError):
    """Refused, broken or timed out connection, or status 5xx."""

    retryable = True


class RateLimited(ModelError):
    """Status 429."""

    retryable = True


class Unauthorized(ModelError):
    """Status 401 or 403."""


class UnknownModel(ModelError):
    """The server does not serve this model."""


class RequestRejected(ModelError):
    """Any other 4xx."""


class ToolsRefused(RequestRejected):
    """The server takes no tools for this model: the caller must ask by a schema instead."""


class WindowExceeded(ModelError):
    """The server says that the prompt is longer than its window; `prompt_tokens` and `window` as far as it said."""

    def __init__(self, message: str, *, prompt_tokens: int | None = None, window: int | None = None) -> None:
        super().__init__(message)
        self.prompt_tokens = prompt_tokens
        self.window = window


class InvalidReply(ModelError):
    """The reply does not fit the schema that was asked for, however tolerantly it is read."""


class ToolError(OctavoError):
    """A tool cannot do what it was called for. The message is for the model, which may call it in another way."""


class ToolServerFailed(ToolError):
    """A server of tools does not start, is none, or does not answer in time: its tools are done without."""


class EvaluationError(OctavoError):
    """A benchmark's data or a run's folder is not what it should be; the message names the place."""


class TrainingError(OctavoError):
    """Training data, a model to train, or what came out of a training, is not what it should be."""


class WindowTooSmall(OctavoError):
    """The question itself leaves no room in the window; `missing` tokens would be needed more."""

    def __init__(self, message: str, *, missing: int) -> None:
        super().__init__(message)
        self.missing = missing


class BudgetExhausted(OctavoError):
    """The next call would go over the budget of tokens or seconds."""

    exit_code = 4


class LibraryError(OctavoError):
    """The library on disk cannot be used."""


class LibraryTooNew(LibraryError):
    """Written by a newer octavo."""


class LibraryFull(LibraryError):
    """The disk is full."""
