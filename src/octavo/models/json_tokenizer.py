"""A model's own tokenizer, from the `tokenizer.json` that Hugging Face models carry.

Knows the `tokenizers` package and how to cut a long text where cutting changes no token; nothing of models, servers or
GGUF files (`gguf_tokenizer.py` turns those into the same JSON).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from octavo.errors import UsageError

_PIECE_CHARACTERS = 8_192
_BATCH_CHARACTERS = 262_144  # bounds memory: an encoding takes some 200 bytes a token while it lives
# A space after a visible character, or punctuation after an ideograph, starts a new pre-token in every byte-level
# pattern in use (GPT-2, Llama 3, Qwen, o200k). A line feed does not: newer patterns glue it to punctuation.
_SAFE_CUT = re.compile(r"(?<=\S)(?= \S)|(?<=[\u4e00-\u9fff])(?=[，。！？；：、])")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_PROBE = "The 2nd page, it's said: “No.”\n\nNext one;  two — 他说，你好。 Then 3.14 and\n more 😀 words (all of them)."


class JsonTokenizer:
    """The tokenizer that a `tokenizer.json` describes; exact. `id` is the hash of that JSON."""

    exact = True

    def __init__(self, json_text: str) -> None:
        """From the JSON itself. Raises `UsageError` where it is not a tokenizer's."""
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_str(json_text)
        except Exception as error:  # the package raises nothing narrower
            raise UsageError(f"not a tokenizer.json that can be read: {error}") from error
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.post_processor = None  # some trim spaces from the offsets; none changes the tokens themselves
        self._tokenizer = tokenizer
        self._id = hashlib.sha256(json_text.encode()).hexdigest()[:32]

    @classmethod
    def from_file(cls, path: Path) -> JsonTokenizer:
        """From a `tokenizer.json`, or a folder that holds one. Raises `UsageError`."""
        file = path / "tokenizer.json" if path.is_dir() else path
        try:
            return cls(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file}: cannot read the tokenizer: {error}") from error

    @classmethod
    def from_hub(cls, name: str) -> JsonTokenizer:
        """From a model's name on the Hugging Face hub, or its local cache (alone, where `HF_HUB_OFFLINE` is set)."""
        from huggingface_hub import hf_hub_download

        try:
            path = hf_hub_download(name, "tokenizer.json")
        except Exception as error:  # the errors of three packages, all of them about a name the user gave
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise UsageError(
                f"no tokenizer {name!r}: it is no file here, and the Hugging Face hub gave none ({reason}); "
                "pass the path of a tokenizer.json or a .gguf file"
            ) from error
        return cls.from_file(Path(path))

    @property
    def id(self) -> str:
        """The hash of the JSON."""
        return self._id

    def count(self, text: str) -> int:
        """Tokens in `text`, without any special ones."""
        pieces = [piece for _, piece in self._pieces(text)]
        return sum(len(encoding) for encoding in self._tokenizer.encode_batch_fast(pieces, add_special_tokens=False))

    def encode(self, text: str) -> list[int]:
        """The ids of the tokens of `text`, without any special ones."""
        ids: list[int] = []
        for _, piece in self._pieces(text):
            ids.extend(self._tokenizer.encode(piece, add_special_tokens=False).ids)
        return ids

    def token_starts(self, texts: Sequence[str]) -> list[list[int]]:
        """For each text, the character offset at which each of its tokens starts, ascending."""
        starts: list[list[int]] = [[] for _ in texts]
        for batch in self._batches(texts):
            encodings = self._tokenizer.encode_batch([piece for _, _, piece in batch], add_special_tokens=False)
            for (index, offset, _), encoding in zip(batch, encodings, strict=True):
                starts[index].extend([start + offset for start, _ in encoding.offsets])
        return starts

    def _batches(self, texts: Sequence[str]) -> Iterator[list[tuple[int, int, str]]]:
        batch: list[tuple[int, int, str]] = []
        characters = 0
        for index, text in enumerate(texts):
            for offset, piece in self._pieces(text):
                batch.append((index, offset, piece))
                characters += len(piece)
                if characters >= _BATCH_CHARACTERS:
                    yield batch
                    batch, characters = [], 0
        if batch:
            yield batch

    def _pieces(self, text: str) -> Iterator[tuple[int, str]]:
        text = well_formed(text)
        if len(text) <= _PIECE_CHARACTERS or not self._cuttable:
            yield 0, text
            return
        start = 0
        while start < len(text):
            cut = _SAFE_CUT.search(text, start + _PIECE_CHARACTERS)
            end = cut.start() if cut else len(text)
            yield start, text[start:end]
            start = end

    @cached_property
    def _cuttable(self) -> bool:
        """Whether cutting changes no token here: tokenizers that put a prefix before every text are found out."""
        encode = self._tokenizer.encode
        edges = [0, *(cut.start() for cut in _SAFE_CUT.finditer(_PROBE)), len(_PROBE)]
        pieces = [_PROBE[start:end] for start, end in pairwise(edges)]
        cut_ids = [token for piece in pieces for token in encode(piece, add_special_tokens=False).ids]
        return cut_ids == encode(_PROBE, add_special_tokens=False).ids


def well_formed(text: str) -> str:
    """`text` with every lone surrogate (which no encoding can carry) replaced, character for character."""
    return text if text.isascii() else _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
