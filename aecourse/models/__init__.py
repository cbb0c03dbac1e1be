"""The families of autoencoders, one file each; all of them encode, decode, reconstruct and know their loss."""

from aecourse.models.base import Autoencoder
from aecourse.models.convolutional import ConvAutoencoder
from aecourse.models.dense import DenseAutoencoder, LinearAutoencoder, NestedAutoencoder

FAMILIES = {
    family.__name__: family for family in (DenseAutoencoder, LinearAutoencoder, NestedAutoencoder, ConvAutoencoder)
}

__all__ = ["FAMILIES", "Autoencoder", "ConvAutoencoder", "DenseAutoencoder", "LinearAutoencoder", "NestedAutoencoder"]
