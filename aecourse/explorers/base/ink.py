"""What is drawn in the page: side × side gray bytes. The canvas is base/ink.js."""

from __future__ import annotations

import numpy as np
import torch
import traitlets

from aecourse.data import PIXELS
from aecourse.data.drawing import into_the_box
from aecourse.explorers.base.page import Raw

SIDE = 84  # three times MNIST's 28, enough for a smooth reduction


class Ink(Raw):
    """A trait for what is drawn: 84 × 84 gray bytes, row by row, or none."""

    def validate(self, owner: traitlets.HasTraits, value: object) -> bytes:
        """Return the bytes if they are a whole drawing."""
        ink = super().validate(owner, value)
        if len(ink) not in (0, SIDE**2):
            raise traitlets.TraitError(f"{self.name} must hold {SIDE}² bytes of ink, or none; got {len(ink)}")
        return ink


def as_digit(ink: bytes) -> torch.Tensor:
    """Return a drawing as MNIST would have stored it, all zeros if nothing is drawn; (1, 784) in [0, 1]."""
    drawn = np.frombuffer(ink or bytes(SIDE**2), np.uint8).reshape(SIDE, SIDE)
    return torch.from_numpy(into_the_box(drawn)).view(1, PIXELS)
