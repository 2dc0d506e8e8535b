"""Training the CNN of the MNIST example, batches of 64, Adam: a plain loop, and each library's own ``fit``."""

from report import compare, publish
from side_by_side import QUICK, Contestant, take_turns

loops = [
    Contestant("seegrad", "seegrad", ["cnn_seegrad.py", "train"]),
    Contestant("seegrad, with Numba", "fast", ["cnn_seegrad.py", "train"]),
    Contestant("PyTorch, fused, channels-last", "pytorch", ["cnn_pytorch.py", "train"]),
    Contestant("Keras, train_on_batch", "keras", ["cnn_keras.py", "train"]),
    Contestant("JAX, jit", "jax", ["cnn_jax.py", "train"]),
]
fits = [
    Contestant("seegrad, fit", "seegrad", ["cnn_seegrad.py", "fit"]),
    Contestant("seegrad, with Numba, fit", "fast", ["cnn_seegrad.py", "fit"]),
    Contestant("PyTorch, loop over ready batches", "pytorch", ["cnn_pytorch.py", "fit"]),
    Contestant("Keras, fit", "keras", ["cnn_keras.py", "fit"]),
]
slow = [Contestant("MyGrad", "mygrad", ["cnn_mygrad.py", "train"])]
take_turns(loops)
take_turns(fits)
take_turns(slow, rounds=1 if QUICK else 2)
columns = {
    "milliseconds": "ms per step",
    "epoch": "s per epoch",
    "images": "images/s",
    "megabytes": "peak memory, MB",
}
publish(
    "cnn_training",
    "Training a CNN",
    "Steps of 64 images through three convolutions, two poolings and two linear layers, forward, backward and Adam; "
    "the same batches for all. Peak memory is that of the whole process, the images among it. seegrad computes a "
    "convolution, relu and pooling in one pass, and leaves out what no window of the pool reads: in the second layer "
    "21 of 121 places, 14 % of a step's multiplications. The results are the same but for rounding.",
    [
        compare([*loops, *slow], columns, "milliseconds", "PyTorch, fused, channels-last"),
        compare(fits, columns, "milliseconds", "PyTorch, loop over ready batches"),
    ],
)
