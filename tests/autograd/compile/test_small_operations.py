"""Programs of every operation and of its derivative give the same by the runners of small arrays as by definition."""

from __future__ import annotations

import numpy as np
import pytest
from operation_cases import CASES
from program_builder import same

import seegrad as sg
from seegrad.autograd.compile.run_program import ProgramRun
from seegrad.autograd.compile.runners.executable import Executable


def recorded(f, arrays):
    """The program of a function of tensors and of its derivative, and the data of its inputs."""
    compiled = sg.compile(f)
    compiled(*[sg.tensor(x, requires_grad=True) for x in arrays])
    if not compiled.kept:
        pytest.skip(f"not compiled: {compiled.why_not}")
    call = compiled.kept[0]
    return call.program, [*arrays, *[getattr(x, "_plain", x) for _, x in call.captured]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_an_operation_and_its_derivative(case, dtype):
    arrays = [x.astype(dtype) for x in case.inputs]
    program, given = recorded(case.f, arrays)
    executable = Executable(program)
    for _ in range(2):
        by_definition, run = ProgramRun(program), executable.run()
        data = given
        for number, stage in enumerate(program.stages):
            if number:
                shape, kind = program.variables[stage.inputs[0]]
                data = [np.random.default_rng(0).normal(size=shape).astype(kind)]
            for found, wanted in zip(run.stage(number, data), by_definition.stage(number, data)):
                same(found, wanted, ulps=16, scale=True)
