"""What the trained CNN costs: 10,000 images, each library at its best batch size, and a single image."""

from report import compare, publish
from side_by_side import QUICK, Contestant, take_turns

HOMES = {
    "seegrad": ("seegrad", "cnn_seegrad.py"),
    "seegrad, with Numba": ("fast", "cnn_seegrad.py"),
    "PyTorch": ("pytorch", "cnn_pytorch.py"),
    "Keras": ("keras", "cnn_keras.py"),
    "JAX": ("jax", "cnn_jax.py"),
}
SIZES = [64] if QUICK else [32, 64, 128, 256, 500]


def at(size):
    return [Contestant(name, home, [script, "evaluate", str(size)]) for name, (home, script) in HOMES.items()]


tried = []
for size in SIZES:  # to find the best
    group = at(size)
    take_turns(group, rounds=3)
    tried.append(group)
best = {
    name: min((c.median("seconds") or 1e9, size) for group, size in zip(tried, SIZES) for c in group if c.name == name)[
        1
    ]
    for name in HOMES
}
many = [c for size in SIZES for c in at(size) if best[c.name] == size]
take_turns(many)
for c in many:
    for answer in c.answers:
        answer["batch"] = best[c.name]
single = [Contestant(name, home, [script, "single"]) for name, (home, script) in HOMES.items()]
take_turns(single)
publish(
    "cnn_evaluation",
    "Evaluating a CNN",
    "10,000 images at the batch size that suits each library best, and one image at a time.",
    [
        compare(
            many,
            {"seconds": "s for 10,000", "images": "images/s", "batch": "batch size", "megabytes": "peak memory, MB"},
            "seconds",
            "PyTorch",
        ),
        compare(single, {"microseconds": "us for a single image"}, "microseconds", "PyTorch"),
    ],
)
