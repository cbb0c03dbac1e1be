"""Numbers in texts, and what is stored behind them."""

from __future__ import annotations

import ast
import bisect
import html
import itertools
import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from helpers.captions import captions
from helpers.notebooks import read
from helpers.paths import NOTEBOOKS

from aecourse.evaluation.controls import FOLDER, read_results, stored
from aecourse.explorers.board.demos import DEMOS

BY_NUMBER = {path.name[:2]: path for path in NOTEBOOKS}
PAPER = json.loads((FOLDER.parent / "rifai2011.json").read_text(encoding="utf-8"))
SHOWN = {  # what the guide asks to be shown, besides the presets of the board
    "ContractionExplorer": [
        {"direction": way, "weights": f"contractive-{weight}"} for way in ("other", 200) for weight in (0, 1)
    ],
}  # fmt: skip

CONSTANTS = {128, 255, 256, 512, 784, 1024, 55_000}  # sizes of the course's networks and data
NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[-+]?\d+)?|\.\d+"
PERCENT = r"\s?(?:%|per cent|percentage points|points?\b)"
OTHER_UNIT = r"\s?(?:×(?! ?\d)|times\b|dB\b|decibels?\b|nats\b|degrees\b|°)"
JOINT = r"\s?(?:,? and|,? or|,| ·|·| to|→|±|,? against|–|,? beside| by)\s?"  # between the numbers of a list
LIST = re.compile(
    rf"(?<![\w.,])(?:{NUMBER})(?:{JOINT}(?:{NUMBER}))*(?:(?P<percent>{PERCENT})|(?P<unit>{OTHER_UNIT}))?(?![\w^])"
)
# substitutions, code, links, years, products (28 × 28), networks (784-32-784), names of exercises, chapters of books
NO_NUMBER = re.compile(
    r"\{\{.*?\}\}"
    r"|```.*?```|`[^`]*`|\]\([^)]*\)|https?://\S+|\b(?:1[89]|20)\d\d\b|(?<![\d.,])\d+(?:(?: ?× ?|[-:])\d+)+(?![.,]?\d)"
    r"|(?<![\d.,])0\d\.\d\b|chapters? [\d., ]+",
    re.S,
)


@dataclass(frozen=True)
class Number:
    """A number as a text writes it."""

    text: str
    value: float
    decimals: int  # below 0 for 42,000, which may be rounded to two digits
    unit: str = ""
    scatter: bool = False  # it stands behind ±

    @property
    def digits(self) -> int:
        """How many it has, without the zeros before them."""
        return len(re.sub(r"[.,]|e.*", "", self.text).lstrip("0"))

    @property
    def looks_measured(self) -> bool:
        """Decimals, a unit, or three digits; but no round number such as 2,000, and no constant of the course."""
        if self.decimals > 0 or "e" in self.text or self.unit:
            return True
        return self.digits >= 3 and self.value not in CONSTANTS and self.text.rstrip("0,")[1:] != ""


def number(text: str, unit: str = "", scatter: bool = False) -> Number:
    """Read one number."""
    plain, _, exponent = text.replace(",", "").partition("e")
    decimals = len(plain.partition(".")[2])
    if "." not in plain and len(plain) >= 4:
        decimals = -(len(plain[2:]) - len(plain[2:].rstrip("0")))
    power = int(exponent or 0)
    return Number(text, float(plain) * 10.0**power, decimals - power, unit, scatter)


def numbers(text: str) -> list[Number]:
    """Every number of a text, without code, links, years and products; a unit belongs to all of a list."""
    text = NO_NUMBER.sub(lambda found: " " * len(found.group()), text.replace(r"\,", "").replace("\\%", " %"))
    found = []
    for group in LIST.finditer(text):
        unit = "%" if group["percent"] else (group["unit"] or "").strip()
        for one in re.finditer(NUMBER, group.group()):
            before = text[: group.start() + one.start()].rstrip()
            found.append(number(one.group(), unit, before.endswith("±")))
    return found


