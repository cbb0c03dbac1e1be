"""See the course's figures as gray print and as colour-blind readers do: contact sheets in build/print_and_colour.

    python tests/print_and_colour.py            all notebooks
    python tests/print_and_colour.py 03 08      some

Machado, Oliveira & Fernandes (2009), "A Physiologically-based Model for Simulation of Color Vision Deficiency",
as `daltonlens` implements it; gray is the luminance Y of sRGB.
"""

from __future__ import annotations

import base64
import io
import sys
from pathlib import Path

import nbformat
import numpy as np
from daltonlens import convert, simulate
from PIL import Image

ROOT = Path(__file__).parent.parent
SHEETS = ROOT / "build" / "print_and_colour"
DEFICIENCIES = ("DEUTAN", "PROTAN", "TRITAN")
WIDTH = 400  # pixels of one picture on a sheet


def as_gray(picture: np.ndarray) -> np.ndarray:
    """uint8 (height, width, 3) → what a printer without colour makes of it."""
    luminance = convert.linearRGB_from_sRGB(picture / 255.0) @ np.array([0.2126, 0.7152, 0.0722])
    gray = convert.sRGB_from_linearRGB(np.repeat(luminance[..., None], 3, 2))
    return (gray * 255 + 0.5).astype(np.uint8)


def four_ways(picture: Image.Image) -> Image.Image:
    """One picture as it is, in gray, and as seen with each deficiency, side by side."""
    small = picture.convert("RGB").resize((WIDTH, round(WIDTH * picture.height / picture.width)), Image.LANCZOS)
    pixels = np.asarray(small)
    simulator = simulate.Simulator_Machado2009()
    seen = [simulator.simulate_cvd(pixels, simulate.Deficiency[kind], severity=1.0) for kind in DEFICIENCIES]
    return Image.fromarray(np.concatenate([pixels, as_gray(pixels), *seen], axis=1))


def stored_figures(notebook: Path) -> list[Image.Image]:
    """The PNG outputs of a notebook, in order; those without colour are left out."""
    cells = nbformat.read(notebook, 4).cells
    outputs = [output.get("data", {}).get("image/png") for cell in cells for output in cell.get("outputs", ())]
    pictures = [Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB") for data in outputs if data]
    return [p for p in pictures if np.ptp(np.asarray(p).astype(int), axis=2).max() > 20]


def sheets(name: str, pictures: list[Image.Image], *, height: int = 2600) -> None:
    """Write the pictures of one source, as many on a sheet as fit."""
    rows, pages = [four_ways(picture) for picture in pictures], [[]]
    for row in rows:
        if pages[-1] and sum(r.height for r in pages[-1]) + row.height > height:
            pages.append([])
        pages[-1].append(row)
    for number, page in enumerate(pages):
        if page:
            Image.fromarray(np.concatenate([np.asarray(row) for row in page])).save(SHEETS / f"{name}_{number}.png")


if __name__ == "__main__":
    SHEETS.mkdir(parents=True, exist_ok=True)
    chosen = sys.argv[1:]
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        if not chosen or path.stem[:2] in chosen:
            sheets(path.stem[:2], stored_figures(path))
    if not chosen:
        screenshots = sorted((ROOT / "build" / "screenshots").glob("*_light.png"))  # of test_accessibility.py
        sheets("explorers", [Image.open(path) for path in screenshots])
