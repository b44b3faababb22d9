"""Third-party talk that says nothing to octavo's users, kept from them: progress bars, and notices meant for those who
write against the libraries."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet(*, bars: bool = True) -> Iterator[None]:
    """Without notices of renamed arguments and the like, and without transformers' bars and warnings; and, unless
    `bars`, without anything that Python code writes to the standard error, where other libraries draw theirs (errors
    are raised, and other loggers still write)."""
    from transformers.utils import logging

    drawn, said = logging.is_progress_bar_enabled(), logging.get_verbosity()
    with warnings.catch_warnings(), contextlib.ExitStack() as stack:
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        if not bars:
            stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        logging.disable_progress_bar()
        logging.set_verbosity_error()
        stack.callback(logging.set_verbosity, said)
        if drawn:
            stack.callback(logging.enable_progress_bar)
        yield
