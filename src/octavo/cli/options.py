"""The options that several verbs share, each declared once.

Options that are settings default to None here: the environment and octavo.toml have a say before the default does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from typer import Argument, Option

# Typer reads these when the command line is built: they are plain assignments, not `type` statements.
Level = Literal["auto", "whole", "retrieve", "read", "reason"]
Highest = Literal["retrieve", "read", "reason"]
Strategy = Literal["number", "quote", "opening"]

Json = Annotated[bool, Option("--json", help="Print one JSON object (and nothing else) on standard output.")]
Quiet = Annotated[bool, Option("--quiet", "-q", help="No progress and no account; warnings and errors remain.")]
Debug = Annotated[bool, Option("--debug", help="Show the traceback of an error.")]
Home = Annotated[
    Path | None,
    Option(
        "--home", metavar="FOLDER", help="Where library and ledger are kept. [env: OCTAVO_HOME]", show_default=False
    ),
]
AllowPrivate = Annotated[
    bool | None,
    Option(
        "--allow-private/--no-allow-private",
        help="Let a document's URL lead to an address that is not public.",
        show_default=False,
    ),
]
ModelName = Annotated[
    str | None,
    Option(
        "--model",
        "-m",
        metavar="MODEL",
        help="smollm2, a .gguf file or the folder of a training (in this process), or the name of an endpoint's model. "
        "[env: OCTAVO_MODEL]",
        show_default=False,
    ),
]
BaseUrl = Annotated[
    str | None,
    Option(
        "--base-url",
        metavar="URL",
        help="An OpenAI-compatible endpoint, like http://localhost:8000/v1. [env: OPENAI_BASE_URL]",
        show_default=False,
    ),
]
Window = Annotated[
    int | None,
    Option(
        "--window",
        metavar="N",
        help="Tokens of prompt and reply together. [env: OCTAVO_WINDOW]",
        show_default=False,
    ),
]
TokenizerName = Annotated[
    str | None,
    Option(
        "--tokenizer",
        metavar="FILE|NAME",
        help="The endpoint's tokenizer: tokenizer.json, .gguf, or a name on the Hugging Face hub.",
        show_default=False,
    ),
]
Concurrency = Annotated[
    int | None,
    Option("--concurrency", metavar="N", help="Calls at once; by default adapted.", show_default=False),
]
LevelChosen = Annotated[
    Level | None,
    Option("--level", help="How to answer; by default auto, the cheapest that suffices.", show_default=False),
]
HighestLevel = Annotated[
    Highest | None,
    Option("--highest", help="The highest level that auto climbs to.", show_default=False),
]
BudgetTokens = Annotated[
    int | None, Option("--budget-tokens", metavar="N", help="Spend no more tokens.", show_default=False)
]
BudgetSeconds = Annotated[
    float | None, Option("--budget-seconds", metavar="S", help="Take no more seconds.", show_default=False)
]
Fresh = Annotated[bool, Option("--fresh", help="Ask again what the ledger knows.")]
DryRun = Annotated[bool, Option("--dry-run", help="Only say what it will cost.")]
StrategyChosen = Annotated[
    Strategy | None, Option("--strategy", help="How the reader points at sentences.", show_default=False)
]
ChunkTokens = Annotated[
    int | None,
    Option("--chunk-tokens", metavar="N", help="The most that a chunk holds; by default 512.", show_default=False),
]
ReadTokens = Annotated[
    int | None,
    Option("--read-tokens", metavar="N", help="The most that one reading call is shown.", show_default=False),
]
QuestionsAtOnce = Annotated[
    int | None,
    Option("--questions-at-once", metavar="N", help="The most questions in one reading call.", show_default=False),
]
Rounds = Annotated[
    int | None,
    Option("--rounds", metavar="N", help="How often to read, with what was found as notes.", show_default=False),
]
Steps = Annotated[
    int | None, Option("--steps", metavar="N", help="The most steps of level reason.", show_default=False)
]
Calling = Annotated[
    Literal["schema", "native"] | None,
    Option(
        "--tools",
        help="How level reason calls tools: by a schema (any server), or by the endpoint's own tool calls.",
        show_default=False,
    ),
]
ToolNames = Annotated[
    list[str] | None,
    Option("--tool", metavar="NAME", help="Give level reason a tool of octavo's: search, outline, summarize."),
]
ToolServers = Annotated[
    list[str] | None,
    Option("--mcp", metavar="[NAME=]SERVER", help="Give it the tools of an MCP server: a command line or a URL."),
]
AllowedTools = Annotated[
    list[str] | None,
    Option("--allow", metavar="TOOL", help="Let this tool run without asking. Documents may lead a model to call it."),
]
Fill = Annotated[
    int | None,
    Option("--fill", metavar="N", help="The most tokens of passages to answer from.", show_default=False),
]
AnswerTokens = Annotated[
    int | None, Option("--answer-tokens", metavar="N", help="The longest answer.", show_default=False)
]
Sources = Annotated[
    list[str] | None,
    Argument(
        metavar="SOURCE",
        help="Files, folders, globs, http(s) URLs, - for standard input, or ids of documents; without one, the whole "
        "library.",
        show_default=False,
    ),
]
