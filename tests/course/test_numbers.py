"""Every measured number in the course's texts is a stored one.

Held are decimals, numbers with a unit (%, points, times, dB, nats, °) and whole numbers of three digits: not smaller
ones, round ones (2,000), years, products (28 × 28) and the sizes of the course. A number must be found, rounded as it
is written, in what a notebook prints, in its code or in its controls: for a notebook's text in the same section and in
sections that it names, for other texts in the notebooks and sections that they name or belong to. A control's
differences and seeds count where its name stands, an explorer's sentences where it or its screen is named.

It sees a changed digit in 98 of 100 numbers of four digits, in 85 of three, in 55 of two: some stored number fits by
chance. It cannot see whether the right one fits; nor numbers in words and in figures, the guesses before a vote, or in
README what computers take (seconds, memory), which `make bench` and `make class-trial` measure. A number that the site
takes from a notebook by its name, `{{ m03_famous_sse }}`, needs no test: an unknown name fails the site's build.
"""

from __future__ import annotations

import ast
import itertools
import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.numbers import BY_NUMBER, PAPER, Number, Pool, behind, number, numbers, pieces, said_by_explorers
from helpers.paths import ROOT

from aecourse.evaluation.controls import read_results
from aecourse.explorers.board.demos import DEMOS
from aecourse.publisher.explorer_files import shown_explorers

TAUGHT = [name for name in BY_NUMBER if name != "10"]
DECLARED = {  # what is worked out, or quoted from a paper, and stands nowhere in the outputs
    ("00", "12.25"): lambda: 784 / (16 * 4),
    ("00", "1.53"): lambda: 784 / (16 * 32),
    ("00", "2,580"): lambda: 3 * math.ceil(55_000 / 64),
    ("01", "3.32"): lambda: math.log2(10),
    ("01", "24.5"): lambda: 784 / 32,
    ("01", ".71"): lambda: math.cos(math.pi / 4),
    ("04", ".076"): lambda: math.sqrt(6 / (784 + 256)),
    ("05", "284"): lambda: math.log2(math.comb(1024, 50)),
    ("07", "0.14"): lambda: 100 * math.sqrt(0.02 * 0.98 / 10_000),
    ("07", "0.11"): lambda: math.sqrt(PAPER["published"]["CAE"] * (100 - PAPER["published"]["CAE"]) / 10_000),
    ("08", "1.44"): lambda: 1 / math.log(2),
    ("08", "50"): lambda: 10**2 / 2,
    ("08", "6.4"): lambda: -math.log(0.001) - 1 / 2,
    ("08", "1.068"): lambda: 1 / 2 + (math.exp(-2) + 1) / 2,
    ("08", "86.76"): lambda: 86.76,  # Burda et al. 2016, table 1
    ("08", "84.78"): lambda: 84.78,
}
Paragraph = tuple[str, set[tuple], set[str]]  # its text, where its numbers may come from, its notebooks


def paragraphs(text: str, own: str = "", section: int = 0) -> Iterator[Paragraph]:
    """Paragraphs, items of lists and rows of tables, each with the places behind it."""
    for block in re.split(r"\n\s*\n|\n(?=[-*|#] ?)|\n(?=\d+\. )", text):
        line = " ".join(block.split())
        named = re.findall(r"(?<![\w:.,])(0\d)(?:, sections? (\d+)(?: and (\d+))?)?(?![\w:]|[.,]\d)", line)
        if not own:
            named += [(demo.notebook[:2], "", "") for demo in DEMOS if f"| {demo.title} |" in block]
        places: set[tuple] = {(name, int(first or 0)) for name, first, _ in named if name != own}
        places |= {(name, int(second)) for name, _, second in named if second and name != own}
        names = {own, *(name for name, _ in places)} - {""}
        if own:
            sections = {section, *(int(each) for each in re.findall(r"[Ss]ections? (\d+)", block))} - {0}
            places |= {(own, each) for each in (sections if section or block.startswith("- Section ") else {0})}
            controls = {f"{own}.{each}" for each in re.findall(r"`(\w+)`", block)} & set(read_results(own))
            places |= {(own, 0, each) for each in controls}
        yield block, places or {(name, 0) for name in TAUGHT}, names


