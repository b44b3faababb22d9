"""Which tools a reasoner is given: octavo's own by name, Python functions, and tools of servers.

Knows where tools come from; nothing of how they are run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from octavo.errors import UsageError
from octavo.reading.session import Session
from octavo.reading.tools.builtin import builtin_tools
from octavo.reading.tools.functions import tool
from octavo.reading.tools.tool import Tool
from octavo.reading.tools.toolbox import Confirm, Toolbox

GivenTool = Tool | Callable[..., Any] | str
"""A tool; a Python function with type hints; or the name of one of octavo's own."""


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """The tools that the level `reason` may call beside looking up. Those that are not harmless run only where they are
    `allowed` by name, or where `confirm` says yes."""

    tools: Sequence[GivenTool] = ()
    allowed: Collection[str] = ()
    confirm: Confirm | None = None

    def toolbox(self, session: Session) -> Toolbox:
        """The tools for one reading. Raises `UsageError` for a name or a function that is none."""
        own = {builtin.name: builtin for builtin in builtin_tools(session)}
        tools = [_tool(given, own) for given in self.tools]
        names = {given.name for given in tools}
        for name in self.allowed:
            if name not in names:
                raise UsageError(f"{name!r} cannot be allowed: there is no such tool ({_listed(names)})")
        return Toolbox(tools, session.model.tokenizer, allowed=self.allowed, confirm=self.confirm)


def _tool(given: GivenTool, own: Mapping[str, Tool]) -> Tool:
    if isinstance(given, Tool):
        return given
    if not isinstance(given, str):
        return tool(given)
    if given not in own:
        raise UsageError(f"{given!r} is none of octavo's tools ({_listed(own)})")
    return own[given]


def _listed(names: Collection[str]) -> str:
    return f"there are: {', '.join(sorted(names))}" if names else "there are none"
