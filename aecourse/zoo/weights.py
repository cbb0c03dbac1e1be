"""Trained weights on disk: safetensors files that also say how they were made, and no pickle."""

from __future__ import annotations

import functools
import gzip
import hashlib
import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn
from torch.nn.parameter import is_lazy

from aecourse.data.idx import DAMAGED, unpacked
from aecourse.device import check_device, own_random_numbers
from aecourse.files import write_whole
from aecourse.models import FAMILIES, Autoencoder
from aecourse.models.adopted import Adopted, bare
from aecourse.models.base import check_network
from aecourse.zoo.precision import check_rounding, restore, rounded

SHIPPED = Path(str(resources.files("aecourse") / "assets" / "weights"))
ENDING = ".safetensors.gz"  # of the files that ship with the course
CHECKSUM = "sha256 of all else"  # the checksum's key in the metadata of a file


@dataclass(frozen=True)
class Card:
    """The description stored in a weights file.

    Attributes
    ----------
    family : str
        The model's class, e.g. "DenseAutoencoder".
    config : dict
        The arguments that build it.
    recipe : dict
        How it was trained: script, seed, epochs, …
    scores : dict
        What it scored, e.g. {"test_mse": 0.0049}.
    """

    family: str
    config: dict
    recipe: dict
    scores: dict


def save_weights(
    model: nn.Module,
    path: str | Path,
    *,
    recipe: dict | None = None,
    scores: dict | None = None,
    dtype: torch.dtype = torch.float16,
) -> Path:
    """Write a network to one safetensors file, completely or not at all.

    Parameters
    ----------
    model : nn.Module
        A model of the course, which `load_weights(path)` builds again. Of any other network only the tensors are
        stored; `load_weights(path, into=net)` fills them in.
    path : str or Path
        File to write, usually ending in .safetensors; its folder must exist. It is gzipped if it ends in .gz.
    recipe, scores : dict of plain numbers and strings, optional
        Stored beside the weights; see `Card`.
    dtype : {torch.float16, torch.float32, torch.int8}
        float16 halves the file; the test errors of this course's models stay the same to three digits. int8 quarters
        it: each row of a matrix is stored as whole numbers from -127 to 127 with its own scale, all else as float16.

    Raises
    ------
    TypeError
        If model is not a network.
    ValueError
        If a layer of the course's model was replaced, so that its configuration would build another network; if
        rounding to `dtype` spoils a tensor or the reconstructions; or if the file cannot be written.
    """
    check_network("model", model)
    model = bare(model)
    if dtype not in (torch.float16, torch.float32, torch.int8):
        raise ValueError(f"dtype must be torch.float16, torch.float32 or torch.int8; got {dtype!r}")
    if not isinstance(path, str | Path):
        raise TypeError(f"path must be the path of the file to write; got {path!r}")
    path, recipe, scores = Path(path), _plain("recipe", recipe), _plain("scores", scores)
    of_the_course = FAMILIES.get(type(model).__name__) is type(model)
    if of_the_course:
        with own_random_numbers():
            rebuilt = type(model)(**model.config.arguments())
        if str(rebuilt) != str(model):
            raise ValueError(
                f"model has layers that its configuration would not build again, so that they would be lost; give this "
                f"changed {type(model).__name__} a class of its own, and load it with load_weights(path, into=net)"
            )
    net = model.net if isinstance(model, Adopted) else model
    card = {
        "family": type(net).__name__ if of_the_course else f"{type(net).__module__}.{type(net).__qualname__}",
        "config": model.config.arguments() if of_the_course else {},
        "recipe": recipe,
        "scores": scores,
    }
    stored: dict[str, torch.Tensor] = {}
    for name, value in net.state_dict().items():
        if not isinstance(value, torch.Tensor) or is_lazy(value) or value.is_meta or value.layout != torch.strided:
            kind = "one without numbers" if isinstance(value, torch.Tensor) else type(value).__name__
            raise TypeError(f"model's {name} must be a dense tensor that holds numbers, to be stored; got {kind}")
        stored |= rounded(name, value.detach().cpu().clone(), dtype)  # a layer that is used twice is stored twice
    check_rounding(model, net, restore(stored, path), dtype)
    try:
        raw = _signed(save(stored, metadata={key: json.dumps(value) for key, value in card.items()}))
        return write_whole(path, gzip.compress(raw, mtime=0) if path.suffix == ".gz" else raw)
    except (OSError, SafetensorError) as error:
        raise ValueError(f"path {str(path)!r} cannot be written ({error}); choose a folder you may write to") from error


