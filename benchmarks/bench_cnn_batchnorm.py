"""Training a CNN with batch normalisation after each convolution: no layers that are computed in one pass."""

from report import compare, publish
from side_by_side import Contestant, take_turns

contestants = [
    Contestant("seegrad", "seegrad", ["batchnorm_seegrad.py", "train"]),
    Contestant("seegrad, with Numba", "fast", ["batchnorm_seegrad.py", "train"]),
    Contestant("PyTorch, fused, channels-last", "pytorch", ["batchnorm_pytorch.py", "train"]),
    Contestant("Keras, train_on_batch", "keras", ["batchnorm_keras.py", "train"]),
]
take_turns(contestants)
columns = {"milliseconds": "ms per step", "images": "images/s", "megabytes": "peak memory, MB"}
publish(
    "cnn_batchnorm",
    "Training a CNN with batch normalisation",
    "The same three convolutions, padded by one pixel, each with batch normalisation before relu and pooling; steps of "
    "64 images. Here every layer is computed by itself.",
    [compare(contestants, columns, "milliseconds", "PyTorch, fused, channels-last")],
)
