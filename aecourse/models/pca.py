"""Principal component analysis as a model like the others: an encoder and a decoder whose weights are computed."""

from __future__ import annotations

from typing import Self

import torch
from torch import nn

from aecourse.checks import check_whole
from aecourse.models.base import Autoencoder, Config, check_rows


class PCA(Autoencoder):
    """x → (x − mean) · componentsᵀ → code · components + mean: the best linear autoencoder under squared error

    Its code is ordered: the first k numbers alone give PCA with k components. Nothing in it is trained; `PCA.fit`
    computes it. Taught in notebooks/03_undercomplete_vs_pca.ipynb.

    Attributes
    ----------
    mean : tensor (in_features,)
    components : tensor (latent_dim, in_features), orthonormal rows, the direction of largest variance first

    References
    ----------
    Pearson (1901), On lines and planes of closest fit to systems of points in space; Hotelling (1933), Analysis of a
    complex of statistical variables into principal components.
    """

    pixels_in_unit_range = False
    ordered = True

    def __init__(self, latent_dim: int = 32, *, in_features: int = 784) -> None:
        in_features = check_whole("in_features", in_features)
        super().__init__(
            Config(latent_dim=check_whole("latent_dim", latent_dim, most=in_features), in_features=in_features)
        )
        self.mean = nn.Parameter(torch.zeros(self.in_features), requires_grad=False)
        self.components = nn.Parameter(torch.eye(self.latent_dim, self.in_features), requires_grad=False)

    @classmethod
    def fit(cls, x: torch.Tensor, latent_dim: int) -> Self:
        """the principal components of the rows of x, (n, in_features), by scikit-learn

        Parameters
        ----------
        latent_dim : how many components; at most in_features and n
        """
        from sklearn import decomposition  # here: scikit-learn takes a second to import

        check_rows("x", x)
        latent_dim = check_whole("latent_dim", latent_dim, most=min(x.shape))
        with torch.inference_mode(False):  # an explorer may ask first; what it gets is shared
            model = cls(latent_dim, in_features=x.shape[1]).to(x.device, x.dtype)
        solved = decomposition.PCA(latent_dim, svd_solver="covariance_eigh").fit(x.detach().cpu().numpy())
        weights = {"mean": solved.mean_, "components": solved.components_}
        model.load_state_dict({name: torch.from_numpy(weight) for name, weight in weights.items()})
        return model.eval()

    def encode(self, x: torch.Tensor, k: int | None = None) -> torch.Tensor:
        """the coefficients of the first k components (all of them for None); (n, in_features) → (n, k)"""
        check_rows("x", x, self.in_features)
        k = self.latent_dim if k is None else check_whole("k", k, most=self.latent_dim)
        return (x - self.mean) @ self.components[:k].T

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """the sum of the leading components with these coefficients; (n, k ≤ latent_dim) → (n, in_features)"""
        check_rows("z", z)
        check_whole("the width of z", z.shape[1], most=self.latent_dim)
        return z @ self.components[: z.shape[1]] + self.mean
