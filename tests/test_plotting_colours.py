"""The course's colours under colour blindness and in gray print; distances by colorspacious in CAM02-UCS."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from colorspacious import cspace_convert, deltaE
from matplotlib.colors import to_rgb

from aecourse.plotting import BLUE, CLASS_MARKERS, CYCLE, GREEN, VERMILION, plot_error_by_k, plot_rate_distortion

KINDS = ("deuteranomaly", "protanomaly", "tritanomaly")
SEEN = 8.0  # in CAM02-UCS; 1 is just noticeable side by side, 5 is clearly different


def seen_by(colour: str, kind: str) -> np.ndarray:
    """SRGB in [0, 1] as a reader sees it who lacks one kind of cone."""
    space = {"name": "sRGB1+CVD", "cvd_type": kind, "severity": 100}
    return np.clip(cspace_convert(to_rgb(colour), space, "sRGB1"), 0, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_lines_of_a_figure_differ_for_colour_blind_readers(kind: str) -> None:
    """PCA, the autoencoder and a third curve are apart whichever cone is missing."""
    for first, second in itertools.combinations((VERMILION, BLUE, GREEN), 2):
        assert deltaE(seen_by(first, kind), seen_by(second, kind), input_space="sRGB1") > SEEN, (first, second)


@pytest.mark.parametrize("colour", CYCLE)
def test_a_line_stands_out_from_paper(colour: str) -> None:
    """WCAG's contrast against white, at least 2 for every line (3 is asked where nothing else names it)."""
    linear = np.array([c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)])
    assert 1.05 / (linear @ (0.2126, 0.7152, 0.0722) + 0.05) > 2


def test_no_two_curves_share_marker_or_line() -> None:
    """In gray print, where colours may coincide, marker and line style tell four curves apart."""
    curves = {name: {1: 0.1 * i, 2: 0.05 * i} for i, name in enumerate("abcd", 1)}
    sizes = {name: ([1, 2], [i, 2 * i]) for i, name in enumerate("abcd", 1)}
    for ax in (plot_error_by_k(curves), plot_rate_distortion(sizes)):
        lines = [line for line in ax.lines if line.get_marker() not in ("|", "_", "None")]
        assert len({line.get_marker() for line in lines}) == len({line.get_linestyle() for line in lines}) == 4
        ax.figure.clear()


def test_every_class_has_its_own_marker() -> None:
    """Ten classes, ten shapes."""
    assert len(set(CLASS_MARKERS)) == 10
