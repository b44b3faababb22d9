"""What an export loses: the trained model against each file that `octavo export` makes of it, on a text.

The small model as its makers made it is trained for one step, so that there is a run (one that was taught to point and
to answer is a poor model of prose, and its perplexity says little); then every form is exported with `--check`, which
lets llama.cpp with the file and transformers with the trained model read the same 512 tokens. The files: a whole model
in each precision, and the adapter over the 4-bit file that it was trained on. `agreement` is the share of the tokens
for which both expect the same one, `ratio` the file's perplexity over the trained model's. The text is from the middle
of War and Peace. Its weights were in 4 bits (q4_1) before, so that form of all loses next to nothing.

What it does not measure: other models, or the answers that an exported model gives.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from children import run_child
from harness import Record, data_text
from needle import octavo
from octavo.training.export.model_file import Quantization

_WHOLE: tuple[Quantization, ...] = ("f16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0")
_TRAIN = (
    "--model",
    "smollm2-raw",
    "--stages",
    "256",
    "--steps",
    "1",
    "--batch-tokens",
    "64",
    "--learning-rate",
    "1e-6",
)
_SECONDS = 1_800.0


def main() -> None:
    """Measure and record."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    record = Record("export_parity", model="smollm2-raw")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        text = data_text("war-and-peace")
        (work / "text.txt").write_text(text[len(text) // 2 :], encoding="utf-8")
        (work / "talk.jsonl").write_text(json.dumps({"prompt": "Hello?", "completion": "Hello."}), encoding="utf-8")
        _run("train", work / "talk.jsonl", *_TRAIN, "-o", work / "run", "--quiet")
        for quantization in _WHOLE:
            _add(record, quantization, _exported(work, "gguf", "--quantization", quantization))
        _add(record, "adapter", _exported(work, "adapter-gguf"))
    record.save()


def _add(record: Record, name: str, made: dict[str, Any]) -> None:
    found = made["check"]
    record.add(f"{name}_agreement", 100 * found["agreement"], "%")
    record.add(f"{name}_ratio", found["ratio"], "ratio")
    record.add_row(
        "files",
        {
            "file": name,
            "MB": round(made["bytes"] / 1e6, 1),
            "tokens": found["positions"],
            "agreement": round(100 * found["agreement"], 1),
            "perplexity": round(found["perplexity"], 3),
            "trained": round(found["trained_perplexity"], 3),
            "ratio": round(found["ratio"], 4),
        },
    )


def _exported(work: Path, form: str, *options: str) -> dict[str, Any]:
    place = work / ("model.gguf" if form == "gguf" else "adapter.gguf")
    said = _run("export", work / "run", "--to", form, *options, "-o", place, "--check", work / "text.txt", "--json")
    place.unlink()
    made: dict[str, Any] = json.loads(said)
    return made


def _run(*arguments: str | Path) -> str:
    """What `octavo` with these arguments prints."""
    return run_child([octavo(), *arguments], timeout=_SECONDS).stdout


if __name__ == "__main__":
    main()
