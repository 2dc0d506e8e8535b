"""Read, clean, split, scale, augment and batch data: plain NumPy in, plain NumPy out."""

from .augment.affine import RandomAffine
from .augment.augmentation import Augmentation, Compose
from .augment.elastic import ElasticDeformation
from .augment.erasing import RandomErasing
from .augment.mixing import Mixup
from .augment.noise import GaussianNoise
from .augment.shift import RandomShift
from .augment.sometimes import Sometimes
from .cleaning import CleaningReport, clean, outlier_scores
from .csv_rows import load_csv
from .dataset import ArrayDataset
from .digit_images import prepare_digit, read_picture
from .digits import load_mnist
from .errors import DataError
from .folders import ImageFolder
from .idx import read_idx, write_idx
from .loader import DataLoader
from .scaling import MinMaxScale, Standardize, one_hot, scale_pixels
from .sharding import Shard, shard
from .split import KFold, Subset, random_split, train_val_split
from .toys import make_circles, make_moons, make_spirals

__all__ = [
    "ArrayDataset",
    "Augmentation",
    "CleaningReport",
    "Compose",
    "DataError",
    "DataLoader",
    "ElasticDeformation",
    "GaussianNoise",
    "ImageFolder",
    "KFold",
    "MinMaxScale",
    "Mixup",
    "RandomAffine",
    "RandomErasing",
    "RandomShift",
    "Sometimes",
    "Shard",
    "Standardize",
    "Subset",
    "clean",
    "load_csv",
    "load_mnist",
    "make_circles",
    "make_moons",
    "make_spirals",
    "one_hot",
    "outlier_scores",
    "prepare_digit",
    "random_split",
    "read_idx",
    "read_picture",
    "scale_pixels",
    "shard",
    "train_val_split",
    "write_idx",
]


def __dir__() -> list[str]:
    return __all__
