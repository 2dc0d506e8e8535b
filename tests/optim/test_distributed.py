"""Training by several processes over MPI: the same as by one, and nobody waits for the dead."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from small_mnist import write_digits

import seegrad as sg
from seegrad import nn, optim
from seegrad.common.ranks import Ranks

MPIEXEC = shutil.which("mpiexec", path=str(Path(sys.executable).parent)) or shutil.which("mpiexec")
SETTINGS = {
    **os.environ,
    # Open MPI asks twice before it runs as root, as it does in containers.
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OPENBLAS_NUM_THREADS": "1",
}

# What the ranks and the single process have in common. `size` and `rank` are those of the process.
TRAINING = """
import json, os, signal, sys
import numpy as np
import seegrad as sg
from seegrad import data, nn, optim

def make(comm=None, batchnorm=False, seed=0):
    sg.manual_seed(seed)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(96, 5)).astype(np.float32)
    examples = data.ArrayDataset(x, (x.sum(axis=1) > 0).astype(np.int64))
    layers = [nn.BatchNorm1d(8), nn.Dropout(0.2)] if batchnorm else []
    model = nn.Sequential(nn.Linear(5, 8), *layers, nn.Tanh(), nn.Linear(8, 2))
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    if comm is not None:
        optimizer = optim.DistributedOptimizer(optimizer, comm)
    ema = optim.EMA(model.parameters(), decay=0.9)
    return examples, model, nn.Trainer(model, optimizer, nn.CrossEntropyLoss(), ema=ema)

def flat(model):
    return np.concatenate([array.ravel() for array in model.state_dict().values()])
"""

BEGIN = (
    TRAINING
    + """
from mpi4py import MPI
comm = MPI.COMM_WORLD
rank, size = comm.Get_rank(), comm.Get_size()

def shared(examples, **options):
    return data.shard(examples, rank, size, **options)
"""
)


@pytest.fixture(scope="session")
def mpi():
    """Skip where MPI cannot be had, and say so."""
    pytest.importorskip("mpi4py", reason="mpi4py is not installed (pip install 'seegrad[mpi]')", exc_type=ImportError)
    if MPIEXEC is None:
        pytest.skip("there is no mpiexec (pip install 'seegrad[mpi]')")


@pytest.fixture
def run(mpi, tmp_path):
    """Run a program on two ranks, in a folder of its own."""

    def start(program, *arguments, ranks=2):
        (tmp_path / "program.py").write_text(BEGIN + program)
        command = [MPIEXEC, "--map-by", ":OVERSUBSCRIBE", "--bind-to", "none", "-n", str(ranks)]
        command += [sys.executable, *(arguments or ["program.py"])]
        return subprocess.run(command, cwd=tmp_path, env=SETTINGS, capture_output=True, text=True, timeout=300)

    return start


def lines(done):
    """Read what each rank has printed: a JSON text in one line."""
    assert done.returncode == 0, done.stderr
    return sorted((json.loads(line) for line in done.stdout.splitlines()), key=lambda line: line["rank"])


def single():
    names: dict = {}
    exec(TRAINING, names)
    return names["make"], names["flat"]


def test_as_one_process_with_batches_as_large_as_all_together(run):
    done = run("""
examples, model, trainer = make(comm, seed=rank)  # unlike each other until rank 0's weights arrive
loader_seed = 7 if rank == 0 else None            # the order, too, is rank 0's
others = shared(examples, equal=False)
history = trainer.fit(shared(examples), epochs=3, batch_size=8, validation=others, seed=loader_seed)
print(json.dumps({"rank": rank, "weights": flat(model).tolist(), "history": list(history)}))
""")
    make, flat = single()
    examples, model, trainer = make()
    history = trainer.fit(examples, epochs=3, batch_size=16, validation=examples, seed=7)
    first, second = lines(done)
    assert first["weights"] == second["weights"]
    np.testing.assert_allclose(first["weights"], flat(model), rtol=0, atol=1e-5)
    assert first["history"] == second["history"]
    for ours, theirs in zip(first["history"], history, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-5)


def test_gradients_are_averaged(run):
    done = run("""
w = [sg.tensor(np.zeros(3, dtype), requires_grad=True) for dtype in ("float32", "float64", "float16", "float32")]
never = sg.tensor([1.0], requires_grad=True)
optimizer = optim.DistributedOptimizer(optim.SGD([*w, never], lr=1.0), comm)
for p in w[:3]:
    (p * (rank + 1.0)).sum().backward()
