"""Checks of the answers to the exercises of notebooks/05_sparse.ipynb."""

from __future__ import annotations

import math

import torch
from torch.nn import functional as F

from aecourse.exercises.checking import Hint, compare, exercise
from aecourse.exercises.conversion import as_array, as_number, call


@exercise("05.1", "easy")
def bits_of_a_choice(answer) -> Hint:
    """Expect a function (units, k) that gives the bits needed to say which k of the units are active."""
    for units, k in ((10, 3), (4, 1), (60, 20), (60, 0)):  # small enough for the counts to fit into NumPy's integers
        got, ways = as_number(call(answer, units, k)), math.comb(units, k)
        mistakes = {
            "one bit per unit would allow any number of them to be active; here it is always k": units,
            "naming the k units one after the other counts every order of the same k; orders do not matter": (
                k * math.log2(units)
            ),
            "that counts every order of the same k units; orders do not matter": math.log2(math.perm(units, k)),
            "that is the number of choices; bits are its logarithm to base 2": ways,
            "that is the natural logarithm; bits are the logarithm to base 2": math.log(ways),
            "that is the logarithm to base 10; bits are the logarithm to base 2": math.log10(ways),
            "that says which one of the units; k of them are active": math.log2(units),
            "that is rounded up to whole bits; leave the fraction": math.ceil(math.log2(ways)),
        }
        otherwise = f"for {units} units and k = {k} it gives {got:.4g}; count the ways to choose k of them (math.comb)"
        if hint := compare(got, math.log2(ways), mistakes, otherwise=otherwise):
            return hint
    return None


@exercise("05.2", "medium")
def shrink(answer) -> Hint:
    """Expect a function (a, lam) that minimises (a − z)² + lam · z over z ≥ 0, for each number of a."""
    a = torch.linspace(-2, 3, 26)  # some between 0 and lam / 2
    for lam in (0.5, 0.0, 2.0):
        mistakes = {
            "nearly: the derivative of (a − z)² is −2 (a − z), mind the 2": (a - lam).relu(),
            "the minimum of the parabola may lie below 0, where z must not go": a - lam / 2,
            "that sets weak numbers to 0 and leaves strong ones as they are; the penalty is paid by all": (
                torch.where(a > lam / 2, a, 0.0)
            ),
            "that shrinks negative numbers from the other side; z must not go below 0": F.softshrink(a, lam / 2),
            "the penalty lam · z has no effect here: add its derivative": a.relu(),
            "the sign: a penalty on z makes z smaller": (a + lam / 2).relu(),
        }
        if hint := compare(call(answer, a, lam), (a - lam / 2).relu(), mistakes):
            return hint
    return None


@exercise("05.3", "medium")
def ista_step(answer) -> Hint:
    """Expect a function (z, x, D, lam, L) that makes one step of ISTA on ‖x − D z‖² + lam Σ z, with z ≥ 0."""
    generator = torch.Generator().manual_seed(0)
    D = F.normalize(torch.randn(6, 9, generator=generator), dim=0)  # (6, 9), columns of length 1
    x, L = 2 * torch.randn(6, generator=generator), (torch.linalg.matrix_norm(D, 2) ** 2).item()
    for z, lam in (
        (torch.zeros(9), 0.4),
        (torch.rand(9, generator=generator), 0.4),
        (torch.rand(9, generator=generator), 0.0),
    ):
        pull = D.T @ (x - D @ z) / L  # (9,)
        mistakes = {
            "that goes up the slope: what is still missing is x − D z, not D z − x": (z - pull - lam / (2 * L)).relu(),
            "the penalty has no effect yet: shrink with the function of 05.2": (z + pull).relu(),
            "z must not go below 0": z + pull - lam / (2 * L),
            "divide the penalty by L as well: the parabola of this step is L (a − z)²": (z + pull - lam / 2).relu(),
            "nearly: half of lam / L, as in 05.2, where the parabola's slope has a 2": (z + pull - lam / L).relu(),
            "that step is twice as long as is safe: take half of the gradient 2 Dᵀ(D z − x), divided by L": (
                (z + 2 * pull - lam / (2 * L)).relu()
            ),
            "divide Dᵀ(x − D z) by L, or the steps diverge": (z + L * pull - lam / (2 * L)).relu(),
            "that starts from 0; the step starts from z": (pull - lam / (2 * L)).relu(),
            "atoms that overlap explain the same thing twice: use x − D z, not x": (
                (z + D.T @ x / L - lam / (2 * L)).relu()
            ),
        }
        if hint := compare(call(answer, z, x, D, lam, L), (z + pull - lam / (2 * L)).relu(), mistakes):
            return hint
    return None


