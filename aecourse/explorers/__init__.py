"""The explorers: interactive pictures that change when a control is moved."""

from aecourse.explorers.anomaly import AnomalyExplorer
from aecourse.explorers.board.board import DemoBoard
from aecourse.explorers.bottleneck import BottleneckExplorer
from aecourse.explorers.contraction import ContractionExplorer
from aecourse.explorers.drawing import DrawingPad
from aecourse.explorers.generator import GeneratorExplorer
from aecourse.explorers.latent_map import LatentMapExplorer
from aecourse.explorers.repair import RepairExplorer
from aecourse.explorers.search import SearchExplorer
from aecourse.explorers.sparsity import SparsityExplorer
from aecourse.explorers.spiral import SpiralExplorer
from aecourse.explorers.stack import StackExplorer
from aecourse.explorers.training import TrainingExplorer
from aecourse.explorers.upload import PictureUpload

__all__ = [
    "AnomalyExplorer",
    "BottleneckExplorer",
    "ContractionExplorer",
    "DemoBoard",
    "DrawingPad",
    "GeneratorExplorer",
    "LatentMapExplorer",
    "PictureUpload",
    "RepairExplorer",
    "SearchExplorer",
    "SparsityExplorer",
    "SpiralExplorer",
    "StackExplorer",
    "TrainingExplorer",
]
