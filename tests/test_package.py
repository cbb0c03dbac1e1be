"""The package as a whole: what it offers, what importing it costs, and that it stays quiet."""

import pkgutil
import subprocess
import sys
from importlib import import_module, metadata

import pytest

import aecourse

PROMISED = (
    "pick_device", "seed_everything", "load_mnist", "load_fashion_mnist", "seven_segment_digits", "DenseAutoencoder",
    "LinearAutoencoder", "NestedAutoencoder", "ConvAutoencoder", "fit", "History", "mse", "psnr", "principal_angles",
    "linear_probe_accuracy", "plot_reconstructions", "plot_latent_map", "plot_history", "plot_rate_distortion",
    "BottleneckExplorer", "LatentMapExplorer", "TrainingExplorer", "DrawingPad", "load_weights", "save_weights",
    "ShallowAutoencoder", "StackedAutoencoder", "Classifier", "SparseAutoencoder", "DenoisingAutoencoder",
    "ContractiveAutoencoder", "VariationalAutoencoder", "fit_layerwise", "fit_classifier", "corrupt", "gaussian_noise",
    "salt_and_pepper", "mask_pixels", "occlude", "downsample", "whitened_patches", "spiral",
)  # fmt: skip
MODULES = sorted(
    name for _, name, _ in pkgutil.walk_packages(aecourse.__path__, "aecourse.") if not name.endswith("__main__")
)


def run(program: str) -> str:
    """what a fresh Python prints, with nothing on stderr"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("name", sorted({*PROMISED, *aecourse.__all__}))
def test_public_names(name):
    """every promised name is there, documented, and listed"""
    thing = getattr(aecourse, name)
    assert thing.__doc__
    assert not thing.__doc__[0].isupper()
    assert name in dir(aecourse)
    assert name in aecourse.__all__


def test_unknown_name():
    """a typing error is an AttributeError, so that hasattr and completion work"""
    with pytest.raises(AttributeError, match="no attribute 'DenseAutoencodr'"):
        _ = aecourse.DenseAutoencodr


def test_version():
    """one version, in the package and in its metadata"""
    assert aecourse.__version__ == metadata.version("aecourse")


def test_importing_the_package_loads_nothing_heavy():
    """`import aecourse` alone is nearly free"""
    heavy = "{'torch', 'numpy', 'matplotlib', 'sklearn', 'ipywidgets', 'torchvision'}"
    assert run(f"import sys, aecourse; print({heavy} & set(sys.modules))") == "set()\n"


def test_training_loads_no_plots_and_no_scikit_learn():
    """what a script without figures needs, and no more"""
    heavy = "{'matplotlib', 'sklearn', 'ipywidgets', 'torchvision', 'scipy'}"
    program = (
        f"import sys; from aecourse import load_mnist, DenseAutoencoder, fit, mse; print({heavy} & set(sys.modules))"
    )
    assert run(program) == "set()\n"


def test_no_module_speaks_on_import():
    """nothing is printed, drawn, trained or downloaded by importing"""
    assert run("\n".join(f"import {name}" for name in MODULES)) == ""


@pytest.mark.parametrize("name", MODULES)
def test_every_module_is_documented(name):
    """each says what it is for, and each public function and class of it too"""
    module = import_module(name)
    assert module.__doc__
    for member, thing in vars(module).items():
        if not member.startswith("_") and getattr(thing, "__module__", None) == name and callable(thing):
            assert thing.__doc__, f"{name}.{member}"
