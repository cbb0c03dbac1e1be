"""Principal component analysis as a model like the others, with weights that are computed instead of trained."""

from __future__ import annotations

from typing import Self

import numpy as np
import torch
from torch import nn

from aecourse.checks import check_whole
from aecourse.device import to_numpy
from aecourse.models.base import Autoencoder, Config, check_finite, check_rows


class PCA(Autoencoder):
    """Principal component analysis, the best linear autoencoder under squared error.

    z = (x − mean) · componentsᵀ and x_hat = z · components + mean. The code is ordered: its first k numbers alone give
    PCA with k components. `PCA.fit` computes the weights. Taught in notebooks/03_undercomplete_vs_pca.ipynb.

    Attributes
    ----------
    mean : tensor (in_features,)
    components : tensor (latent_dim, in_features)
        Orthonormal rows, the direction of largest variance first.

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
            Config(latent_dim=check_whole("latent_dim", latent_dim, maximum=in_features), in_features=in_features)
        )
        self.mean = nn.Parameter(torch.zeros(self.in_features), requires_grad=False)
        self.components = nn.Parameter(torch.eye(self.latent_dim, self.in_features), requires_grad=False)

    @classmethod
    def fit(cls, x: torch.Tensor, latent_dim: int) -> Self:
        """Compute the principal components of the rows of x with scikit-learn.

        Parameters
        ----------
        x : float tensor (n, in_features)
        latent_dim : int
            The number of components; at most in_features and n.

        Raises
        ------
        TypeError, ValueError
            If x is no dense float tensor (n, in_features) of finite numbers that can be squared.
        """
        from sklearn import decomposition  # here: scikit-learn takes a second to import

        check_rows("x", x, least=1)
        check_finite("x", x)
        latent_dim = check_whole("latent_dim", latent_dim, maximum=min(x.shape))
        with torch.inference_mode(False), torch.device("cpu"):  # the model is shared, also by callers that train
            model = cls(latent_dim, in_features=x.shape[1]).to(x.device, x.dtype)
        rows = to_numpy(x.float() if x.itemsize < 4 else x)
        with np.errstate(all="ignore"):
            try:
                solved = decomposition.PCA(latent_dim, svd_solver="covariance_eigh").fit(rows)
            except np.linalg.LinAlgError:
                solved = None
        if solved is None or not np.isfinite(solved.components_).all():
            raise ValueError(f"x must hold finite numbers, small enough to be squared in {x.dtype}")
        weights = {"mean": solved.mean_, "components": solved.components_}
        model.load_state_dict({name: torch.from_numpy(weight) for name, weight in weights.items()})
        return model.eval()

    def encode(self, x: torch.Tensor, k: int | None = None) -> torch.Tensor:
        """Return the coefficients of the first k components (by default all); (n, in_features) → (n, k)."""
        check_rows("x", x, self.in_features, model=self)
        k = self.latent_dim if k is None else check_whole("k", k, maximum=self.latent_dim)
        return (x - self.mean) @ self.components[:k].T

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """Return the mean plus the leading components, weighted by z; (n, k ≤ latent_dim) → (n, in_features)."""
        check_rows("z", z, model=self)
        if z.shape[1] > self.latent_dim:
            raise ValueError(f"z must have shape (n, k), k from 1 to {self.latent_dim}; got {tuple(z.shape)}")
        return z @ self.components[: z.shape[1]] + self.mean
