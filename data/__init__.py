"""Read, clean, split, scale, augment and batch data: plain NumPy in, plain NumPy out."""

from .affine import RandomAffine
from .augmentation import Augmentation, Compose
from .dataset import ArrayDataset
from .digits import load_mnist
from .elastic import ElasticDeformation
from .erasing import RandomErasing
from .errors import DataError
from .idx import read_idx, write_idx
from .loader import DataLoader
from .mixing import Mixup
from .noise import GaussianNoise
from .scaling import MinMaxScale, Standardize, one_hot, scale_pixels
from .shift import RandomShift
from .split import KFold, Subset, random_split, train_val_split

__all__ = [
    "ArrayDataset",
    "Augmentation",
    "Compose",
    "DataError",
    "DataLoader",
    "ElasticDeformation",
    "GaussianNoise",
    "KFold",
    "MinMaxScale",
    "Mixup",
    "RandomAffine",
    "RandomErasing",
    "RandomShift",
    "Standardize",
    "Subset",
    "load_mnist",
    "one_hot",
    "random_split",
    "read_idx",
    "scale_pixels",
    "train_val_split",
    "write_idx",
]
