"""The explorers: move a control, see the picture answer."""

from aecourse.widgets.anomaly import AnomalyExplorer
from aecourse.widgets.board import DemoBoard
from aecourse.widgets.bottleneck import BottleneckExplorer
from aecourse.widgets.contraction import ContractionExplorer
from aecourse.widgets.drawing import DrawingPad
from aecourse.widgets.generator import GeneratorExplorer
from aecourse.widgets.latent_map import LatentMapExplorer
from aecourse.widgets.repair import RepairExplorer
from aecourse.widgets.search import SearchExplorer
from aecourse.widgets.sparsity import SparsityExplorer
from aecourse.widgets.stack import StackExplorer
from aecourse.widgets.trainer import TrainingExplorer

__all__ = [
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
]
