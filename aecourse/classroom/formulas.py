"""The little Markdown of an exercise as HTML: bold, italics, code, and formulas as MathML, which needs no script."""

from __future__ import annotations

import contextlib
import html
import re
import unicodedata
from itertools import pairwise
from xml.etree import ElementTree

from latex2mathml.converter import convert_to_element
from markupsafe import Markup, escape

# attributes that do no harm
LOOKS = {"xmlns", "display", "displaystyle", "mathvariant", "stretchy", "fence", "accent", "width", "columnalign"}


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
        math = convert_to_element(_for_converter(latex), display="block" if block else "inline")
    except Exception:  # the converter's errors have no common class
        return f"<code>{escape(latex)}</code>"
    for element in math.iter():
        element.text = _as_letter(element.get("mathvariant"), element.text)
        element.attrib = {name: value for name, value in element.attrib.items() if name in LOOKS}
        element.text = html.unescape(element.text or "")  # the converter writes ≥ as &#x02265;
    for element in [*math.iter()]:
        _set_names_apart(element)
    return ElementTree.tostring(math, encoding="unicode")


def _for_converter(latex: str) -> str:
    """Return a formula without what the converter cannot do: aligned rows, a large ‖, primes, which it raises twice."""
    return re.sub(r"(\\[bB]igg?)\\\|", r"\1‖", latex.replace("{aligned}", "{align*}").replace("'", "′"))


def _as_letter(variant: str | None, text: str | None) -> str | None:
    """Return a double-struck or script letter as the character that it is: browsers do not know these variants."""
    for first in ("MATHEMATICAL ", "") if variant in ("double-struck", "script") else ():
        with contextlib.suppress(KeyError):
            return unicodedata.lookup(f"{first}{variant} capital {text}".upper())
    return text


def _set_names_apart(row: ElementTree.Element) -> None:
    """Put a thin space on both sides of log, sin and the like, except before a bracket, as TeX does; in place."""
    pairs = [*pairwise(row)] if row.tag in ("math", "mrow", "mtd") else []
    for left, right in pairs:
        names = [part for part in (left, right) if len(_first(part).text or "") > 1 and _first(part).tag == "mi"]
        if names and "mo" not in (_first(left).tag, _first(right).tag):
            row.insert([*row].index(right), ElementTree.Element("mspace", width="0.17em"))


def _first(element: ElementTree.Element) -> ElementTree.Element:
    """Return the first letter, number or sign of a part of a formula."""
    while len(element):
        element = element[0]
    return element
