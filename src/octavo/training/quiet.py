"""Third-party talk that says nothing to octavo's users, kept from them: progress bars, and notices meant for those who
write against the libraries."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet(*, bars: bool = True) -> Iterator[None]:
    """Without notices of renamed arguments and the like; and, unless `bars`, without anything that Python code writes
    to the standard error, where loading draws its bars (errors are raised, and loggers still write)."""
    with warnings.catch_warnings(), contextlib.ExitStack() as stack:
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        if not bars:
            stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        yield
