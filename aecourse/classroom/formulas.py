"""The little Markdown of an exercise as HTML: bold, italics, code, and formulas as MathML, which needs no script."""

from __future__ import annotations

import html
import re
from xml.etree import ElementTree

from latex2mathml.converter import convert_to_element
from markupsafe import Markup, escape

LOOKS = {"xmlns", "display", "mathvariant", "stretchy", "fence", "accent", "width"}  # attributes that do no harm


def prose(text: str) -> Markup:
    """Return a sentence of a notebook as HTML: bold, italics, code and formulas marked up, everything else escaped."""
    kept: list[str] = []

    def keep(found: re.Match) -> str:
        code, formula = found.groups()
        kept.append(f"<code>{escape(code)}</code>" if code else formula_as_html(formula))
        return f"\0{len(kept) - 1}\0"

    plain = " ".join(text.replace("\0", "").split())
    safe = str(escape(re.sub(r"`([^`]+)`|\$([^$]+)\$", keep, plain)))
    for pattern, tag in ((r"\*\*(.+?)\*\*", "strong"), (r"\*(.+?)\*", "em")):
        safe = re.sub(pattern, rf"<{tag}>\1</{tag}>", safe)
    return Markup(re.sub("\0(\\d+)\0", lambda found: kept[int(found[1])], safe))


def formula_as_html(latex: str, *, block: bool = False) -> str:
    r"""Return a formula as a <math> element, on its own line if it is a `block`; an unreadable one stays as it is.

    Attributes that could do more than change the look, such as the address of an \href, are dropped.
    """
    try:
        math = convert_to_element(
            latex.replace("'", "′"), display="block" if block else "inline"
        )  # the converter would raise its own prime twice
    except Exception:  # the converter's errors have no common class
        return f"<code>{escape(latex)}</code>"
    for element in math.iter():
        element.attrib = {name: value for name, value in element.attrib.items() if name in LOOKS}
        element.text = html.unescape(element.text or "")  # the converter writes ≥ as &#x02265;
    return ElementTree.tostring(math, encoding="unicode")
