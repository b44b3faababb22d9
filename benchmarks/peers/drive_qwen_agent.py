"""Asks Qwen-Agent's ParallelDocQA one question about one file and prints what came of it as a line of JSON.

Runs in the peer's own environment (see README.md here), so it imports nothing of octavo. `--tuned` takes away what
is a matter of configuration or easily patched: the random pause before each chunk is submitted, the few worker
threads, the prompts longer than the model's window; and it turns its cache of model calls on.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any


def main() -> None:
    """Ask, and print the answer with the seconds that it took and the error, if any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", required=True, type=Path)
    parser.add_argument("--question", required=True)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--workspace", required=True, type=Path, help="where it keeps its caches")
    parser.add_argument("--workers", type=int, default=64, help="threads, when tuned")
    parser.add_argument("--window", type=int, help="the model's window in tokens, when tuned")
    parser.add_argument("--max-tokens", type=int, help="the longest reply; default: the server's")
    parser.add_argument("--chunk-tokens", type=int, help="its chunk size; default: as released (1,000)")
    parser.add_argument("--tuned", action="store_true")
    arguments = parser.parse_args()
    os.environ["QWEN_AGENT_DEFAULT_WORKSPACE"] = str(arguments.workspace)

    from qwen_agent.agents.doc_qa import parallel_doc_qa  # type: ignore[import-not-found, unused-ignore]

    settings: dict[str, Any] = {"temperature": 0.0, "seed": 1}
    llm: dict[str, Any] = {"model": arguments.model, "model_server": arguments.base_url, "api_key": "EMPTY"}
    if arguments.max_tokens:
        settings["max_tokens"] = arguments.max_tokens
    if arguments.tuned:
        in_threads = parallel_doc_qa.parallel_exec
        parallel_doc_qa.parallel_exec = lambda function, rows, jitter: in_threads(
            function, rows, max_workers=arguments.workers
        )
        llm["cache_dir"] = str(arguments.workspace / "calls")
        if arguments.window:
            # It counts with another tokenizer and leaves the reply aside: a quarter of the window stays free.
            settings["max_input_tokens"] = arguments.window * 3 // 4
    if arguments.chunk_tokens:
        parallel_doc_qa.PARALLEL_CHUNK_SIZE = arguments.chunk_tokens
    agent = parallel_doc_qa.ParallelDocQA(llm={**llm, "generate_cfg": settings})
    content = [{"text": arguments.question}, {"file": str(arguments.file)}]
    started = time.perf_counter()
    answer, error = "", None
    try:
        for messages in agent.run([{"role": "user", "content": content}]):
            answer = messages[-1]["content"]
    except Exception as failure:  # noqa: BLE001 - whatever ended it is part of what is measured
        error = f"{type(failure).__name__}: {failure}"
    print(json.dumps({"answer": answer, "seconds": time.perf_counter() - started, "error": error}, ensure_ascii=False))


if __name__ == "__main__":
    main()
