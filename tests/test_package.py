"""The package as a whole: what it offers, what importing it costs, and that it stays quiet."""

import ast
import pkgutil
import subprocess
import sys
from importlib import import_module, metadata
from pathlib import Path

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
    """What a fresh Python prints, with nothing on stderr."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=600, check=True)
    assert done.stderr == ""
    return done.stdout


def is_sentence(docstring: str | None) -> bool:
    """Whether the first line begins with a capital letter, a number, a name or a formula and ends with a full stop."""
    first = (docstring or "").split("\n")[0]
    word = first.split(" ")[0]
    return first.endswith(".") and not (word.isalpha() and word.isascii() and len(word) > 1 and word.islower())


@pytest.mark.parametrize("name", sorted({*PROMISED, *aecourse.__all__}))
def test_public_names(name):
    """Every promised name is there, documented, and listed."""
    assert is_sentence(getattr(aecourse, name).__doc__)
    assert name in dir(aecourse)
    assert name in aecourse.__all__


def test_the_stub_is_valid_python_with_exactly_these_names():
    """`__init__.pyi`, from which the names are read on import, means to Python what it means to `__init__.py`."""
    stub = ast.parse(Path(f"{aecourse.__file__}i").read_text(encoding="utf-8"))
    imports = [statement for statement in stub.body if isinstance(statement, ast.ImportFrom)]
    names = [alias.name for statement in imports for alias in statement.names]
    assert sorted(names) == aecourse.__all__
    assert len(set(names)) == len(names)
    for statement in imports:
        module = import_module(statement.module)
        for alias in statement.names:
            assert alias.asname == alias.name  # what type checkers take for public
            assert getattr(aecourse, alias.name) is getattr(module, alias.name)
    docstring, *others = [statement for statement in stub.body if statement not in imports]
    assert ast.get_docstring(stub) == docstring.value.value
    assert [ast.unparse(statement) for statement in others] == ["__version__: str"]


def test_unknown_name():
    """A typing error is an AttributeError, so that hasattr and completion work."""
    with pytest.raises(AttributeError, match="no attribute 'DenseAutoencodr'"):
        _ = aecourse.DenseAutoencodr


def test_version():
    """One version, in the package and in its metadata."""
    assert aecourse.__version__ == metadata.version("aecourse")


def test_importing_the_package_loads_nothing_else():
    """`import aecourse` alone brings one module into memory."""
    program = "import sys; before = {*sys.modules}; import aecourse; print({*sys.modules} - before)"
    assert run(program) == "{'aecourse'}\n"


def test_importing_the_package_costs_at_most_a_millisecond():
    """Its own code, which is all there is: the best of several tries, as other processes only make it slower."""
    program = """
import sys
from importlib.util import find_spec, module_from_spec
from time import perf_counter

def seconds():
    module = module_from_spec(spec)
    start = perf_counter()
    spec.loader.exec_module(module)
    return perf_counter() - start

spec = find_spec("aecourse")
print(min(seconds() for _ in range(50)))
"""
    assert float(run(program)) <= 1e-3


@pytest.mark.slow
def test_training_loads_no_plots_and_no_scikit_learn():
    """What a script without figures needs, and no more."""
    heavy = "{'matplotlib', 'sklearn', 'ipywidgets', 'torchvision', 'scipy'}"
    names = "load_mnist, DenseAutoencoder, fit, reconstruction_mse"
    assert run(f"import sys; from aecourse import {names}; print({heavy} & set(sys.modules))") == "set()\n"


@pytest.mark.slow
def test_no_module_speaks_on_import():
    """Nothing is printed, drawn, trained or downloaded by importing."""
    assert run("\n".join(f"import {name}" for name in MODULES)) == ""


@pytest.mark.parametrize("name", MODULES)
def test_every_module_is_documented(name):
    """Each says what it is for in a sentence, and each public function and class of it too."""
    module = import_module(name)
    assert is_sentence(module.__doc__)
    for member, thing in vars(module).items():
        if not member.startswith("_") and getattr(thing, "__module__", None) == name and callable(thing):
            assert is_sentence(thing.__doc__), f"{name}.{member}"
