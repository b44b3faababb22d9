from __future__ import annotations

from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from octavo.errors import TrainingError
from octavo.training.data.samples import Sample
from octavo.training.data.templates import IGNORED, SHIPPED, Encoded, Template, encode, training_template
from tests.models.vocabulary import byte_level

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
ENDS = {"chatml": "<|im_end|>", "llama3": "<|eot_id|>"}
TALK = (
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Which fox?"},
    {"role": "assistant", "content": "The quick brown fox."},
    {"role": "user", "content": "Which dogs?"},
    {"role": "assistant", "content": "12345 lazy dogs.\n\n你好"},
)


def tokenizer_with(chat_template: str | None) -> Any:
    from transformers import PreTrainedTokenizerFast

    tokens = [
        "<|im_start|>",
        "<|im_end|>",
        "<|start_header_id|>",
        "<|end_header_id|>",
        "<|eot_id|>",
        "<|begin|>",
        "<end_of_turn>",
    ]
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=byte_level(), eos_token="<|im_end|>", bos_token="<|begin|>")
    tokenizer.add_special_tokens({"additional_special_tokens": tokens})
    tokenizer.chat_template = chat_template
    return tokenizer


def published(name: str) -> str:
    """A model's own template, as TRL keeps it to compare with."""
    spec = find_spec("trl")
    assert spec is not None
    assert spec.origin is not None
    return (Path(spec.origin).parent / "chat_templates" / f"{name}.jinja").read_text(encoding="utf-8")


def embedded_template() -> str:
    from gguf import GGUFReader

    from octavo.models.install import weights_of

    weights = weights_of("smollm2")
    if weights is None:
        pytest.skip("needs the embedded model's file: octavo models install smollm2")
    return str(GGUFReader(weights).fields["tokenizer.chat_template"].contents())


def learned_text(tokenizer: Any, encoded: Encoded) -> str:
    return str(tokenizer.decode([token for token in encoded.labels if token != IGNORED]))


@pytest.mark.parametrize(
    ("own", "shipped"),
    [("qwen2_5", "qwen2.5"), ("llama3", "llama3"), ("llama3_1", "llama3.1"), ("llama3_2", "llama3.2")],
)
def test_a_published_template_is_replaced_by_the_shipped_one_that_renders_the_same(own: str, shipped: str) -> None:
    template = training_template(tokenizer_with(published(own)))
    assert template == Template((SHIPPED / f"{shipped}.jinja").read_text(encoding="utf-8"), f"octavo's {shipped}.jinja")


@pytest.mark.embedded
def test_the_embedded_models_template_is_replaced_by_the_shipped_one() -> None:
    assert training_template(tokenizer_with(embedded_template())).origin == "octavo's smollm2.jinja"


def test_plain_chatml_and_chatml_with_a_system_line_are_told_apart() -> None:
    qwen2 = (
        "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
        "{{ '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}{% endif %}"
    ) + CHATML.removeprefix("{% for message in messages %}")
    assert training_template(tokenizer_with(CHATML)).origin == "octavo's chatml.jinja"
    assert training_template(tokenizer_with(qwen2)).origin == "octavo's qwen2.jinja"


@pytest.mark.parametrize("name", sorted(path.stem for path in SHIPPED.glob("*.jinja")))
def test_exactly_what_the_assistant_says_and_the_end_of_its_turn_are_learned(name: str) -> None:
    tokenizer = tokenizer_with((SHIPPED / f"{name}.jinja").read_text(encoding="utf-8"))
    template = training_template(tokenizer)
    encoded = encode(tokenizer, template, Sample(TALK, 2, "talks.jsonl, line 1"))
    end = ENDS["llama3" if name.startswith("llama3") else "chatml"]
    assert learned_text(tokenizer, encoded) == f"{TALK[2]['content']}{end}{TALK[4]['content']}{end}"
    plain = tokenizer.apply_chat_template(list(TALK), chat_template=template.undated, return_dict=True)["input_ids"]
    assert list(encoded.tokens) == plain


def test_what_is_learned_follows_the_prompt_that_the_model_will_be_given() -> None:
    tokenizer = tokenizer_with(CHATML)
    encoded = encode(tokenizer, training_template(tokenizer), Sample(TALK, 2, "line 1"))
    prompt = tokenizer.apply_chat_template(list(TALK[:2]), add_generation_prompt=True, return_dict=True)["input_ids"]
    assert encoded.learned.index(True) == len(prompt)
    assert list(encoded.tokens[: len(prompt)]) == prompt


