"""The families of autoencoders, one file each; every model encodes, decodes and computes its own loss."""

from aecourse.models.adopted import adopt
from aecourse.models.base import Autoencoder
from aecourse.models.contractive import ContractiveAutoencoder
from aecourse.models.convolutional import ConvAutoencoder
from aecourse.models.denoising import DenoisingAutoencoder
from aecourse.models.dense import DenseAutoencoder, LinearAutoencoder, NestedAutoencoder
from aecourse.models.pca import PCA
from aecourse.models.sparse import SparseAutoencoder
from aecourse.models.stacked import Classifier, ShallowAutoencoder, StackedAutoencoder
from aecourse.models.variational import VariationalAutoencoder

FAMILIES = {
    family.__name__: family
    for family in (
        DenseAutoencoder,
        LinearAutoencoder,
        NestedAutoencoder,
        ConvAutoencoder,
        ShallowAutoencoder,
        StackedAutoencoder,
        SparseAutoencoder,
        DenoisingAutoencoder,
        ContractiveAutoencoder,
        VariationalAutoencoder,
        PCA,
    )
}

__all__ = [
    "FAMILIES",
    "PCA",
    "Autoencoder",
    "Classifier",
    "ContractiveAutoencoder",
    "ConvAutoencoder",
    "DenoisingAutoencoder",
    "DenseAutoencoder",
    "LinearAutoencoder",
    "NestedAutoencoder",
    "ShallowAutoencoder",
    "SparseAutoencoder",
    "StackedAutoencoder",
    "VariationalAutoencoder",
    "adopt",
]
