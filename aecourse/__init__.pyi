"""The public names of aecourse and their modules: read by editors, and by `__init__.py` when a name is first used."""

from aecourse.data import (
    ImageSet as ImageSet,
    corrupt as corrupt,
    downsample as downsample,
    gaussian_noise as gaussian_noise,
    load_fashion_mnist as load_fashion_mnist,
    load_mnist as load_mnist,
    load_pictures as load_pictures,
    mask_pixels as mask_pixels,
    normalise_digit as normalise_digit,
    occlude as occlude,
    photo_patches as photo_patches,
    salt_and_pepper as salt_and_pepper,
    seven_segment_digits as seven_segment_digits,
    shift_images as shift_images,
    spiral as spiral,
    whitened_patches as whitened_patches,
)
from aecourse.device import (
    pick_device as pick_device,
    seed_everything as seed_everything,
    use_threads as use_threads,
)
from aecourse.evaluation import (
    anomaly_scores as anomaly_scores,
    hamming as hamming,
    hamming_nearest as hamming_nearest,
    hash_bits as hash_bits,
    linear_probe_accuracy as linear_probe_accuracy,
    mixture_score as mixture_score,
    mse as mse,
    nearest as nearest,
    pca_mse as pca_mse,
    precision_at as precision_at,
    principal_angles as principal_angles,
    psnr as psnr,
    reconstruct as reconstruct,
    reconstruction_mse as reconstruction_mse,
    ridge_probe_accuracy as ridge_probe_accuracy,
    ssim as ssim,
    threshold_at as threshold_at,
)
from aecourse.exercises import (
    Prediction as Prediction,
    check as check,
    claim as claim,
    experiment as experiment,
)
from aecourse.explorers import (
    AnomalyExplorer as AnomalyExplorer,
    BottleneckExplorer as BottleneckExplorer,
    ContractionExplorer as ContractionExplorer,
    DemoBoard as DemoBoard,
    DrawingPad as DrawingPad,
    GeneratorExplorer as GeneratorExplorer,
    LatentMapExplorer as LatentMapExplorer,
    PictureUpload as PictureUpload,
    RepairExplorer as RepairExplorer,
    SearchExplorer as SearchExplorer,
    SparsityExplorer as SparsityExplorer,
    SpiralExplorer as SpiralExplorer,
    StackExplorer as StackExplorer,
    TrainingExplorer as TrainingExplorer,
)
from aecourse.machine import (
    requires as requires,
)
from aecourse.models import (
    PCA as PCA,
    Autoencoder as Autoencoder,
    Classifier as Classifier,
    ContractiveAutoencoder as ContractiveAutoencoder,
    ConvAutoencoder as ConvAutoencoder,
    DenoisingAutoencoder as DenoisingAutoencoder,
    DenseAutoencoder as DenseAutoencoder,
    LinearAutoencoder as LinearAutoencoder,
    NestedAutoencoder as NestedAutoencoder,
    ShallowAutoencoder as ShallowAutoencoder,
    SparseAutoencoder as SparseAutoencoder,
    StackedAutoencoder as StackedAutoencoder,
    VariationalAutoencoder as VariationalAutoencoder,
    adopt as adopt,
)
from aecourse.pace import (
    run_all_takes as run_all_takes,
)
from aecourse.plotting import (
    mosaic as mosaic,
    panels as panels,
    plot_error_by_k as plot_error_by_k,
    plot_history as plot_history,
    plot_image as plot_image,
    plot_latent_map as plot_latent_map,
    plot_rate_distortion as plot_rate_distortion,
    plot_reconstructions as plot_reconstructions,
    show as show,
    use_style as use_style,
)
from aecourse.training import (
    History as History,
    fit as fit,
    fit_classifier as fit_classifier,
    fit_layerwise as fit_layerwise,
)
from aecourse.zoo import (
    load_weights as load_weights,
    read_card as read_card,
    save_weights as save_weights,
    shipped_weights as shipped_weights,
)

__version__: str
