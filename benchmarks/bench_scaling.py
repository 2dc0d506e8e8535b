"""How cost grows with the size of the batch, of a scalar graph, and with the number of threads."""

from report import number, publish
from side_by_side import QUICK, Contestant, take_turns

BATCHES = [1, 64] if QUICK else [1, 4, 16, 64, 256, 1024]
NODES = [1_000, 10_000] if QUICK else [1_000, 10_000, 100_000, 1_000_000]


def contest(script, home, sizes, *task):
    group = [Contestant(f"{home} {n}", home, [script, *task, str(n)]) for n in sizes]
    take_turns(group, rounds=2 if QUICK else 3)
    return group


def curve(group, sizes, key):
    return [[n, c.median(key)] for n, c in zip(sizes, group) if c.median(key)]


def table(first, sizes, curves):
    rows = [[f"{n:,}", *[number(dict(map(tuple, points)).get(n)) for points in curves.values()]] for n in sizes]
    return {"header": [first, *curves], "rows": rows}


batches = {
    name: contest(script, home, BATCHES, "train")
    for name, home, script in [
        ("seegrad", "seegrad", "cnn_seegrad.py"),
        ("seegrad, with Numba", "fast", "cnn_seegrad.py"),
        ("PyTorch", "pytorch", "cnn_pytorch.py"),
    ]
}
speed = {name: curve(group, BATCHES, "images") for name, group in batches.items()}
memory = {name: curve(group, BATCHES, "megabytes") for name, group in batches.items()}
graphs = contest("graph_scaling.py", "seegrad", NODES)
time_by_node = {key: curve(graphs, NODES, key) for key in ("chain", "wide")}
publish(
    "scaling",
    "Scaling",
    "Images per second and peak memory of training the CNN, by batch size; microseconds per node of scalar graphs, "
    "forward and backward: a chain of products and sums, and a sum of products. A flat line is linear growth.",
    [
        table("images/s at batch size", BATCHES, speed),
        table("peak memory, MB, at batch size", BATCHES, memory),
        table("us per node at nodes", NODES, time_by_node),
    ],
    [
        {"title": "training", "x": "batch size", "y": "images/s", "curves": speed},
        {"title": "scalar graphs", "x": "nodes", "y": "us per node", "curves": time_by_node},
    ],
)
