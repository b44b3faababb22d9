"""A chat template as engines take it: without the marks that training needs.

Knows Jinja's block tags; nothing of what a template says.
"""

from __future__ import annotations

import re

_OPEN = re.compile(r"\{%(-?)\s*generation\s*(-?)%\}")
_CLOSE = re.compile(r"\{%(-?)\s*endgeneration\s*(-?)%\}")


def plain_template(template: str | None) -> str | None:
    """The same template with `{% generation %}` marks made a block that every engine knows, white space kept as it is
    trimmed; it renders the same text."""
    if template is None:
        return None
    return _CLOSE.sub(r"{%\1 endif \2%}", _OPEN.sub(r"{%\1 if true \2%}", template))
