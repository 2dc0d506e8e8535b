"""Programs that tests write by hand, one operation after the other."""

from __future__ import annotations

import numpy as np

from seegrad.autograd.compile.program import Instruction, Program, Ref, Stage, Variable, with_data
from seegrad.autograd.compile.run_program import ProgramRun
from seegrad.autograd.compile.runners.executable import Executable
from seegrad.autograd.compile.runners.stage_steps import SmallStep
from seegrad.autograd.core.op import Op
from seegrad.common.quiet import quiet


class ProgramBuilder:
    """A program of one stage, and the data of its first run."""

    def __init__(self):
        self.variables, self.constants, self.instructions = [], {}, []
        self.inputs, self.data = [], {}

    def variable(self, data):
        self.variables.append(Variable.of(data))
        self.data[len(self.variables) - 1] = data
        return Ref(len(self.variables) - 1)

    def given(self, data):
        self.inputs.append(self.variable(data).number)
        return Ref(self.inputs[-1])

    def constant(self, data):
        ref = self.variable(data)
        self.constants[ref.number] = data
        return ref

    def call(self, operation, *arguments, **params):
        if isinstance(operation, str):
            operation = Op.table[operation]
        with quiet():
            computed = operation.compute(*with_data(arguments, self.data), **with_data(params, self.data))
        refs = [self.variable(x) for x in (computed if isinstance(computed, tuple) else (computed,))]
        self.instructions.append(Instruction(operation, arguments, params, tuple([r.number for r in refs])))
        return refs[0] if len(refs) == 1 else refs

    def program(self, *outputs):
        stage = Stage(tuple(self.inputs), self.instructions, tuple([r.number for r in outputs]))
        return Program(self.variables, self.constants, [stage])

    def given_data(self):
        return [self.data[n] for n in self.inputs]


def same(found, wanted, ulps=4, scale=False, signed_zeros=True):
    """Check that results agree to rounding (``scale``: of the largest element), and exactly where they are special."""
    assert type(found) is type(wanted) or not np.ndim(wanted)
    assert np.shape(found) == np.shape(wanted)
    assert np.asarray(found).dtype == np.asarray(wanted).dtype
    found, wanted = np.asarray(found), np.asarray(wanted)
    if wanted.dtype.kind != "f":
        np.testing.assert_array_equal(found, wanted)
        return
    special = ~np.isfinite(wanted) | ((wanted == 0) & (not scale))
    np.testing.assert_array_equal(found[special], wanted[special])
    if signed_zeros and not scale:
        np.testing.assert_array_equal(np.signbit(found)[wanted == 0], np.signbit(wanted)[wanted == 0])
    if special.all():
        return
    size = np.abs(wanted[~special])
    size = np.maximum(size.max() if scale else size, np.finfo(wanted.dtype).tiny).astype(wanted.dtype)
    with np.errstate(all="ignore"):
        apart = np.abs(found - wanted)[~special] / np.spacing(size)
    assert apart.max() <= ulps, apart.max()


def both(program, given, **options):
    """Run a program by its definition and by an executable, and compare."""
    executable = Executable(program)
    for _ in range(2):  # the second run uses the memory of the first one
        wanted = ProgramRun(program).stage(0, given)
        found = executable.run().stage(0, given)
        for a, b in zip(found, wanted):
            same(a, b, **options)
    return executable


def interpreted(executable):
    """Tell whether the interpreter computes the whole program."""
    return all(isinstance(step, SmallStep) for stage in executable.cutting.stages for step in stage.steps)
