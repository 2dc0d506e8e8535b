"""What the machine allows at best: products of matrices, memory, and what that means for the CNN."""

from report import number, publish
from side_by_side import Contestant, take_turns

#: Multiplications and additions of one training step of 64 images: forward, and twice as many backward, less the
#: gradient of the images. (positions x kernel x channels in x channels out, for each layer.)
FORWARD = [26 * 26 * 9 * 1 * 32, 11 * 11 * 9 * 32 * 64, 3 * 3 * 9 * 64 * 64, 576 * 64, 64 * 10]
OPERATIONS = 2 * 64 * (3 * sum(FORWARD) - FORWARD[0])

contestant = Contestant("NumPy", "numpy", ["bounds.py"])
take_turns([contestant])
rate = contestant.median("gflops")
least = OPERATIONS / rate / 1e6 if rate else None
publish(
    "bounds",
    "What the machine allows",
    "The best rate of float32 matrix products and of copying memory. A training step of the CNN does "
    f"{OPERATIONS / 1e9:.2f} billion multiplications and additions in its products: at the best rate, "
    f"{number(least)} ms. Copying counts bytes read and bytes written.",
    [
        {
            "header": ["", "measured"],
            "rows": [
                ["products of matrices, GFLOP/s", number(rate)],
                ["memory, GB/s", number(contestant.median("gigabytes"))],
                ["least time of a training step, ms", number(least)],
            ],
        }
    ],
)
