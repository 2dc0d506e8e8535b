"""Two processes of one thread each against one process of two threads: images per second while training on MNIST.

Run it on a quiet machine with at least two cores: ``python benchmarks/bench_distributed.py``. It needs the extra
``seegrad[mpi]``. Both train the same network on the same batches, so they take the same steps. Then it measures
``Allreduce`` on arrays of several sizes, fits its latency and bandwidth, and prints what the cost model of the README
expects of more processes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import numpy as np

import seegrad as sg

BATCH = 128  # of all processes together
STEPS, ROUNDS, WARM_UP = 30, 3, 5
SIZES = (1, 93_322, 1_000_000)  # float32 numbers; the second is the network's
NETWORKS = {"1 Gbit/s Ethernet": (50e-6, 0.118e9), "10 Gbit/s Ethernet": (30e-6, 1.18e9)}  # s, bytes/s


def train(comm) -> dict:
    """Train, and return the seconds of a step and of its Allreduce."""
    rank, size = (0, 1) if comm is None else (comm.Get_rank(), comm.Get_size())
    sg.set_num_threads(2 // size)
    sg.manual_seed(0)
    images, _ = sg.data.load_mnist()
    model = sg.nn.models.mnist_cnn()
    optimizer = sg.optim.Adam(model.parameters())
    if comm is not None:
        optimizer = sg.optim.DistributedOptimizer(optimizer, comm)
        images = sg.data.shard(images, rank, size)
    loss = sg.nn.CrossEntropyLoss()
    batches = sg.data.DataLoader(images, BATCH // size, shuffle=True, seed=0)
    seconds = []
    for x, y in batches:
        begin = time.perf_counter()
        optimizer.zero_grad()
        loss(model(sg.tensor(x)), y).backward()
        optimizer.step()
        seconds.append(time.perf_counter() - begin)
        if len(seconds) == WARM_UP + STEPS:
            break
    return {"rank": rank, "step": float(np.median(seconds[WARM_UP:])), "allreduce": allreduce(comm)}


def allreduce(comm) -> dict[int, float]:
    """Return the median seconds of an Allreduce for each size."""
    found = {}
    for size in SIZES if comm is not None else ():
        numbers, sums = np.ones(size, np.float32), np.empty(size, np.float32)
        seconds = []
        for _ in range(50):
            comm.Barrier()
            begin = time.perf_counter()
            comm.Allreduce(numbers, sums)
            seconds.append(time.perf_counter() - begin)
        found[size] = float(np.median(seconds))
    return found


def run(ranks: int) -> dict:
    """Measure in processes of their own."""
    command = [sys.executable, __file__, "measure"]
    if ranks > 1:
        mpiexec = shutil.which("mpiexec", path=str(Path(sys.executable).parent)) or "mpiexec"
        command = [mpiexec, "--bind-to", "core", "-n", str(ranks), *command]
    settings = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=True)
    return min((json.loads(line) for line in done.stdout.splitlines()), key=lambda line: line["rank"])


def model_of(step_of_one: float, nbytes: int, latency: float, bandwidth: float, ranks: int) -> float:
    """Return the expected efficiency: compute / (compute + Allreduce), the Allreduce as a ring."""
    exchange = 2 * (ranks - 1) * (latency + nbytes / ranks / bandwidth)
    return step_of_one / (step_of_one + exchange)


def main() -> None:
    if "measure" in sys.argv:
        comm = import_module("mpi4py.MPI").COMM_WORLD if "OMPI_COMM_WORLD_SIZE" in os.environ else None
        print(json.dumps(train(comm)), flush=True)
        return
    rounds = [(run(1), run(2)) for _ in range(ROUNDS)]
    one, two = (min(result[k]["step"] for result in rounds) for k in range(2))
    exchange = {int(n): min(result[1]["allreduce"][n] for result in rounds) for n in rounds[0][1]["allreduce"]}
    print(f"1 process of 2 threads    {one * 1e3:6.1f} ms per step of {BATCH} images  {BATCH / one:7.0f} images/s")
    print(f"2 processes of 1 thread   {two * 1e3:6.1f} ms per step of {BATCH} images  {BATCH / two:7.0f} images/s")
    for size, seconds in exchange.items():
        print(f"Allreduce of {4 * size:>9,} bytes  {seconds * 1e6:8.1f} us  {seconds / two:6.2%} of a step")
    nbytes = 4 * SIZES[1]
    print("\nexpected efficiency for each process with batches of", BATCH // 2)
    for name, (latency, bandwidth) in NETWORKS.items():
        shares = [f"{n}: {model_of(two, nbytes, latency, bandwidth, n):.0%}" for n in (2, 4, 16, 64)]
        print(f"  {name:20} {'   '.join(shares)}")


if __name__ == "__main__":
    main()
