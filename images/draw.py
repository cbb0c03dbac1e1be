"""Draw every diagram of the course: `python images/draw.py` writes them all again, byte for byte.

The digits are real ones from the test set, and what stands for an output is what the shipped networks return;
make the weights again (`python -m aecourse.zoo.recipes`) and the pictures follow.
"""

from __future__ import annotations

import torch
from course import course_map
from families import active_units, greedy_stacking
from halves import compress_restore, decoder_alone, encoder_alone, example, hourglass
from manifold import contraction, denoising_manifold
from plane_vs_sheet import pca_plane_vs_sheet
from variation import elbo, vae


def main() -> None:
    """Draw them all."""
    torch.set_num_threads(1)  # sums in one order, so that every run gives the same bytes
    x, x_hat = example()
    hourglass(x, x_hat)
    compress_restore(x, x_hat)
    encoder_alone(x)
    decoder_alone()
    pca_plane_vs_sheet()
    greedy_stacking()
    active_units()
    denoising_manifold()
    contraction()
    vae()
    elbo()
    course_map()


if __name__ == "__main__":
    main()
