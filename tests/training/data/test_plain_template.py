from __future__ import annotations

import pytest

from octavo.training.data.plain_template import plain_template
from octavo.training.data.templates import SHIPPED
from tests.training.tiny_run import tiny_tokenizer

TALK = [{"role": "user", "content": "Which fox?"}, {"role": "assistant", "content": " The quick one. "}]


@pytest.mark.parametrize("name", sorted(path.stem for path in SHIPPED.glob("*.jinja")))
def test_without_its_marks_a_template_renders_the_same(name: str) -> None:
    marked = (SHIPPED / f"{name}.jinja").read_text(encoding="utf-8")
    plain = plain_template(marked)
    assert plain is not None
    assert "generation %}" not in plain
    render = tiny_tokenizer().apply_chat_template
    assert render(TALK, chat_template=plain, tokenize=False) == render(TALK, chat_template=marked, tokenize=False)


def test_a_template_without_marks_is_as_it_was() -> None:
    assert plain_template("{% for message in messages %}{{ message.content }}{% endfor %}") == (
        "{% for message in messages %}{{ message.content }}{% endfor %}"
    )
    assert plain_template(None) is None
