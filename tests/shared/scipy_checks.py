"""How functions of ``seegrad.scipy`` are compared with SciPy and with finite differences."""

from __future__ import annotations

import numpy as np

import seegrad as sg


def leaves(*arrays):
    """Tensors that require gradients, with the data of arrays."""
    return [sg.tensor(x, requires_grad=True) for x in arrays]


def pair(ours, theirs, name, *args, **options):
    """A function of a module of ``seegrad.scipy`` and that of SciPy's, of arrays, with further arguments."""
    one, other = getattr(ours, name), getattr(theirs, name)
    return lambda *xs: one(*xs, *args, **options), lambda *xs: np.asarray(other(*xs, *args, **options))


def conforms(function, reference, *arrays, order=2, rtol=1e-10, plain=True, **tolerances):
    """Compare the value with that of SciPy, on arrays (``plain``) and nodes, and derivatives with differences."""
    expected = reference(*arrays)
    for inputs in (arrays, leaves(*arrays))[not plain :]:
        found = function(*inputs)
        found = found.data if isinstance(found, sg.Tensor) else found
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-11)
    sg.gradcheck(function, leaves(*arrays), order=order, **tolerances)


def jacobian_by_differences(function, x, step=1e-3):
    """The derivatives of a function of plain arrays, for one whose values are computed by iteration.

    Their errors are divided by a step that is large enough; Richardson's extrapolation makes its own error small.
    """

    def slopes(h):
        columns = []
        for i in np.ndindex(x.shape):
            unit = np.zeros(x.shape)
            unit[i] = h
            columns.append((function(x + unit) - function(x - unit)) / (2 * h))
        return np.stack(columns, -1)

    rows = (4 * slopes(step) - slopes(2 * step)) / 3
    return rows.reshape(*rows.shape[:-1], *x.shape)
