"""Figures in fewer bytes: a PNG file with a table of colours in place of four bytes for each pixel."""

from __future__ import annotations

import base64
import io

import numpy as np
from nbformat import NotebookNode
from PIL import Image

COLOURS = 256
SPARE = 64  # entries for the ink of a figure whose pictures have the others


def with_palette(png: bytes) -> bytes:
    """Return a PNG of at most 256 colours that looks the same; pixels keep their opacity.

    In our figures the pictures are opaque and the ink is slightly transparent (`aecourse.plotting.figure_png`): each of
    the two gets its own colours.
    """
    pixels = np.array(Image.open(io.BytesIO(png)).convert("RGBA"))
    opacities, where = np.unique(pixels[..., 3], return_inverse=True)
    if len(opacities) > 2:
        return png
    counts = [COLOURS] if len(opacities) == 1 else [SPARE, COLOURS - SPARE]
    places, table = np.zeros(pixels.shape[:2], np.uint8), []
    for kind, (opacity, count) in enumerate(zip(opacities, counts, strict=True)):
        here = where.reshape(places.shape) == kind
        row = Image.fromarray(pixels[here][None, :, :3]).quantize(count, Image.Quantize.MEDIANCUT, kmeans=1)
        places[here] = np.array(row)[0] + len(table)
        colours = row.getpalette()
        table += [(*colours[i : i + 3], int(opacity)) for i in range(0, len(colours), 3)][:count]
    harm = np.abs(np.array(table)[places].astype(int) - pixels).mean()
    if harm > 1:  # of 255 levels: a picture of many colours stays as it is
        return png
    small = Image.fromarray(places, "P")
    small.putpalette([shade for colour in table for shade in colour[:3]])
    buffer = io.BytesIO()
    small.save(buffer, "png", optimize=True, transparency=bytes(colour[3] for colour in table))
    return min(buffer.getvalue(), png, key=len)


def shrink_figures(notebook: NotebookNode) -> None:
    """Give every stored figure of a notebook a table of colours, in place."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if png := output.get("data", {}).get("image/png"):
                output.data["image/png"] = base64.b64encode(with_palette(base64.b64decode(png))).decode() + "\n"