class Pool:
    """Stored numbers: `printed` have the decimals that were printed, `exact` all; `settings` are not rounded."""

    def __init__(
        self, printed: Iterable[str] = (), exact: Iterable[float] = (), settings: Iterable[float] = ()
    ) -> None:
        plain, percent, scatter = {(abs(value), math.inf) for value in exact}, set(), set()
        for each in (each for text in printed for each in numbers(text)):
            where = scatter if each.scatter else percent if each.unit == "%" else plain
            where.add((each.value, max(each.decimals, 0)))
        self.plain, self.percent, self.scatter = sorted(plain), sorted(percent), sorted(scatter)
        self.settings = {abs(value) for value in settings}

    def has(self, written: Number) -> bool:
        """Whether some stored number, rounded to as many decimals as are written, gives the written one.

        94.9 % is found as 94.9 %, as 94.9 in a column without a unit and as .949; .949 also as 94.9 %.
        """
        value, decimals, percent = written.value, written.decimals, written.unit == "%"
        stored = self.scatter if written.scatter else self.plain
        if near(stored, value, decimals) or (percent and near(stored, value / 100, decimals + 2)):
            return True
        if not written.scatter and percent and near(self.percent, value, decimals):
            return True
        if not written.scatter and value < 1 and near(self.percent, value * 100, decimals - 2):
            return True
        return value in self.settings or (percent and value / 100 in self.settings)


def near(stored: list[tuple[float, float]], value: float, decimals: int) -> bool:
    """Whether one of the sorted numbers lies within half a unit of the last decimal, and has as many decimals."""
    half = 0.5 * 10.0**-decimals * (1 + 1e-6)
    start = bisect.bisect_left(stored, (value - half, -math.inf))
    end = bisect.bisect_right(stored, (value + half, math.inf))
    return any(precision >= decimals for _, precision in stored[start:end])


def leaves(value: object) -> list[float]:
    """All numbers in a tree of JSON."""
    if isinstance(value, dict | list):
        return [each for inner in (value.values() if isinstance(value, dict) else value) for each in leaves(inner)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


def said(output) -> str:
    """Return the text of an output (stream, text, table without tags), without questions and bounds of claims."""
    data = output.get("data", {})
    text = "\n".join([output.get("text", ""), data.get("text/plain", ""), data.get("text/html", "")])
    text = "" if "Predict first" in text or "Figure:" in text else text
    return re.sub(r"\(claimed: .*?\)", "", html.unescape(re.sub(r"<[^>]+>", " ", text)))


def settings(source: str) -> list[float]:
    """The numbers in some code, but for the bounds of claims."""
    tree = ast.parse(re.sub(r"^[%!].*", "pass", source, flags=re.M))
    words = [node for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg in ("at_least", "at_most")]
    bounds = {id(node) for word in words for node in ast.walk(word)}
    return leaves([node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in bounds])


@cache
def pieces(notebook: str) -> list[tuple[int, object]]:
    """(section, code cell or piece of text); section 0 before the first one and from the exercises on."""
    found, section = [], 0
    for cell in read(BY_NUMBER[notebook]).cells:
        if cell.cell_type == "code":
            found.append((section, cell))
            continue
        for piece in re.split(r"^(?=##)", cell.source, flags=re.M):
            if heading := re.match(r"##+ (?:(\d+) ·|How we|Exercises|Recap)", piece):
                section = int(heading[1] or 0)
            found.append((section, piece))
    return found


def told(name: str) -> Iterator[str]:
    """Mean ± deviation of all that a control measured, with one digit more than the deviation allows."""
    control = stored(name)
    for spread in map(control.__getitem__, control.values):
        decimals = max(0, 1 - math.floor(math.log10(spread.deviation))) if spread.deviation else 6
        yield f"{spread.mean:.{decimals}f} ± {spread.deviation:.{decimals}f}"


@cache
def behind(notebook: str, section: int = 0, control: str = "") -> Pool:
    """Return the stored numbers of a section of a notebook, of all of it (section 0), or of one of its controls."""
    if control:
        found = stored(control)
        pairs = [found.difference(*pair).mean for pair in itertools.combinations(found.values, 2)]
        return Pool(told(control), leaves(found.values) + pairs)
    cells = [cell for where, cell in pieces(notebook) if not isinstance(cell, str) and section in (0, where)]
    source = "\n".join(cell.source for cell in cells)
    controls = [name for name in read_results(notebook) if not section or f'"{name}"' in source]
    texts = [said(output) for cell in cells for output in cell.outputs]
    texts += [line for name in controls for line in told(name)]
    return Pool(texts, leaves(PAPER) if "rifai2011" in source else (), settings(source))


@cache
def said_by_explorers() -> dict[str, Pool]:
    """{explorer, and its screen's title: what it says in the states that the board and the guide show}."""
    found = {}
    for demo in DEMOS:
        explorer, states = demo.build(), []
        name = type(explorer).__name__
        for preset in [*demo.presets.values(), *SHOWN.get(name, [])]:
            if not {"train", "stop"} & set(preset):  # nothing is trained here
                explorer.apply(preset)
                states.append(explorer.settings())
        found[demo.title] = found[name] = Pool(captions(explorer, states) if states else ())
    return found
