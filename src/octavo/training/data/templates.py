"""Chat templates that mark what the assistant says, and conversations as tokens of which just that is learned.

Which tokens an assistant wrote shows in a chat template's `{% generation %}` marks (transformers' notation). Few models
come with them, so some templates with marks are shipped here (`templates/`). One is used only where it renders the same
text as the model's own; else TRL's for that model is; else the user must give one. Knows tokenizers of transformers;
nothing of models.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from octavo.errors import MissingExtra, TrainingError
from octavo.training.data.samples import Sample

SHIPPED = Path(__file__).parent / "templates"
IGNORED = -100
"""The label of a token that is not learned, as transformers and torch have it."""

_MARKS = re.compile(r"\{%-?\s*generation\s*-?%\}")
_ASKS_THE_DAY = re.compile(r"strftime_now\(\s*(['\"])(.*?)\1\s*\)")
_SOME_DAY = datetime(2024, 7, 26, tzinfo=UTC)
"""In place of today: the day that Llama 3.2's template has where it is not told any."""


@dataclass(frozen=True, slots=True)
class Template:
    """A chat template with marks: Jinja `text`, and where it is from.

    `same` says that it renders what the model's own does; where it does not (a file of the user's), the tokenizer must
    be saved with this one.
    """

    text: str
    origin: str
    same: bool = True

    @property
    def undated(self) -> str:
        """The text, with the same day (`_SOME_DAY`) in it whenever it is rendered: rows that a training is gone on with
        tomorrow have to be today's."""
        return _ASKS_THE_DAY.sub(lambda asked: repr(_SOME_DAY.strftime(asked[2])), self.text)


@dataclass(frozen=True, slots=True)
class Encoded:
    """A sample as a model sees it: its tokens, and for each whether it is learned."""

    tokens: tuple[int, ...]
    learned: tuple[bool, ...]

    @property
    def labels(self) -> list[int]:
        """The tokens that are learned, and `IGNORED` for the others."""
        return [token if learned else IGNORED for token, learned in zip(self.tokens, self.learned, strict=True)]


def training_template(tokenizer: Any, file: Path | None = None) -> Template:
    """The template with marks to train a model of this tokenizer with: the user's `file`, the model's own, one that is
    shipped here, or TRL's.

    Raises `TrainingError` where there is none, and where the marks are not around what the assistant says.
    """
    template = _given(tokenizer, file) if file is not None else _found(tokenizer)
    _check_marks(tokenizer, template)
    return template


def encode(tokenizer: Any, template: Template, sample: Sample) -> Encoded:
    """The sample's tokens under `template`; those of the assistant turns that are learned, and of their ends, marked.

    Raises `TrainingError`, naming the sample's place, where the template refuses the conversation or marks other turns.
    """
    from jinja2 import TemplateError

    try:
        rendered = tokenizer.apply_chat_template(
            list(sample.messages),
            chat_template=template.undated,
            return_dict=True,
            return_assistant_tokens_mask=True,
        )
    except TemplateError as error:
        raise TrainingError(f"{sample.source}: the chat template refuses the conversation: {error}") from error
    tokens, mask = rendered["input_ids"], [bool(bit) for bit in rendered["assistant_masks"]]
    turns = [index for index, message in enumerate(sample.messages) if message["role"] == "assistant"]
    marked = list(_runs(mask))
    if len(marked) != len(turns):
        raise TrainingError(
            f"{sample.source}: {template.origin} marks {len(marked)} turns of {len(turns)} of the assistant"
        )
    learned = [False] * len(tokens)
    for turn, (start, end) in zip(turns, marked, strict=True):
        if turn in sample.learned:
            learned[start:end] = mask[start:end]
    return Encoded(tuple(tokens), tuple(learned))


def _given(tokenizer: Any, file: Path) -> Template:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"{file}: cannot be read as a chat template ({error}); name another file") from error
    if not _MARKS.search(text):
        raise TrainingError(
            f"{file}: has no marks; put {{% generation %}} and {{% endgeneration %}} around what the assistant says "
            f"(see the templates in {SHIPPED})"
        )
    own = _own(tokenizer)
    return Template(text, str(file), same=own is not None and _alike(tokenizer, own, text))