if rank == 0:
    w[3].sum().backward()
norm = float(optim.clip_grad_norm_(w[:2], 1e9)), (optimizer.average_gradients(), optim.clip_grad_norm_(w[:2], 1e9))[1]
optimizer.step()
print(json.dumps({"rank": rank, "w": [p.data.tolist() for p in w], "dtypes": [str(p.grad.dtype) for p in w],
    "never": never.grad, "norm": [float(n) for n in norm], "kept": never.item()}))
""")
    for rank, line in enumerate(lines(done)):
        assert line["w"] == [[-1.5] * 3] * 3 + [[-0.5] * 3]
        assert line["dtypes"] == ["float32", "float64", "float16", "float32"]
        assert (line["never"], line["kept"]) == (None, 1.0)
        assert line["norm"] == pytest.approx([(rank + 1) * 6**0.5, 1.5 * 6**0.5], rel=1e-6)


def test_resume_and_only_rank_0_writes(run, tmp_path):
    done = run("""
class Look(nn.Callback):
    def on_settled(self, run):
        if run.epoch == 2 and run.step == 2 and name == "resumed":
            raise KeyboardInterrupt

texts = []
for name in ("whole", "resumed", "resumed"):
    examples, model, trainer = make(comm, batchnorm=True, seed=rank)
    save = nn.Checkpoint(f"{name}.safetensors", every=1, best=f"{name}-best.safetensors")
    logger = nn.CSVLogger(f"{name}.csv")
    resume = "resumed.safetensors" if texts == ["whole", "resumed"] else None
    callbacks = [save, logger, nn.EarlyStopping(patience=50, restore_best=True)]
    try:
        train, validation = shared(examples), shared(examples, equal=False)
        interrupt = [] if resume else [Look()]
        called = [*callbacks, *interrupt]
        trainer.fit(train, epochs=4, batch_size=8, validation=validation, callbacks=called, seed=3, resume=resume)
    except KeyboardInterrupt:
        pass
    texts.append(name)
    comm.Barrier()
    if name == "whole":
        whole = flat(model)
print(json.dumps({"rank": rank, "same": bool((whole == flat(model)).all()), "weights": flat(model).tolist()}))
""")
    first, second = lines(done)
    assert first["same"]
    assert second["same"]
    assert first["weights"] == second["weights"]
    assert (tmp_path / "whole.csv").read_text() == (tmp_path / "resumed.csv").read_text()
    assert sorted(path.name for path in tmp_path.glob("*.safetensors")) == [
        "resumed-best.safetensors",
        "resumed.previous.safetensors",
        "resumed.safetensors",
        "whole-best.safetensors",
        "whole.previous.safetensors",
        "whole.safetensors",
    ]
    make, _ = single()
    examples, _, trainer = make(batchnorm=True)
    with pytest.raises(ValueError, match="the training was begun with .*'examples': 48"):
        trainer.fit(examples, epochs=4, batch_size=8, validation=examples, resume=tmp_path / "whole.safetensors")


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "signal 9 (Killed)"),
        ("raise RuntimeError('out of luck')", "rank 1 of 2 failed with RuntimeError; this ends the job on all ranks"),
    ],
)
def test_a_rank_that_dies_ends_the_job(run, tmp_path, end, told):
    begin = time.monotonic()
    done = run(f"""
class Die(nn.Callback):
    def on_step_end(self, run):
        if rank == 1 and run.epoch == 3 and run.step == 2:
            {end}

examples, model, trainer = make(comm)
trainer.fit(shared(examples), epochs=1000000, batch_size=8, callbacks=[nn.Checkpoint("run.safetensors"), Die()], seed=3)
""")
    assert done.returncode != 0
    assert told in done.stderr + done.stdout
    assert time.monotonic() - begin < 60
    # The checkpoint is whole, and a new job goes on from it.
    again = run("""
