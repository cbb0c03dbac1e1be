"""The convolutional autoencoder: convolutions in the encoder, transposed convolutions in the decoder."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import nn

from aecourse.models.base import Autoencoder, Config, check_sizes

SIDE = 28


@dataclass(frozen=True, kw_only=True)
class ConvConfig(Config):
    """See `ConvAutoencoder`."""

    in_features: int = field(default=SIDE * SIDE, init=False)
    hidden: tuple[int, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        self._keep(hidden=check_sizes("hidden", self.hidden, max_layers=2))


class ConvAutoencoder(Autoencoder):
    """Convolutional autoencoder: 1×28×28 → channels at 14×14 → channels at 7×7 → latent_dim, and back.

    Takes and returns flat images (n, 784) like every other family. Each 4×4 convolution of stride 2 halves the side,
    and each transposed one doubles it; a kernel size that is a multiple of the stride avoids checkerboard patterns
    (Odena et al. 2016). Taught in notebooks/02_encoder_and_decoder.ipynb.

    Parameters
    ----------
    latent_dim : int
        Size of the code.
    hidden : sequence of 1 or 2 int
        Channels after each halving.

    References
    ----------
    Masci, Meier, Cireşan & Schmidhuber (2011), Stacked convolutional auto-encoders for hierarchical feature
    extraction.
    """

    def __init__(self, latent_dim: int = 32, *, hidden: Sequence[int] = (16, 32)) -> None:
        config = ConvConfig(latent_dim=latent_dim, hidden=hidden)
        super().__init__(config)
        channels, latent_dim = (1, *config.hidden), config.latent_dim
        side = SIDE // 2 ** len(config.hidden)
        flat = channels[-1] * side * side

        down: list[nn.Module] = [nn.Unflatten(1, (1, SIDE, SIDE))]
        for before, after in itertools.pairwise(channels):
            down += [nn.Conv2d(before, after, kernel_size=4, stride=2, padding=1), nn.GELU()]
        self.encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(flat, latent_dim))

        up: list[nn.Module] = [nn.Linear(latent_dim, flat), nn.GELU(), nn.Unflatten(1, (channels[-1], side, side))]
        for before, after in itertools.pairwise(reversed(channels)):
            up += [nn.ConvTranspose2d(before, after, kernel_size=4, stride=2, padding=1), nn.GELU()]
        self.decoder = nn.Sequential(*up[:-1], nn.Sigmoid(), nn.Flatten())