def test_only_turns_of_the_completion_are_learned() -> None:
    tokenizer = tokenizer_with(CHATML)
    encoded = encode(tokenizer, training_template(tokenizer), Sample(TALK, 4, "line 1"))
    assert learned_text(tokenizer, encoded) == TALK[4]["content"] + "<|im_end|>"


def test_a_template_with_marks_of_its_own_is_kept() -> None:
    own = (SHIPPED / "chatml.jinja").read_text(encoding="utf-8").replace("'\\n' }}", "' \\n' }}")
    assert training_template(tokenizer_with(own)).text == own


def test_trl_knows_templates_that_are_not_shipped() -> None:
    tokenizer = tokenizer_with(published("gemma"))
    assert training_template(tokenizer).origin == "TRL's template"


def test_a_template_that_is_not_known_needs_a_file_with_marks(tmp_path: Path) -> None:
    tokenizer = tokenizer_with(CHATML.replace("<|im_start|>", "<|im_start|>from "))
    with pytest.raises(TrainingError, match=r"has no \{% generation %\} marks.*--template FILE"):
        training_template(tokenizer)
    shipped = (SHIPPED / "chatml.jinja").read_text(encoding="utf-8")
    same, other = tmp_path / "same.jinja", tmp_path / "other.jinja"
    same.write_text(shipped.replace("<|im_start|>", "<|im_start|>from "), encoding="utf-8")
    other.write_text(shipped, encoding="utf-8")
    assert training_template(tokenizer, same).same
    assert not training_template(tokenizer, other).same


def test_a_model_without_a_template_needs_one() -> None:
    with pytest.raises(TrainingError, match="has no chat template; give one"):
        training_template(tokenizer_with(None))


def test_a_file_without_marks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plain.jinja").write_text(CHATML, encoding="utf-8")
    with pytest.raises(TrainingError, match=r"plain\.jinja: has no marks"):
        training_template(tokenizer_with(CHATML), tmp_path / "plain.jinja")
    with pytest.raises(TrainingError, match=r"none\.jinja: cannot be read"):
        training_template(tokenizer_with(CHATML), tmp_path / "none.jinja")


@pytest.mark.parametrize(
    ("placed", "found"),
    [
        # the end of the turn is left out
        ("{%- generation %}{{ message['content'] }}{%- endgeneration %}{{- '<|im_end|>' }}", "'It is 42.'"),
        # the turn's head is learned too
        (
            "{%- generation %}{{- '<|im_start|>assistant\n' + message['content'] + '<|im_end|>' }}{%- endgeneration %}",
            "'<.im_start.>assistant.nIt is 42",
        ),
    ],
)
def test_marks_in_the_wrong_place_are_refused(tmp_path: Path, placed: str, found: str) -> None:
    text = (
        "{%- for message in messages %}{%- if message['role'] == 'assistant' %}" + placed + "{%- else %}"
        "{{- message['content'] }}{%- endif %}{%- endfor %}"
    )
    (tmp_path / "wrong.jinja").write_text(text, encoding="utf-8")
    with pytest.raises(TrainingError, match=rf"wrong\.jinja: the marks are around {found}"):
        training_template(tokenizer_with(CHATML), tmp_path / "wrong.jinja")


def test_a_conversation_that_the_template_refuses_is_named() -> None:
    refusing = "{%- if messages[0]['role'] == 'system' %}{{ raise_exception('no system turn') }}{%- endif %}"
    template = Template(refusing + (SHIPPED / "chatml.jinja").read_text(encoding="utf-8"), "a template")
    with pytest.raises(TrainingError, match=r"talks\.jsonl, line 7: the chat template refuses .*no system turn"):
        encode(tokenizer_with(CHATML), template, Sample(TALK, 2, "talks.jsonl, line 7"))


def test_what_is_learned_today_is_learned_tomorrow(monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers.utils import chat_template_utils

    tokenizer = tokenizer_with(published("llama3_2"))
    template = training_template(tokenizer)

    def learned(day: int) -> tuple[int, ...]:
        clock = SimpleNamespace(now=lambda: datetime(2031, 1, day, tzinfo=UTC))
        monkeypatch.setattr(chat_template_utils, "datetime", clock)
        return encode(tokenizer, template, Sample(TALK, 1, "talk")).tokens

    assert learned(1) == learned(2)
    assert "2024" in tokenizer.decode(learned(1))
