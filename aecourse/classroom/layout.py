"""How much room text takes on a slide, and where to cut it when it takes too much.

The unit is one line of a slide. These are estimates that decide where a slide ends; the browser measures each slide
again and makes its type a little smaller where an estimate was wrong.
"""

from __future__ import annotations

import itertools
import math
import re

SHORT = 2.0  # lines of a section so short that it may stay with the one before it
CAPACITY = 13.0  # lines of prose below the heading of a slide
MAX_HEIGHT = 1.2 * CAPACITY  # a slide a little too full, in a smaller type, is better than one nearly empty
WIDTH = 80  # characters in a line

_HEADING = re.compile(r"#{1,6} ")
_ITEM = re.compile(r"\s*(?:[-*]|\d+\.) ")
_LINK = re.compile(r"\]\([^)]*\)")
_COMMAND = re.compile(r"\\[a-zA-Z]+|[{}$\\]")


def blocks(source: str) -> list[str]:
    """Cut Markdown into blocks that must stay together: a heading, paragraph, list item, table, formula or fence."""
    found: list[str] = []
    open_until, joined = "", False
    for line in source.splitlines():
        if open_until:
            found[-1] += "\n" + line
            open_until = "" if line.rstrip().endswith(open_until) else open_until
            continue
        if not line.strip():
            joined = False
            continue
        if joined and not _ITEM.match(line) and not _HEADING.match(line):
            found[-1] += "\n" + line
        else:
            found.append(line)
        joined = not _HEADING.match(line)
        for fence in ("```", "$$"):
            if line.lstrip().startswith(fence) and line.count(fence) == 1:
                open_until = fence
    return found


def height(source: str) -> float:
    """Return how many lines Markdown takes on a slide; its top two levels of headings take none."""
    return sum(map(_block_height, blocks(source)))


def _block_height(block: str) -> float:
    if _HEADING.match(block):
        return 0.0 if not block.startswith("###") else 1.0
    if block.startswith("!["):
        return 9.0
    if block.startswith("|"):
        return 0.3 + sum(map(_row_height, block.splitlines()[1:]))
    if block.startswith("$$"):
        return 2.5
    if block.startswith("```"):
        return 0.8 * block.count("\n")
    return math.ceil(len(_plain(block)) / WIDTH) + (0.3 if _ITEM.match(block) else 0.5)


def _plain(text: str) -> str:
    """Return about what is left of Markdown on the screen."""
    return _COMMAND.sub("", _LINK.sub("", text)).replace("**", "")


def _row_height(row: str) -> float:
    """Return how many lines a row of a table takes."""
    return 1.15 * math.ceil(len(_COMMAND.sub("", _LINK.sub("", row))) / (WIDTH * 1.1))


def pieces(source: str) -> list[str]:
    """Cut Markdown into parts that fit on a slide each, at headings first, then evenly between blocks."""
    return [piece for section in _sections(source) for piece in _split_section(section)]


def _sections(source: str) -> list[list[str]]:
    """Group blocks by heading; consecutive headings stay together, and a quotation ends the title slide."""
    sections: list[list[str]] = [[]]
    for block in blocks(source):
        above = sections[-1]
        heading_after_text = _HEADING.match(block) and any(not _HEADING.match(b) for b in above)
        if heading_after_text or (above and above[-1].startswith(">")):
            sections.append([])
        sections[-1].append(block)
    merged: list[list[str]] = []
    for section in filter(None, sections):
        lines = _lines(section)
        if merged and section[0].startswith("###") and lines <= 1 + SHORT and _lines(merged[-1]) + lines <= CAPACITY:
            merged[-1] += section
        else:
            merged.append(section)
    return merged


def _lines(section: list[str]) -> float:
    return sum(map(_block_height, section))


def _split_section(section: list[str]) -> list[str]:
    """Cut one section into pieces of about equal height."""
    section = [part for block in section for part in _table_parts(block)]
    heights = list(map(_block_height, section))
    count = math.ceil(sum(heights) / MAX_HEIGHT)
    share, done = sum(heights) / max(count, 1), [[]]
    filled = here = 0.0  # lines of the section so far, and of the open piece
    for block, lines in zip(section, heights, strict=True):
        has_text = any(not _HEADING.match(b) for b in done[-1])
        if has_text and (filled + lines / 2 > share * len(done) or here + lines > MAX_HEIGHT):
            introduces = done[-1][-1].rstrip().endswith(":") and len(done[-1]) > 1
            done.append([done[-1].pop()] if introduces else [])
            here = _lines(done[-1])
        done[-1].append(block)
        filled, here = filled + lines, here + lines
    return [_join(part) for part in done if part]


def _table_parts(block: str) -> list[str]:
    """Cut a table taller than a slide into several, each under the same head."""
    rows = block.splitlines()
    if not block.startswith("|") or _block_height(block) <= MAX_HEIGHT:
        return [block]
    head, body = rows[:2], rows[2:]
    share = sum(map(_row_height, body)) / math.ceil(_block_height(block) / CAPACITY)
    parts, filled = [[]], 0.0
    for row in body:
        lines = _row_height(row)
        if parts[-1] and filled + lines / 2 > share * len(parts):
            parts.append([])
        parts[-1].append(row)
        filled += lines
    return ["\n".join(head + part) for part in parts]


def _join(part: list[str]) -> str:
    """Join blocks to Markdown again; the items of one list stay a tight list."""
    text = part[0]
    for before, block in itertools.pairwise(part):
        text += ("\n" if _ITEM.match(before) and _ITEM.match(block) else "\n\n") + block
    return text
