"""The quickest road from an array to the learner's eye: PNG bytes in an <img> inside an HTML widget."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence

import ipywidgets as widgets
import numpy as np
from PIL import Image


def png(array: np.ndarray) -> bytes:
    """a uint8 array (height, width) or (height, width, 3) as the bytes of a PNG file"""
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG", compress_level=1)  # level 1: the wire is loopback, time is dear
    return buffer.getvalue()


def data_uri(array: np.ndarray) -> str:
    """a uint8 array as a link that holds the picture itself"""
    return "data:image/png;base64," + base64.b64encode(png(array)).decode()


class Picture(widgets.HTML):
    """an array as a sharp-edged image with names beside its rows and above its columns

    Set with `show`; the browser swaps one <img> for the next without a flicker.
    """

    def __init__(self, *, width: str = "100%") -> None:
        super().__init__()
        self.layout.width = width
        self.layout.min_width = "0"
        self.add_class("aecourse-picture")

    def show(self, array: np.ndarray, *, alt: str, rows: Sequence[str] = (), columns: Sequence[str] = ()) -> None:
        """put an array (height, width[, 3]) of uint8 on the screen; `alt` says in words what it shows"""
        beside, above = ("".join(f"<span>{html.escape(name)}</span>" for name in names) for names in (rows, columns))
        if rows and columns:  # the row names begin below the column names
            beside = f'<div class="aecourse-columns" aria-hidden="true">&nbsp;</div>{beside}'
        self.value = (
            f'<div class="aecourse-rows"><div class="aecourse-names">{beside}</div>'
            f'<figure><div class="aecourse-columns">{above}</div>'
            f'<img alt="{html.escape(alt)}" src="{data_uri(array)}"></figure></div>'
        )
