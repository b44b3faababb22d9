"""The options of the verbs that read, in two groups: what all of them take, and what a question takes besides.

Knows options; nothing of what is read.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from octavo.cli.options import (
    AllowedTools,
    AllowPrivate,
    AnswerTokens,
    BaseUrl,
    BudgetSeconds,
    BudgetTokens,
    Calling,
    ChunkTokens,
    Concurrency,
    Debug,
    Fill,
    Fresh,
    HighestLevel,
    Home,
    LevelChosen,
    ModelName,
    QuestionsAtOnce,
    Quiet,
    ReadTokens,
    Rounds,
    Steps,
    StrategyChosen,
    TokenizerName,
    ToolNames,
    ToolServers,
    Window,
)

if TYPE_CHECKING:
    from octavo.cli.tools import ToolWords

_NO_SETTINGS = {"fresh", "quiet", "debug", "tool", "mcp", "allow"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingFlags:
    """With which model, at what price, from which library. Fields that are named as a setting are that setting."""

    model: ModelName = None
    base_url: BaseUrl = None
    window: Window = None
    tokenizer: TokenizerName = None
    budget_tokens: BudgetTokens = None
    budget_seconds: BudgetSeconds = None
    chunk_tokens: ChunkTokens = None
    fill: Fill = None
    concurrency: Concurrency = None
    allow_private: AllowPrivate = None
    home: Home = None
    fresh: Fresh = False
    quiet: Quiet = False
    debug: Debug = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionFlags:
    """How a question is answered. Fields that are named as a setting are that setting."""

    level: LevelChosen = None
    highest: HighestLevel = None
    strategy: StrategyChosen = None
    read_tokens: ReadTokens = None
    questions_at_once: QuestionsAtOnce = None
    rounds: Rounds = None
    steps: Steps = None
    answer_tokens: AnswerTokens = None
    tools: Calling = None
    tool: ToolNames = None
    mcp: ToolServers = None
    allow: AllowedTools = None

    def tool_words(self) -> ToolWords:
        """The tools that are given to the level `reason`."""
        from octavo.cli.tools import ToolWords

        return ToolWords(self.tool or (), self.mcp or (), self.allow or ())


def settings_given(*groups: ReadingFlags | QuestionFlags) -> dict[str, object]:
    """The settings that were given on the command line (None: not given)."""
    return {
        field.name: getattr(group, field.name)
        for group in groups
        for field in fields(group)
        if field.name not in _NO_SETTINGS
    }
