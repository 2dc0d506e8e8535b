"""The engine without its fast room: complete, and none the wiser."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from package_copy import copy_package, run_in_copy

from seegrad.common import seam

PROGRAM = """
import sys
import numpy as np
import seegrad as sg

fast = [name for name in sys.modules if name.startswith("seegrad.autograd.fast")]
assert not fast, fast
rng = np.random.default_rng(0)

def leaf(*shape):
    return sg.tensor(rng.normal(size=shape), requires_grad=True)

x, w, b = leaf(2, 6, 6, 2), leaf(3, 3, 2, 3), leaf(3)
sg.gradcheck(lambda x, w, b: sg.max_pool2d(sg.relu(sg.conv2d(x, w, b)), 2), (x, w, b))
sg.gradcheck(lambda x: sg.avg_pool2d(x, 2, stride=1, padding=1), (x,))
sg.gradcheck(lambda x, w, b: sg.batch_norm(x, w, b)[0], (x, leaf(2), leaf(2)))
sg.gradcheck(lambda x, y: (x @ y).sum(axis=0), (leaf(3, 4), leaf(4, 2)))
images = rng.normal(size=(20, 60, 60, 2))
t = sg.tensor(images, requires_grad=True)
sg.relu(t).sum().backward()
np.testing.assert_array_equal(t.grad, images > 0)

v = sg.Value(3.0)
(v * v + v.tanh()).backward()
assert abs(v.grad - (6.0 + 1.0 - np.tanh(3.0) ** 2)) < 1e-12

p = sg.tensor(np.ones(40_000, np.float32), requires_grad=True)
optimizer = sg.optim.Adam([p], lr=0.1)
(p * p).sum().backward()
optimizer.step()
np.testing.assert_allclose(p.data, 0.9, rtol=1e-6)

sg.set_num_threads(2)
assert sg.release_memory() == 0
print("right")
"""


@pytest.fixture(scope="module")
def without_fast(tmp_path_factory):
    """A copy of the package that has no fast room."""
    copy = copy_package(tmp_path_factory.mktemp("copy"))
    shutil.rmtree(copy / "autograd" / "fast", ignore_errors=True)  # it may be missing here, too
    return copy


def test_everything_computes_without_the_folder(without_fast):
    assert run_in_copy(without_fast, "-c", PROGRAM) == "right\n"


def test_everything_computes_where_it_is_left_out():
    environment = {**os.environ, "SEEGRAD_FAST": "0"}
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False
    )
    assert found.stdout == "right\n", found.stderr


@pytest.mark.parametrize("name", ["test_normalization", "test_kinks"])
def test_tests_of_the_engine_pass_without_the_folder(name, without_fast):
    (file,) = (without_fast / "tests" / "autograd").rglob(f"{name}.py")
    assert "passed" in run_in_copy(without_fast, "-m", "pytest", "-q", "-p", "no:cacheprovider", file)


def test_a_quicker_function_may_leave_the_answer_to_the_definition():
    @seam.replaceable
    def double_of(x):
        """Twice a number."""
        return 2 * x

    seam.quicker["double_of"] = lambda x: "quick" if x else NotImplemented
    try:
        assert (double_of(1), double_of(0)) == ("quick", 0)
    finally:
        del seam.quicker["double_of"]
    assert double_of(1) == 2
    assert double_of.__doc__ == "Twice a number."
