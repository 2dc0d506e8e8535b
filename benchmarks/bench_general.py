"""Networks of many kinds and functions in plain NumPy: what a step or a derivative takes, and the first call.

A task is a file in ``peers/networks`` or ``peers/functions``, where what each library computes stands side by side.
How a library trains, or differentiates, stands in ``peers/networks_*.py`` and ``peers/functions_*.py``.
``TASKS="MLP; LeNet-5" make bench ARGS=general`` measures some of them again.
"""

import os

from report import number, publish, summary_rows
from side_by_side import QUICK, Contestant, take_turns

ROUNDS = 1 if QUICK else 5
#: Name, file under ``peers/networks``, what is done, and the batch.
NETWORKS = [
    ("MLP", "mlp", "train", 64),
    ("LeNet-5", "lenet", "train", 64),
    ("CNN of the example, batch 1", "mnist_cnn", "train", 1),
    ("CNN of the example, batch 8", "mnist_cnn", "train", 8),
    ("CNN of the example, batch 64", "mnist_cnn", "train", 64),
    ("Deeper CNN, batch normalisation", "deep_cnn", "train", 128),
    ("VGG-like", "vgg", "train", 32),
    ("ResNet, batch normalisation", "resnet", "train", 32),
    ("ResNet, evaluated", "resnet", "evaluate", 32),
    ("Autoencoder", "autoencoder", "train", 64),
    ("LSTM, written out", "lstm", "train", 64),
    ("GPT, 2 layers", "gpt", "train", 16),
]
#: Name, and file under ``peers/functions``.
FUNCTIONS = [
    ("ODE, 300 Euler steps", "ode"),
    ("Logistic regression", "logistic"),
    ("Hessian, 50 variables", "rosenbrock_hessian"),
    ("Jacobian, 100 x 100", "layer_jacobian"),
    ("Linear algebra, 100 x 100", "linear_algebra"),
    ("Elementwise, a million numbers", "large_expression"),
]
#: Name, environment, the end of the name of its file, and its way.
PYTORCH = ("PyTorch", "pytorch", "pytorch", "plain")
PYTORCH_COMPILED = ("PyTorch, compiled", "pytorch", "pytorch", "compiled")
PYTORCH_KEEPING = ("PyTorch, keeping memory", "pytorch", "pytorch", "memory")
JAX = ("JAX, jit", "jax", "jax", "plain")
AUTOGRAD = ("HIPS autograd", "autograd", "autograd", "plain")
SEEGRAD = [
    ("seegrad", "seegrad", "seegrad", "plain"),
    ("seegrad, compiled", "seegrad", "seegrad", "compiled"),
    ("seegrad, compiled, with Numba", "fast", "seegrad", "compiled"),
]
EAGER_WITH_NUMBA = ("seegrad, with Numba", "fast", "seegrad", "plain")
#: What PyTorch is not asked to compile, a file with the rest of its arguments: unrolled steps take it minutes.
NOT_COMPILED_BY_PYTORCH = [("ode",), ("mnist_cnn", "train", 8)]


def contest(kind, task, libraries, *mode):
    """Let libraries do one task, and see that all get the same numbers."""
    contestants = [
        Contestant(name, home, ["general_contestant.py", kind, task, library, way, *map(str, mode)])
        for name, home, library, way in libraries
        if not (name == PYTORCH_COMPILED[0] and (task, *mode) in NOT_COMPILED_BY_PYTORCH)
    ]
    print(f"--- {task} {mode}", flush=True)
    take_turns(contestants, 1 + ROUNDS)  # in the first round all make their first calls
    right = next((c.median("check") for c in contestants if not c.missing), [])
    for c in contestants:
        if not c.missing and not all(
            abs(x - y) <= 1e-3 * abs(y) for x, y in zip(c.median("check"), right, strict=True)
        ):
            c.missing = f"gives {c.median('check')}, not {right}"
    return contestants


def table(results, names, key, unit):
    """Make a table of what was measured: a row for a task, a column for a library."""
    rows = [
        [task, *(number(c.median(key)) if (c := found.get(name)) and not c.missing else "-" for name in names)]
        for task, found in results.items()
    ]
    return {"header": [unit, *names], "rows": rows}


networks = [PYTORCH, PYTORCH_KEEPING, PYTORCH_COMPILED, JAX, EAGER_WITH_NUMBA, *SEEGRAD]
functions = [JAX, PYTORCH, PYTORCH_COMPILED, AUTOGRAD, *SEEGRAD]
chosen = {name.strip() for name in os.environ.get("TASKS", "").split(";") if name.strip()}
trained = {n: contest("networks", task, networks, *mode) for n, task, *mode in NETWORKS if not chosen or n in chosen}
differentiated = {n: contest("functions", task, functions) for n, task in FUNCTIONS if not chosen or n in chosen}
by_name = [{task: {c.name: c for c in found} for task, found in part.items()} for part in (trained, differentiated)]
absent: dict[str, list[str]] = {}
for task, found in [*trained.items(), *differentiated.items()]:
    for c in found:
        if c.missing:
            absent.setdefault(f"{c.name}: {c.missing}", []).append(task)
publish(
    "general",
    "Networks and functions in general",
    "A training step of each network (forward, backward, Adam; the evaluated one forward only), float32, and the value "
    "and gradient, the Hessian or the Jacobian of each function, float64, in milliseconds. All begin with the same "
    "weights and get the same data; losses, and norms of gradients, agree to a thousandth. PyTorch has all threads, "
    "the quicker order of memory and fused Adam; keeping memory, the C library was told besides not to give freed "
    "arrays back to the system, which costs page faults and which PyTorch leaves to its user. Its compiler, and JAX's, "
    "compile in every process anew, while what Numba compiles for seegrad stays on disk.\n\nThe first calls, in "
    "seconds, are those of a fresh process that has imported the library."
    + "".join(f"\n\n- {why} ({', '.join(tasks)})" for why, tasks in sorted(absent.items())),
    [
        table(by_name[0], [name for name, *_ in networks], "milliseconds", "ms"),
        table(by_name[1], [name for name, *_ in functions], "milliseconds", "ms"),
        table(by_name[0], [name for name, *_ in networks], "first", "first call, s"),
        table(by_name[1], [name for name, *_ in functions], "first", "first call, s"),
    ],
    summary=[*summary_rows("Networks", trained, "PyTorch"), *summary_rows("Functions", differentiated, "JAX, jit")],
    some=bool(chosen),
)