def shipped_weights() -> list[str]:
    """Return the names of the weights that ship with the course."""
    return sorted(file.name.removesuffix(ENDING) for file in SHIPPED.glob(f"*{ENDING}"))


def read_card(name: str | Path) -> Card:
    """Return the description in a weights file."""
    return _card_of(_read(_find(name))[0], name)


def load_weights(
    name: str | Path, *, into: nn.Module | None = None, device: torch.device | str | None = None
) -> nn.Module:
    """Build the model that a weights file describes and load its weights, ready for use (evaluation mode, float32).

    Parameters
    ----------
    name : str or Path
        A shipped name (see `shipped_weights`) or the path of a .safetensors file, gzipped or not.
    into : nn.Module, optional
        A network of your own, built as the stored one was: it is filled in and returned.
    device : optional
        Where the network goes; by default the CPU, or where `into` is.

    Raises
    ------
    FileNotFoundError
        If there is no such name or file; the error lists the shipped names.
    ValueError
        If the file is damaged (a checksum finds a single wrong byte) or of another kind, holds NaN, or its weights do
        not have the shapes of the network.
    """
    if device is not None:
        device = check_device(device)
    if into is not None:
        check_network("into", into)
    metadata, tensors = _read(_find(name))
    card, tensors = _card_of(metadata, name), restore(tensors, name)
    if spoilt := [key for key, tensor in tensors.items() if not tensor.isfinite().all()]:
        raise ValueError(
            f"weights {str(name)!r} hold NaN or infinity in {spoilt[0]}: their training failed; train again"
        )
    if into is not None:
        model = into
    elif card.family in FAMILIES:
        model = _built(card, tensors, name)
    else:
        raise ValueError(
            f"weights {str(name)!r} are of a {card.family}, which is not a model of the course: build one, and write "
            f"load_weights(path, into=net)"
        )
    inner = bare(model)
    net = inner.net if isinstance(inner, Adopted) else inner
    _check_fit(net, tensors, name)
    net.load_state_dict(tensors)  # copies into the precision of the network
    model = model.eval()
    return model if into is not None and device is None else model.to(device or "cpu")


@functools.cache
def shared_weights(name: str) -> Autoencoder:
    """Return a shipped network that is read once and shared by all callers; it must not be trained."""
    with torch.inference_mode(False):
        return load_weights(name)


def _built(card: Card, tensors: dict[str, torch.Tensor], name: str | Path) -> Autoencoder:
    """Return a new model as a card describes it; no layer may be larger than the tensors of the file."""
    config = [card.config.get(key) for key in ("latent_dim", "in_features", "hidden")]
    sizes = [size for value in config for size in (value if isinstance(value, list) else [value])]
    told = max((size for size in sizes if isinstance(size, int)), default=0)
    held = max((side for tensor in tensors.values() for side in tensor.shape), default=0)
    if told > held:
        raise ValueError(
            f"weights {str(name)!r} do not fit their description: it has a layer of size {told}, the largest tensor a "
            f"side of {held}"
        )
    try:
        with own_random_numbers(), torch.device("cpu"):  # a new network draws its weights, to be overwritten
            return FAMILIES[card.family](**card.config).float()
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"the description in weights {str(name)!r} builds no {card.family}: {error}") from error


def _check_fit(net: nn.Module, tensors: dict[str, torch.Tensor], name: str | Path) -> None:
    """Raise an error that names the first tensor which a network lacks, or has in another shape."""
    expected = net.state_dict()
    for key in sorted(expected.keys() | tensors.keys()):
        came = tuple(tensors[key].shape) if key in tensors else "missing"
        accepted = tuple(expected[key].shape) if key in expected else "absent"
        if came != accepted:
            raise ValueError(
                f"weights {str(name)!r} do not fit their {type(net).__name__}: {key} is {came}, must be {accepted}"
            )


