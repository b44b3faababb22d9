"""Asks octavo one question about one file at level `read` and prints what came of it as a line of JSON.

The counterpart of drive_qwen_agent.py: a process of its own that reads the file, asks the server and ends. Counts
nothing itself; the server's log does.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from octavo.errors import OctavoError
from octavo.models.endpoint import EndpointModel
from octavo.reading.options import ReadingOptions
from octavo.reading.reader import Reader


def main() -> None:
    """Ask, and print the answer with the seconds that it took and the error, if any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", required=True, type=Path)
    parser.add_argument("--question", required=True)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--tokenizer", help="of the model: a .gguf or tokenizer.json; default: counts are estimated")
    parser.add_argument("--home", required=True, type=Path, help="where it keeps its library and ledger")
    parser.add_argument("--window", type=int, default=8_192)
    parser.add_argument("--options", default="{}", help="reading options as JSON; default: octavo's own")
    arguments = parser.parse_args()
    started = time.perf_counter()
    answer, error = "", None
    try:
        model = EndpointModel(base_url=arguments.base_url, tokenizer=arguments.tokenizer, timeout=1_800)
        options = ReadingOptions(**json.loads(arguments.options))
        reader = Reader(model, window=arguments.window, home=arguments.home, options=options)
        answer = reader.ask(arguments.file, arguments.question, level="read").text
    except OctavoError as failure:
        error = f"{type(failure).__name__}: {failure}"
    print(json.dumps({"answer": answer, "seconds": time.perf_counter() - started, "error": error}, ensure_ascii=False))


if __name__ == "__main__":
    main()
