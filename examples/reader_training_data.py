"""Writes what the embedded model learns octavo's reading from: a JSONL file for `octavo train`.

    python examples/reader_training_data.py --course first --text book.txt --text-zh 书.txt -o first.jsonl
    python examples/reader_training_data.py --text book.txt --text-zh 书.txt --musique musique.json -o then.jsonl

Facts about made-up worlds are put into the texts and told among one another; every example is one of octavo's own calls
with the right reply. The first course is about which sentence of a passage helps, the second is all of reading, the
third (`planning`) mostly what to look up next, at some cost to reading, and the last (`both`) these two: train one and
then train on with another. Take other texts than those that the model is to be measured on. Of MuSiQue's questions the
first 60 are used, so that the others can be measured on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from octavo.documents.load import load
from octavo.evaluation.names import Language
from octavo.models.gguf_tokenizer import gguf_tokenizer
from octavo.models.install import weights_of
from octavo.models.tokenizer import Tokenizer
from octavo.models.weights import default_cache
from octavo.training.reader.example import Example
from octavo.training.reader.examples import BOTH, FIRST, PLANNING, THEN, reader_examples
from octavo.training.reader.musique import TAUGHT, musique_examples, read_decomposed

COURSES = {"first": FIRST, "then": THEN, "planning": PLANNING, "both": BOTH}


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=Path, nargs="+", required=True, metavar="FILE", help="English to put facts in")
    parser.add_argument("--text-zh", type=Path, nargs="+", metavar="FILE", help="Chinese")
    parser.add_argument("--musique", type=Path, metavar="FILE", help="MuSiQue's questions")
    parser.add_argument("--count", type=int, default=6_000, help="examples about worlds")
    parser.add_argument("--course", choices=COURSES, default="then")
    parser.add_argument("--seed", default="train")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="FILE")
    arguments = parser.parse_args()
    weights = weights_of("smollm2")
    if weights is None:
        parser.error("the embedded model is not installed: octavo models install smollm2")
    tokenizer = gguf_tokenizer(weights, default_cache())
    examples = list(made(arguments, tokenizer))
    Random(arguments.seed).shuffle(examples)
    with arguments.out.open("w", encoding="utf-8") as file:
        for example in examples:
            file.write(json.dumps(example.as_json(), ensure_ascii=False) + "\n")
    print(f"{len(examples):,} examples: {arguments.out}")


def made(arguments: argparse.Namespace, tokenizer: Tokenizer) -> Iterator[Example]:
    """All examples, kind by kind."""
    texts: dict[Language, str] = {"en": together(arguments.text)}
    languages: dict[Language, float] = {"en": 1.0}
    if arguments.text_zh:
        texts["zh"] = together(arguments.text_zh)
        languages = {"en": 0.9, "zh": 0.1}
    yield from reader_examples(
        arguments.count,
        seed=arguments.seed,
        tokenizer=tokenizer,
        texts=texts,
        languages=languages,
        course=COURSES[arguments.course],
    )
    if arguments.musique:
        questions = read_decomposed(arguments.musique, end=TAUGHT)
        yield from musique_examples(questions, seed=arguments.seed, tokenizer=tokenizer)


def together(files: Sequence[Path]) -> str:
    """The text of all files."""
    return "\n\n".join(load(file).text for file in files)


if __name__ == "__main__":
    main()
