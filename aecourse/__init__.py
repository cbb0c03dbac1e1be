"""aecourse: the small package behind an interactive course on autoencoders.

`import aecourse` itself is cheap: each public name is imported from its module when it is first used.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOME = {
    "aecourse.device": ["pick_device", "seed_everything", "use_threads"],
    "aecourse.data": [
        "ImageSet",
        "corrupt",
        "downsample",
        "gaussian_noise",
        "load_fashion_mnist",
        "load_folder",
        "load_mnist",
        "mask_pixels",
        "normalise_digit",
        "occlude",
        "photo_patches",
        "salt_and_pepper",
        "seven_segment_digits",
        "shift_images",
        "spiral",
        "whitened_patches",
    ],
    "aecourse.models": [
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
    ],
    "aecourse.training": ["History", "fit", "fit_classifier", "fit_layerwise"],
    "aecourse.evaluation": [
        "linear_probe_accuracy",
        "mixture_score",
        "mse",
        "pca_mse",
        "principal_angles",
        "psnr",
        "reconstruct",
        "ridge_probe_accuracy",
        "ssim",
    ],
    "aecourse.retrieval": ["hamming", "hamming_nearest", "hash_bits", "nearest", "precision_at"],
    "aecourse.anomaly": ["anomaly_scores", "threshold_at"],
    "aecourse.weights": ["load_weights", "read_card", "save_weights", "shipped_weights"],
    "aecourse.plotting": [
        "mosaic",
        "panels",
        "plot_error_by_k",
        "plot_history",
        "plot_image",
        "plot_latent_map",
        "plot_rate_distortion",
        "plot_reconstructions",
        "show",
        "use_style",
    ],
    "aecourse.widgets": [
        "AnomalyExplorer",
        "BottleneckExplorer",
        "ContractionExplorer",
        "DemoBoard",
        "DrawingPad",
        "GeneratorExplorer",
        "LatentMapExplorer",
        "RepairExplorer",
        "SearchExplorer",
        "SparsityExplorer",
        "StackExplorer",
        "TrainingExplorer",
    ],
    "aecourse.exercises": ["Prediction", "check", "claim"],
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str):
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'aecourse' has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