def _signed(raw: bytes) -> bytes:
    """Return a safetensors file with its checksum, and its metadata in order: equal weights give equal files."""
    end = 8 + int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    header["__metadata__"][CHECKSUM] = json.dumps(_checksum(header, raw[end:]))
    text = _as_text(header)
    text += b" " * (-len(text) % 8)  # the tensors after it start at a multiple of 8
    return len(text).to_bytes(8, "little") + text + raw[end:]


def _checksum(header: dict, tensors: bytes) -> str:
    """Return the SHA-256 of a file's header, without a checksum, and of its tensors."""
    return hashlib.sha256(_as_text(header) + tensors).hexdigest()


def _as_text(header: dict) -> bytes:
    return json.dumps(header, separators=(",", ":")).encode()


def _plain(name: str, values: dict | None) -> dict:
    """Return a dict that is stored beside weights; raise an error unless JSON can hold it."""
    try:
        if values is None or (isinstance(values, dict) and json.dumps(values, allow_nan=False)):
            return values or {}
    except (TypeError, ValueError):
        pass
    raise TypeError(f"{name} must be a dict of plain finite numbers, words, lists and dicts; got {values!r}")


def _find(name: str | Path) -> Path:
    if not isinstance(name, str | Path):
        raise TypeError(f"name must be one of shipped_weights(), or a file's path; got {name!r}")
    shipped = SHIPPED / f"{name}{ENDING}"
    if isinstance(name, str) and shipped.exists():
        return shipped
    if Path(name).is_file():
        return Path(name)
    raise FileNotFoundError(
        f"there are no weights {str(name)!r}; shipped are: {', '.join(shipped_weights())}; or give a file's path"
    )


def _read(path: Path) -> tuple[dict[str, str], dict[str, torch.Tensor]]:
    """Return the metadata and the tensors of a weights file; raise an error if any byte has changed."""
    try:
        raw = unpacked(path)
    except (ValueError, *DAMAGED) as error:
        raise _damaged(path, error) from error
    if raw[:2] == b"PK" or (raw[:1] == b"\x80" and raw[8:9] != b"{"):  # a ZIP of torch's, or a bare pickle
        raise ValueError(
            f"weights file {path.name} was written by torch.save or pickle and may run code when it is read, so the "
            f"course does not: load it yourself, and store the network with save_weights"
        )
    try:
        tensors, end = load(raw), 8 + int.from_bytes(raw[:8], "little")
        header = json.loads(raw[8:end])
        metadata = header.get("__metadata__", {})
        told, listed = metadata.pop(CHECKSUM, None), _listed_checksum(path)  # other programs write none
        if (told and told != json.dumps(_checksum(header, raw[end:]))) or (
            listed and listed != hashlib.sha256(path.read_bytes()).hexdigest()
        ):
            raise ValueError("its checksum is wrong")
        return metadata, tensors
    except Exception as error:  # safetensors raises many kinds on damaged files
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> ValueError:
    cure = "reinstall the course to restore it" if path.parent == SHIPPED else "write or download it again"
    return ValueError(f"weights file {path.name} is damaged ({error}); {cure}")


def _listed_checksum(path: Path) -> str | None:
    """Return the SHA-256 that the course lists of a shipped file; None of any other."""
    if path.parent != SHIPPED:
        return None
    lines = (SHIPPED / "SHA256SUMS").read_text("utf-8").splitlines()
    return dict(reversed(line.split()) for line in lines).get(path.name)


def _card_of(stored: dict[str, str], name: str | Path) -> Card:
    try:
        card = Card(**{key: json.loads(stored[key]) for key in ("family", "config", "recipe", "scores")})
        if not isinstance(card.family, str) or not isinstance(card.config, dict):
            raise TypeError("family")
        return card
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"weights {str(name)!r} were not written by save_weights: no valid {error} in them") from error
