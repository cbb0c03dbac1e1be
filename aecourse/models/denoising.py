"""The denoising autoencoder: its input is a damaged image, its target the clean one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from aecourse.checks import check_choice
from aecourse.data import CORRUPTIONS, corrupt, gaussian_noise
from aecourse.data.corruptions import corrupt_in_training
from aecourse.models.base import FromConfig, check_rows
from aecourse.models.dense import DenseAutoencoder, DenseConfig

DEFAULT_STRENGTHS = {"gaussian": 0.5, "salt and pepper": 0.3, "mask": 0.5, "occlude": 12, "downsample": 2}
MIXED_RANGES = {
    "gaussian": (0.0, 0.8),
    "salt and pepper": (0.0, 0.5),
    "mask": (0.0, 0.8),
    "occlude": (4, 16),
    "downsample": (2, 4),
}


@dataclass(frozen=True, kw_only=True)
class DenoisingConfig(DenseConfig):
    """See `DenoisingAutoencoder`."""

    noise: str
    strength: float | None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("noise", self.noise, (*CORRUPTIONS, "mixed"))
        if self.noise != "mixed":
            try:
                corrupt(torch.zeros(1, self.in_features, device="cpu"), self.noise, self.strength, seed=0)
            except (TypeError, ValueError) as error:
                what = f"noise {self.noise!r} on pictures of {self.in_features} pixels"
                raise type(error)(f"strength {self.strength!r} does not suit {what}: {error}") from None
            self._keep(strength=getattr(self.strength, "item", lambda: self.strength)())  # NumPy's and torch's too
            return
        if self.strength is not None:
            raise ValueError(
                f"strength must be None with noise 'mixed', which draws it for each batch; got {self.strength}"
            )
        side = math.isqrt(self.in_features)
        if side * side != self.in_features or side < MIXED_RANGES["occlude"][1] or side % MIXED_RANGES["downsample"][1]:
            raise ValueError(
                "in_features must be the square of a side of 16, 20, 24, 28, … pixels with noise 'mixed'; "
                f"got {self.in_features}"
            )


class DenoisingAutoencoder(DenseAutoencoder):
    """A dense autoencoder that receives a damaged image and must return the clean one.

    Copying is no longer a solution, so the network has to learn what digits look like; its code may even be larger
    than its input. Taught in notebooks/06_denoising.ipynb.

    Parameters
    ----------
    latent_dim : int
    noise : {"gaussian", "salt and pepper", "mask", "occlude", "downsample", "mixed"}
        How x is damaged in the loss; see `aecourse.data`. "mixed" draws a corruption and its strength for each batch.
    strength : float, optional
        Sigma, share, size or factor, as that corruption takes it. By default a strength that the eye can still undo;
        "mixed" takes none.
    options
        As for DenseAutoencoder; with output="linear", Gaussian noise is not clipped to [0, 1].

    References
    ----------
    Vincent, Larochelle, Bengio & Manzagol (2008), Extracting and composing robust features with denoising
    autoencoders.
    """

    Config = DenoisingConfig
    noise: str = FromConfig()
    strength: float | None = FromConfig(adjustable=True)

    def __init__(
        self,
        latent_dim: int = 256,
        *,
        noise: str = "gaussian",
        strength: float | None = None,
        hidden: Sequence[int] = (512,),
        in_features: int = 784,
        **options,
    ) -> None:
        check_choice("noise", noise, (*CORRUPTIONS, "mixed"))
        strength = DEFAULT_STRENGTHS.get(noise) if strength is None else strength
        super().__init__(latent_dim, hidden=hidden, in_features=in_features, noise=noise, strength=strength, **options)

    @property
    def pixels_in_unit_range(self) -> bool:
        """Whether it takes pixels in [0, 1] only: it ends in a sigmoid, or its damage writes black as 0."""
        return super().pixels_in_unit_range or self.noise not in ("gaussian", "downsample")

    def damage(self, x: torch.Tensor) -> torch.Tensor:
        """Return x as the encoder sees it in training; (n, in_features) → (n, in_features)."""
        check_rows("x", x, self.in_features)
        if self.noise == "mixed":
            noise = list(MIXED_RANGES)[torch.randint(len(MIXED_RANGES), (), device="cpu").item()]
            low, high = MIXED_RANGES[noise]
            if noise == "downsample":
                strength = (low, high)[torch.randint(2, (), device="cpu").item()]
            elif isinstance(low, int):
                strength = torch.randint(low, high + 1, (), device="cpu").item()
            else:
                strength = low + (high - low) * torch.rand((), device="cpu").item()
            return corrupt_in_training(x, noise, strength)
        if self.noise == "gaussian" and not self.pixels_in_unit_range:
            return gaussian_noise(x, self.strength, clip=False)
        return corrupt_in_training(x, self.noise, self.strength)

    def loss(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return {"total": the objective between g(f(damaged x)) and the clean x}, averaged over pixels and images."""
        check_rows("x", x, self.in_features, model=self)
        return {"total": self.distance(self(self.damage(x)), x)}
