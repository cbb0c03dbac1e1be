"""Photographs of handwritten digits, drawn: a page with ink, light, shadow, texture, specks and lines."""

import numpy as np
from PIL import Image, ImageFilter

PAPERS = {"chalk": (45, 60, 52), "blue": (222, 226, 235)}  # else a warm white
INKS = {"chalk": (215, 215, 205), "blue": (40, 60, 150)}  # else black


def photograph(
    digit: np.ndarray, kind: str, rng: np.random.Generator, size: tuple[int, int] = (1200, 1600)
) -> Image.Image:
    """A digit (28, 28) of [0, 1] as written somewhere on a page, photographed.

    `kind` is "filling", "margins", "black", "blue", "chalk", "shaded", "specked", "ruled", "squared", or "all" of them.
    """
    (height, width), scale = size, min(size) / 1200
    side = int(min(size) * (0.95 if kind == "filling" else rng.uniform(0.25, 0.5)))
    smooth = Image.fromarray((digit * 255).astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    smooth = np.asarray(smooth.filter(ImageFilter.GaussianBlur(side / 60)), np.float32) / 255
    top, left = ((length - side) // 2 for length in size)
    if kind not in ("filling", "margins"):
        top, left = (int(rng.uniform(0.05 * length, 0.95 * length - side)) for length in size)
    page = np.zeros(size, np.float32)
    page[top : top + side, left : left + side] = ((smooth - 0.3) / 0.4).clip(0, 1)
    down, across = np.mgrid[:height, :width].astype(np.float32)
    if kind in ("specked", "all"):
        for _ in range(rng.integers(4, 10)):
            i, j, radius = rng.integers(height), rng.integers(width), rng.uniform(3, 9) * scale
            speck = (down - i) ** 2 + (across - j) ** 2 < radius**2
            page = np.maximum(page, speck * rng.uniform(0.5, 1))
    if kind in ("ruled", "squared", "all"):
        apart, tilt, thick = rng.uniform(70, 110) * scale, rng.uniform(-0.03, 0.03), rng.uniform(2.5, 5) * scale
        page = np.maximum(page, ((down + tilt * across) % apart < thick) * 0.45)
        if kind == "squared":
            page = np.maximum(page, ((across - tilt * down) % apart < thick) * 0.45)
    paper, ink = np.array(PAPERS.get(kind, (235, 228, 215))), np.array(INKS.get(kind, (45, 42, 40)))
    colours = paper + (ink - paper) * page[..., None]
    light = np.ones(size, np.float32)
    if kind not in ("filling", "margins"):  # from one side
        turn = rng.uniform(0, 2 * np.pi)
        light = 0.8 - 0.28 * (across / width * np.cos(turn) + down / height * np.sin(turn)).clip(-1, 1)
    if kind in ("shaded", "all"):  # a hand's, over a part of the page
        turn, place = rng.uniform(0, 2 * np.pi), rng.uniform(-0.2, 0.4)
        edge = (across / width - 0.5) * np.cos(turn) + (down / height - 0.5) * np.sin(turn) - place
        light = light * (1 - 0.5 / (1 + np.exp(-edge / 0.03)))
    coarse = rng.normal(0, 0.03, (150, 200)).astype(np.float32)
    grain = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BILINEAR))
    grain = grain + rng.normal(0, 0.015, size)
    picture = (colours * (light * (1 + grain))[..., None]).clip(0, 255).astype(np.uint8)
    return Image.fromarray(picture).filter(ImageFilter.GaussianBlur(1.2 * scale))
