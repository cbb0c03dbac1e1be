"""How a verdict looks in a notebook: a card with a sign and a colour, its words as plain text, and its record."""

from __future__ import annotations

import html
from collections.abc import Mapping

from aecourse.records import RECORD, VERSION

LOOKS = {  # {outcome: (sign, colour)}; white text is readable on each colour
    "right": ("✓", "#00704F"),
    "not yet": ("✗", "#B34700"),
    "not attempted": ("○", "#666666"),
    "stopped": ("!", "#8F3F71"),
    "changed": ("≠", "#8A5A00"),
    "noted": ("✎", "#005A8C"),
}


def card(look: str, head: str, *lines: str) -> str:
    """Return the HTML of a card: its sign, a heading, and a line for each further sentence."""
    sign, colour = LOOKS[look]
    below = "".join(f"<br>{html.escape(line)}" for line in lines)
    return (
        f'<div style="border-left:5px solid {colour};padding:5px 12px;margin:4px 0;max-width:900px;line-height:1.5">'
        f'<b style="background:{colour};color:#FFFFFF;border-radius:4px;padding:1px 7px;margin-right:8px">{sign}</b>'
        f"<b>{html.escape(head)}</b>{below}</div>"
    )


def tell(sentence: str, drawn: str, measured: Mapping[str, object] | None = None, /, **record) -> None:
    """Show a card with its record beside it; outside a notebook, print only the sentence."""
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        print(sentence)
        return
    bundle = {"text/plain": sentence, "text/html": drawn, RECORD: {"version": VERSION, **record}}
    display(bundle, raw=True, metadata={RECORD: dict(measured)} if measured else None)