examples, model, trainer = make(comm)
history = trainer.fit(shared(examples), epochs=4, batch_size=8, seed=3, resume="run.safetensors")
print(json.dumps({"rank": rank, "epochs": len(history)}))
""")
    assert [line["epochs"] for line in lines(again)] == [4, 4]


def test_what_does_not_fit_ends_the_job_with_an_error(run):
    for program, told in (
        (
            "optim.DistributedOptimizer(optim.SGD(nn.Linear(2, 2 + rank).parameters(), lr=1.0), comm)",
            "different shapes",
        ),
        (
            "examples, model, trainer = make(comm)\ntrainer.fit(examples[: 32 + 16 * rank], epochs=1, batch_size=8)",
            r"[4, 6] batches per",
        ),
    ):
        done = run(program)
        assert done.returncode != 0
        assert told in done.stderr


def test_command_line(run, tmp_path):
    write_digits(tmp_path, train=80, t10k=20)
    options = ["-m", "seegrad", "train", "--data-dir", ".", "--validation", "16", "--epochs", "2"]
    two = run("", *options, "--distributed", "--out", "two", "--batch-size", "8")
    assert two.returncode == 0, two.stderr
    one = subprocess.run(
        [sys.executable, *options, "--out", "one", "--batch-size", "16"],
        cwd=tmp_path,
        env=SETTINGS,
        capture_output=True,
        text=True,
        check=True,
    )
    assert two.stdout.count("epoch 2/2") == two.stdout.count("test accuracy") == 1
    assert len(two.stdout.splitlines()) == len(one.stdout.splitlines())
    weights = [np.concatenate([p.data.ravel() for p in loaded(tmp_path / name)]) for name in ("one", "two")]
    np.testing.assert_allclose(*weights, rtol=0, atol=1e-4)
    options[-1] = "3"
    more = run("", *options, "--distributed", "--out", "two", "--batch-size", "8", "--resume")
    assert more.returncode == 0, more.stderr
    assert [more.stdout.count(text) for text in ("resuming", "epoch 2/3", "epoch 3/3")] == [1, 0, 1]
    failed = run("", *options, "--distributed", "--out", "program.py")
    assert failed.returncode == 1
    assert "error" in failed.stderr


def loaded(folder):
    model = nn.models.mnist_cnn()
    nn.load_weights(model, folder / "model.safetensors")
    return model.parameters()


class Threadless:
    """Stands for a communicator of one process, so that errors can be looked at without MPI."""

    Allreduce = Allgather = Bcast = None

    def Get_rank(self):  # noqa: N802
        return 0

    def Get_size(self):  # noqa: N802
        return 1


def test_alone_it_is_the_optimizer_inside():
    w, v = (sg.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    inner = optim.SGD([w], lr=0.5, momentum=0.9)
    both = optim.DistributedOptimizer(inner, Threadless()), optim.SGD([v], lr=0.5, momentum=0.9)
    schedules = [optim.StepLR(optimizer, 1) for optimizer in both]
    for _ in range(3):
        for p, optimizer, schedule in zip((w, v), both, schedules, strict=True):
            optimizer.zero_grad()
            (p * p).sum().backward()
            optimizer.step()
            schedule.step()
    np.testing.assert_array_equal(w.data, v.data)
    assert inner.param_groups[0]["lr"] == both[1].param_groups[0]["lr"]
    both[1].load_state_dict(both[0].state_dict())
    assert repr(both[0]) == f"DistributedOptimizer({inner!r}, rank 0 of 1)"


def test_arguments_are_checked():
    inner = optim.SGD([sg.tensor([1.0], requires_grad=True)], lr=0.5)
    with pytest.raises(TypeError, match=r"communicator such as mpi4py\.MPI\.COMM_WORLD, got None"):
        optim.DistributedOptimizer(inner, None)
    with pytest.raises(TypeError, match="communicator such as .* got 3"):
        optim.DistributedOptimizer(inner, 3)
    with pytest.raises(TypeError, match="expected an optimizer to distribute, got 4"):
        optim.DistributedOptimizer(4, Threadless())
    with pytest.raises(TypeError, match="expected an optimizer to distribute"):
        optim.DistributedOptimizer(optim.DistributedOptimizer(inner, Threadless()), Threadless())


def test_ranks_without_a_communicator():
    alone = Ranks()
    array = np.arange(3.0)
    assert (alone.first, alone.size, alone.any(True), alone.any(False)) == (True, 1, True, False)
    assert alone.total(array) is alone.from_first(array) is array
    assert alone.collect({"a": 1}) == [{"a": 1}]
