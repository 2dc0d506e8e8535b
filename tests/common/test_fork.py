"""What a forked child does with what its parent had: locks, random numbers."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

BEGIN = """
import os, signal, threading, warnings
warnings.simplefilter("ignore")
import numpy as np
import seegrad as sg

def fork():
    child = os.fork()
    if child == 0:
        signal.alarm(30)  # rather than wait for ever
    return child
"""


def run(program):
    done = subprocess.run([sys.executable, "-c", BEGIN + program], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done


def test_a_child_shows_a_bar_although_another_thread_held_the_lock_of_bars():
    done = run("""
from seegrad.nn.training.callbacks import progress
from tqdm import tqdm
progress.is_watched = lambda: True
data = sg.data.ArrayDataset(np.zeros((8, 2), np.float32), np.zeros(8, np.int64))
model = sg.nn.Linear(2, 2)
trainer = sg.nn.Trainer(model, sg.optim.SGD(model.parameters()), sg.nn.CrossEntropyLoss())
held, forked = threading.Event(), threading.Event()
def other():
    with tqdm.get_lock():
        held.set()
        forked.wait()
threading.Thread(target=other, daemon=True).start()
held.wait()
child = fork()
if child == 0:
    trainer.fit(data, epochs=1, progress=True)
    os._exit(0)
forked.set()
print("status", os.waitpid(child, 0)[1])
""")
    assert done.stdout.endswith("status 0\n")
    assert "epoch 1/1" in done.stderr


def test_a_child_draws_the_numbers_of_its_parent_until_it_is_given_a_seed():
    done = run("""
sg.manual_seed(0)
def draw():
    print(*sg.nn.functional.dropout(np.ones(64), 0.5, training=True).data.astype(int), flush=True)

for seed in (None, 1):
    child = fork()
    if child == 0:
        if seed is not None:
            sg.manual_seed(seed)
        draw()
        os._exit(0)
    os.waitpid(child, 0)
draw()
""")
    unseeded, seeded, parent = done.stdout.splitlines()
    assert unseeded == parent != seeded