def _found(tokenizer: Any) -> Template:
    name, own = tokenizer.name_or_path or "the model", _own(tokenizer)
    if own is None:
        raise TrainingError(f"{name}: has no chat template; give one with {{% generation %}} marks (--template FILE)")
    if _MARKS.search(own):
        return Template(own, f"the chat template of {name}")
    for path in sorted(SHIPPED.glob("*.jinja")):
        text = path.read_text(encoding="utf-8")
        if _alike(tokenizer, own, text):
            return Template(text, f"octavo's {path.name}")
    of_trl = _of_trl(tokenizer)
    if of_trl is None or not _alike(tokenizer, own, of_trl):
        raise TrainingError(
            f"{name}: its chat template has no {{% generation %}} marks, and none that is known with marks renders the "
            "same text; give its template with the marks added (--template FILE)"
        )
    return Template(of_trl, "TRL's template")


def _own(tokenizer: Any) -> str | None:
    if not tokenizer.chat_template:
        return None
    return str(tokenizer.get_chat_template())


def _of_trl(tokenizer: Any) -> str | None:
    try:
        from trl.chat_template_utils import get_training_chat_template
    except ImportError as error:
        raise MissingExtra("training", "train") from error
    try:
        text = get_training_chat_template(tokenizer)
    except ValueError:  # not one of those that TRL knows
        return None
    return str(text) if text is not None else None


def _alike(tokenizer: Any, own: str, other: str) -> bool:
    return all(
        _render(tokenizer, own, messages, prompt=prompt) == _render(tokenizer, other, messages, prompt=prompt)
        for messages, prompt in _probes()
    )


def _render(tokenizer: Any, text: str, messages: Sequence[Mapping[str, str]], *, prompt: bool) -> str | None:
    """The text; None where the template refuses such a conversation."""
    from jinja2 import TemplateError

    try:
        return str(
            tokenizer.apply_chat_template(
                list(messages), chat_template=text, tokenize=False, add_generation_prompt=prompt
            )
        )
    except TemplateError:
        return None


def _probes() -> Iterator[tuple[tuple[Mapping[str, str], ...], bool]]:
    """Conversations of every shape that training data has, and whether the assistant is about to speak."""

    def turn(role: str, content: str) -> Mapping[str, str]:
        return {"role": role, "content": content}

    system, asked, answered = turn("system", "Be brief."), turn("user", "Why?"), turn("assistant", "So.")
    again, last = turn("user", "  {{ 1 }} {% x %}\n\n<b>你好</b> \n"), turn("assistant", " 1. One\n2. 'Two' \\n \n")
    yield (asked, answered), False
    yield (system, asked, answered), False
    yield (asked, answered, again, last), False
    yield (system, again, last, asked, answered), False
    yield (asked,), True
    yield (system, asked, answered, again), True


def _runs(mask: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Where stretches of marked tokens begin and end."""
    for marked, group in groupby(enumerate(mask), key=lambda item: item[1]):
        if marked:
            places = [index for index, _ in group]
            yield places[0], places[-1] + 1


def _check_marks(tokenizer: Any, template: Template) -> None:
    """Raises `TrainingError` unless what is learned of a conversation is what the assistant said and one token that
    ends the turn, white space around them aside."""
    said = ("It is 42.", "No, 43 it is.")
    asked = ({"role": "user", "content": "How much?"}, {"role": "user", "content": "Are you sure?"})
    messages = tuple(
        turn
        for question, answer in zip(asked, said, strict=True)
        for turn in (question, {"role": "assistant", "content": answer})
    )
    encoded = encode(tokenizer, template, Sample(messages, 1, "a check of the marks"))
    ends = set(tokenizer.all_special_ids) | set(tokenizer.added_tokens_decoder)
    for answer, (start, end) in zip(said, _runs(encoded.learned), strict=True):
        learned = list(encoded.tokens[start:end])
        text = [tokenizer.decode(token) for token in learned]
        while text and not text[-1].strip():
            learned.pop()
            text.pop()
        if not learned or learned[-1] not in ends or tokenizer.decode(learned[:-1]).strip() != answer:
            raise TrainingError(
                f"{template.origin}: the marks are around {tokenizer.decode(list(encoded.tokens[start:end]))!r}, and "
                f"not around {answer!r} and the end of the turn; move {{% generation %}} and {{% endgeneration %}}"
            )