@exercise("05.4", "easy")
def keep_k(answer) -> Hint:
    """Expect a function (z, k) that keeps the k largest numbers of each row and sets the others to 0."""
    z = torch.rand(4, 9, generator=torch.Generator().manual_seed(0)) * torch.tensor([[1.0], [2.0], [3.0], [4.0]])
    for k in (3, 1, 9):
        level = z.topk(k, dim=1).values[:, -1:]  # (4, 1)
        mistakes = {
            "that keeps the k largest of the whole batch; every row keeps its own k": (
                torch.where(z >= z.flatten().topk(k).values[-1], z, 0.0)
            ),
            "that is one too few: the k-th largest stays as well": torch.where(z > level, z, 0.0),
            "that keeps the smallest": torch.where(z <= -(-z).topk(k, dim=1).values[:, -1:], z, 0.0),
            "those are the k values; leave them where they were, and write 0 elsewhere": z.topk(k, dim=1).values,
            "those are their places; the result has the shape of z": z.topk(k, dim=1).indices,
            "that says which are kept; keep their values": (z >= level).float(),
            "that keeps the k largest of each column; a row is one image": (
                torch.where(z >= z.topk(min(k, 4), dim=0).values[-1:], z, 0.0)
            ),
        }
        if hint := compare(call(answer, z, k), torch.where(z >= level, z, 0.0), mistakes):
            return hint
    return None


@exercise("05.5", "stretch")
def pursue(answer) -> Hint:
    """Expect a function (x, D, k) that builds x greedily from k columns of D: matching pursuit."""
    generator = torch.Generator().manual_seed(0)
    common = torch.randn(8, 1, generator=generator)  # similar atoms, so that one is chosen twice
    atoms = F.normalize(common + torch.randn(8, 14, generator=generator), dim=0)  # (8, 14), columns of length 1
    x = torch.randn(8, generator=generator)
    for k in (1, 2, 3, 8):
        z = as_array(call(answer, x, atoms, k))
        if z.shape == x.shape:
            return "that has the shape of x; the result should be the code z, one number for each column of D"
        if z.shape == (14,) and int((z != 0).sum()) > k:
            return f"with k = {k} it activates {int((z != 0).sum())} atoms"
        if z.shape == (14,) and not z.any():
            return "all of z is 0: write what was found into it"
        mistakes = {
            "that chooses all k at once; after each choice look again at what is still missing": _choose_at_once(
                x, atoms, k
            ),
            "when an atom is chosen again its earlier share is lost: add to it": _pursue(x, atoms, k, add=False),
            "no atom is taken twice; one taken before may be the best again": _pursue(x, atoms, k, again=False),
            "largest in size: a product far below 0 counts as well": _pursue(x, atoms, k, signed=True),
            "what is still missing must be computed anew after each choice": _pursue(x, atoms, k, renew=False),
            "that adds the size of the product; its sign belongs to it": _pursue(x, atoms, 1).abs(),
            "that fits all chosen numbers anew (orthogonal matching pursuit); here only one is changed each time": (
                _orthogonal_pursuit(x, atoms, k)
            ),
        }
        otherwise = "take the atom with the largest |product| with what is missing, add that product to its place"
        if hint := compare(z, _pursue(x, atoms, k), mistakes, otherwise=f"k = {k}: {otherwise}"):
            return hint
    return None


def _pursue(
    x: torch.Tensor,
    atoms: torch.Tensor,
    k: int,
    *,
    add: bool = True,
    again: bool = True,
    signed: bool = False,
    renew: bool = True,
) -> torch.Tensor:
    """Return the code of matching pursuit; an option set to its other value makes one of the usual mistakes."""
    z = torch.zeros(atoms.shape[1])
    for _ in range(k):
        product = atoms.T @ (x - atoms @ z if renew else x)
        size = product if signed else product.abs()
        best = (size if again else size.where(z == 0, -1.0)).argmax()
        z[best] = product[best] + (z[best] if add else 0.0)
    return z


def _choose_at_once(x: torch.Tensor, atoms: torch.Tensor, k: int) -> torch.Tensor:
    product = atoms.T @ x
    return torch.where(product.abs() >= product.abs().topk(k).values[-1], product, 0.0)


def _orthogonal_pursuit(x: torch.Tensor, atoms: torch.Tensor, k: int) -> torch.Tensor:
    """Orthogonal matching pursuit: after each choice, fit x by least squares on all atoms chosen so far."""
    z, chosen = torch.zeros(atoms.shape[1]), []
    for _ in range(k):
        chosen.append(int((atoms.T @ (x - atoms @ z)).abs().argmax()))
        z[chosen] = torch.linalg.lstsq(atoms[:, chosen], x[:, None]).solution[:, 0]
    return z
