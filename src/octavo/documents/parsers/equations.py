"""Word's equations (OMML) as LaTeX-like text, so that a fraction stays a fraction where only text is kept.

After ECMA-376 part 1, 22.1. What is not known here is written as the text inside it: an equation may lose its form, it
never loses a character.
"""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PROPERTIES = "Pr"  # every element that says how something looks, not what it is, ends so


def equations_as_text(xml: bytes) -> bytes:
    """A part of a Word file with each equation made a run of text between dollar signs."""
    root = ElementTree.fromstring(xml)
    for parent in list(root.iter()):
        for index, child in enumerate(parent):
            if child.tag == f"{_MATH}oMath":
                parent[index] = _run(f"${_latex(child)}$", child.tail)
            elif child.tag == f"{_MATH}oMathPara":
                inner = " ".join(_latex(equation) for equation in child.iter(f"{_MATH}oMath"))
                parent[index] = _run(f"$${inner}$$", child.tail)
    written: bytes = ElementTree.tostring(root, encoding="utf-8")
    return written


def _run(text: str, tail: str | None) -> Element:
    run = Element(f"{_WORD}r")
    run.tail = tail
    ElementTree.SubElement(run, f"{_WORD}t").text = text
    return run


def _latex(element: Element) -> str:
    name = element.tag.removeprefix(_MATH)
    if name == "t" or element.tag == f"{_WORD}t":
        return element.text or ""
    if name.endswith(_PROPERTIES):
        return ""
    if name in _FORMS:
        return _FORMS[name](element)
    return _inside(element)


def _inside(element: Element) -> str:
    return "".join(_latex(child) for child in element)


def _part(element: Element, name: str) -> str:
    found = element.find(f"{_MATH}{name}")
    return _inside(found) if found is not None else ""


def _character(element: Element, properties: str, name: str, default: str) -> str:
    """The character that an operator or a bracket is drawn with; its attribute is absent for the usual one."""
    found = element.find(f"{_MATH}{properties}/{_MATH}{name}")
    return default if found is None else found.get(f"{_MATH}val", "")


def _fraction(element: Element) -> str:
    return rf"\frac{{{_part(element, 'num')}}}{{{_part(element, 'den')}}}"


def _scripts(element: Element) -> str:
    below, above = _part(element, "sub"), _part(element, "sup")
    return _part(element, "e") + (f"_{{{below}}}" if below else "") + (f"^{{{above}}}" if above else "")


def _scripts_before(element: Element) -> str:
    return f"{{}}_{{{_part(element, 'sub')}}}^{{{_part(element, 'sup')}}}{_part(element, 'e')}"


def _root(element: Element) -> str:
    degree = _part(element, "deg")
    return r"\sqrt" + (f"[{degree}]" if degree else "") + f"{{{_part(element, 'e')}}}"


def _large_operator(element: Element) -> str:
    below, above = _part(element, "sub"), _part(element, "sup")
    scripts = (f"_{{{below}}}" if below else "") + (f"^{{{above}}}" if above else "")
    return f"{_character(element, 'naryPr', 'chr', '∫')}{scripts} {_part(element, 'e')}"


def _brackets(element: Element) -> str:
    separator = _character(element, "dPr", "sepChr", "|")
    inner = separator.join(_inside(child) for child in element.findall(f"{_MATH}e"))
    return _character(element, "dPr", "begChr", "(") + inner + _character(element, "dPr", "endChr", ")")


def _function(element: Element) -> str:
    return f"{_part(element, 'fName')} {_part(element, 'e')}"


def _limit(element: Element) -> str:
    mark = "_" if element.tag.endswith("limLow") else "^"
    return f"{_part(element, 'e')}{mark}{{{_part(element, 'lim')}}}"


def _matrix(element: Element) -> str:
    rows = (" & ".join(_inside(cell) for cell in row) for row in element.findall(f"{_MATH}mr"))
    return r"\begin{matrix}" + r" \\ ".join(rows) + r"\end{matrix}"


def _lines(element: Element) -> str:
    return r" \\ ".join(_inside(line) for line in element.findall(f"{_MATH}e"))


def _accent(element: Element) -> str:
    return _part(element, "e") + _character(element, "accPr", "chr", "\u0302")


_FORMS: dict[str, Callable[[Element], str]] = {
    "f": _fraction,
    "sSub": _scripts,
    "sSup": _scripts,
    "sSubSup": _scripts,
    "sPre": _scripts_before,
    "rad": _root,
    "nary": _large_operator,
    "d": _brackets,
    "func": _function,
    "limLow": _limit,
    "limUpp": _limit,
    "m": _matrix,
    "eqArr": _lines,
    "acc": _accent,
}
