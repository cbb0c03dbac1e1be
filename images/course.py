"""The map of the course, from one table of its notebooks."""

from __future__ import annotations

from sketch import QUIET, Drawing

from aecourse.plotting import BLUE

NOTEBOOKS = (
    ("00", "start here", "See ten digits\ncome back"),
    ("01", "compression", "Squeeze, restore,\ncompare, no labels"),
    ("02", "encoder and\ndecoder", "Two halves,\neach useful alone"),
    ("03", "undercomplete\nvs PCA", "When is it\njust PCA?"),
    ("04", "deep and\nstacked", "Deep nets from\nshallow ones"),
    ("05", "sparse", "Many units,\nonly few active"),
    ("06", "denoising", "Learn to mend\ndamaged images"),
    ("07", "contractive", "Codes that resist\nsmall nudges"),
    ("08", "variational", "From codes\nto new images"),
    ("09", "applications", "Which family\nfor which job?"),
    ("10", "demo board", "Every explorer\non one screen"),
)
NEEDS = {"04": "03", "05": "01", "06": "03", "07": "01", "08": "02"}  # the last one that a family builds on


def listing(notebooks: tuple[tuple[str, str, str], ...]) -> str:
    """Numbers and titles as a list in words."""
    *others, last = (f"{number} {title}".replace("\n", " ") for number, title, _ in notebooks)
    return f"{', '.join(others)} and {last}"


def course_map() -> None:
    """The notebooks and which one needs which."""
    drawing = Drawing(
        "course_map",
        "The course: what each notebook promises, and what comes first",
        f"Notebooks {listing(NOTEBOOKS[:4])} follow each other. The five families are {listing(NOTEBOOKS[4:9])}: "
        f"{', '.join(f'{family} comes after {needed}' for family, needed in NEEDS.items())}. "
        "09 applications comes after 03 and what you like of these; 10 demo board needs none.",
        height=650,
        size=16,
    )
    rows = ((NOTEBOOKS[:4], 26, 188, 32, 70), (NOTEBOOKS[4:9], 26, 160, 12, 266), (NOTEBOOKS[9:], 246, 188, 32, 462))
    tall, middles = 124, []
    for notebooks, left, width, gap, top in rows:
        for i, (number, title, promise) in enumerate(notebooks):
            x = left + i * (width + gap)
            middles.append(x + width / 2)
            drawing.box((x, top), width, tall, BLUE)
            drawing.text((x + 12, top + 34), number, size=22, weight="bold", anchor="start")
            drawing.text((x + 47, top + 33), *title.splitlines(), weight="bold", anchor="start")
            drawing.text((x + 12, top + 86), *promise.splitlines(), anchor="start")
            if i and top == 70:  # a row to walk along; then come five choices, and a board for any time
                drawing.arrow((x - gap + 4, top + tall / 2), (x - 4, top + tall / 2))
    join = 426
    drawing.line((middles[4], join), (middles[8], join), colour=QUIET)
    for needed, middle in zip(NEEDS.values(), middles[4:9], strict=True):
        drawing.text((middle, 244), f"after {needed}", weight="bold", colour=QUIET)
        drawing.arrow((middle, 249), (middle, 263), colour=QUIET)
        drawing.line((middle, 394), (middle, join), colour=QUIET)
    drawing.arrow((middles[9], join), (middles[9], 458), colour=QUIET)
    drawing.text((middles[9] + 12, 448), "after 03 and what you like", weight="bold", anchor="start", colour=QUIET)
    drawing.text((26, 219), "The families, in any order:", anchor="start", colour=QUIET)
    drawing.arrow((26, 624), (68, 624))
    drawing.text((80, 630), "comes before", anchor="start")
    drawing.save()
