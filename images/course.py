"""the map of the course, from one table of its notebooks"""

from __future__ import annotations

from sketch import GHOST, INK, QUIET, Drawing

from aecourse.plotting import BLUE

NOTEBOOKS = (
    ("00", "start here", "See ten digits\ncome back"),
    ("01", "compression", "Squeeze, restore,\ncompare, no labels"),
    ("02", "encoder and\ndecoder", "Two halves,\neach useful alone"),
    ("03", "undercomplete\nvs PCA", "When is it\njust PCA?"),
    ("04", "deep and\nstacked", "Deep nets from\nshallow ones"),
    ("05", "sparse", "Many units,\nonly few awake"),
    ("06", "denoising", "Learn by repairing\ndamaged images"),
    ("07", "contractive", "Codes that resist\nsmall nudges"),
    ("08", "variational", "From codes\nto new images"),
    ("09", "applications", "Which family\nfor which job?"),
    ("10", "demo board", "Every explorer\non one screen"),
)
READY = 9  # how many of the notebooks exist


def listing(notebooks: tuple[tuple[str, str, str], ...]) -> str:
    """numbers and titles as a list in words"""
    *others, last = (f"{number} {title}".replace("\n", " ") for number, title, _ in notebooks)
    return f"{', '.join(others)} and {last}"


def course_map() -> None:
    """the notebooks and which one needs which"""
    finished = len(NOTEBOOKS) <= READY
    progress = "All are ready" if finished else f"The first {READY} are ready, the rest in preparation"
    drawing = Drawing(
        "course_map",
        "The course: what each notebook promises, and what comes first",
        f"Notebooks {listing(NOTEBOOKS[:4])} follow each other. From 03 one goes on to any of "
        f"{listing(NOTEBOOKS[4:9])}; then {listing(NOTEBOOKS[9:])}. {progress}.",
        height=650,
    )
    rows = ((NOTEBOOKS[:4], 26, 188, 32, 70), (NOTEBOOKS[4:9], 26, 160, 12, 266), (NOTEBOOKS[9:], 246, 188, 32, 462))
    tall, middles = 124, []
    for notebooks, left, width, gap, top in rows:
        for i, (number, title, promise) in enumerate(notebooks):
            ready = int(number) < READY
            colour, x = INK if ready else QUIET, left + i * (width + gap)
            middles.append(x + width / 2)
            drawing.box((x, top), width, tall, BLUE if ready else GHOST, dashed=not ready)
            drawing.text((x + 12, top + 34), number, size=24, weight="bold", anchor="start", colour=colour)
            drawing.text((x + 47, top + 33), *title.splitlines(), weight="bold", anchor="start", colour=colour)
            drawing.text((x + 12, top + 86), *promise.splitlines(), anchor="start", colour=colour)
            if i and gap > 12:  # a row to walk along; the row between is five choices
                drawing.arrow((x - gap + 4, top + tall / 2), (x - 4, top + tall / 2), colour=colour)
    fork, join = 231, 426
    drawing.line((middles[8], 198), (middles[8], fork), colour=QUIET)
    drawing.line((middles[4], fork), (middles[8], fork), colour=QUIET)
    drawing.line((middles[4], join), (middles[8], join), colour=QUIET)
    for middle in middles[4:9]:
        drawing.arrow((middle, fork), (middle, 262), colour=QUIET)
        drawing.line((middle, 394), (middle, join), colour=QUIET)
    drawing.arrow((middles[9], join), (middles[9], 458), colour=QUIET)
    drawing.text((26, 220), "then in any order:", anchor="start", colour=QUIET)
    if not finished:
        drawing.box((26, 615), 30, 18, BLUE)
        drawing.text((66, 630), "ready", anchor="start")
        drawing.box((146, 615), 30, 18, GHOST, dashed=True)
        drawing.text((186, 630), "in preparation", anchor="start", colour=QUIET)
    a = 26 if finished else 330
    drawing.arrow((a, 624), (a + 42, 624))
    drawing.text((a + 54, 630), "comes before", anchor="start")
    drawing.save()