def in_lecture(path: Path) -> Iterator[Paragraph]:
    """The paragraphs of a lecture; on a slide with an explorer they count as naming it."""
    for slide in re.split(r"^(?=## )", path.read_text(encoding="utf-8"), flags=re.MULTILINE):
        shown = re.search(r"\{explorer\} ([\w-]+)", slide)
        kind = getattr(shown and shown_explorers().get(shown[1]), "__name__", "")
        yield from ((f"{block} {kind}", *rest) for block, *rest in paragraphs(slide, path.name[:2]))


def sources() -> dict[str, list[Paragraph]]:
    """{where: its paragraphs}: notebooks, guide, lectures, results, README's results, the board, captions, hints."""
    found = {}
    for name in TAUGHT:
        texts = [(section, piece) for section, piece in pieces(name) if isinstance(piece, str)]
        found[BY_NUMBER[name].stem] = [each for section, piece in texts for each in paragraphs(piece, name, section)]
    for path in (ROOT / "docs" / "guide").glob("*.md"):
        own = path.name[:2] if path.name[:2] in TAUGHT else ""
        found[f"guide/{path.stem}"] = list(paragraphs(path.read_text(encoding="utf-8"), own))
    for path in (ROOT / "docs" / "lectures").glob("*.md"):
        found[f"lectures/{path.stem}"] = list(in_lecture(path))
    found["results"] = list(paragraphs((ROOT / "docs" / "results.md").read_text(encoding="utf-8")))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found["README"] = list(paragraphs(re.search(r"^## Results.*?^(?=## )", readme, re.M | re.S).group()))
    board = [f"{demo.title}: {demo.question} {demo.answer}" for demo in DEMOS]
    found["board"] = [
        each for text, demo in zip(board, DEMOS, strict=True) for each in paragraphs(text, demo.notebook[:2])
    ]
    script = (ROOT / "aecourse/explorers/prior_map.js").read_text(encoding="utf-8")
    found["captions"] = [each for text in re.findall(r'"β = .*?"', script) for each in paragraphs(text, "08")]
    assert found["captions"]
    for path in (ROOT / "aecourse/exercises").glob("*.py"):
        if own := re.search(r'@exercise\("(\d\d)', path.read_text(encoding="utf-8")):
            nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            hints = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
            found[path.name] = [each for hint in hints for each in paragraphs(hint, own[1])]
    return found


SOURCES = sources()


def is_held(one: Number, paragraph: Paragraph) -> bool:
    """Whether a stored number stands behind this one."""
    block, places, names = paragraph
    if any((name, one.text) in DECLARED for name in names) or any(behind(*place).has(one) for place in places):
        return True
    shown = any(demo.title in block or "Explorer" in block for demo in DEMOS)
    return shown and any(pool.has(one) for name, pool in said_by_explorers().items() if name in block)


def measured(paragraph: Paragraph) -> list[Number]:
    """The numbers of a paragraph that look measured."""
    return [one for one in numbers(paragraph[0]) if one.looks_measured]


@pytest.mark.parametrize("where", SOURCES)
def test_every_number_is_stored(where: str) -> None:
    """No number in a text without a stored one behind it."""
    missing = [
        f"{one.text} {one.unit} in: {' '.join(paragraph[0].split())[:100]}"
        for paragraph in SOURCES[where]
        for one in measured(paragraph)
        if not is_held(one, paragraph)
    ]
    assert not missing


def test_declared_ones_are_right_and_used() -> None:
    """Each is what its expression gives, and stands in a text of its notebook."""
    written = {(name, one.text) for each in SOURCES.values() for p in each for one in measured(p) for name in p[2]}
    assert not set(DECLARED) - written
    for (_, text), compute in DECLARED.items():
        assert Pool(exact=[compute()]).has(number(text)), text


@pytest.mark.parametrize(("digits", "share"), [(4, 0.95), (3, 0.8), (2, 0.5)])
def test_a_changed_digit_is_seen(digits: int, share: float) -> None:
    """Change each digit of each number to each other one: most of the wrong numbers are reported."""
    seen = []
    for paragraph in itertools.chain.from_iterable(SOURCES.values()):
        for one in measured(paragraph):
            if one.digits != digits or not is_held(one, paragraph):
                continue
            for place in [place for place, sign in enumerate(one.text) if sign.isdigit()][-digits:]:
                for digit in set("123456789") - {one.text[place]}:
                    text = one.text[:place] + digit + one.text[place + 1 :]
                    seen.append(not is_held(number(text, one.unit, one.scatter), paragraph))
    print(f"{digits} digits: {sum(seen)} of {len(seen)} seen")
    assert len(seen) > 500 and sum(seen) / len(seen) >= share
