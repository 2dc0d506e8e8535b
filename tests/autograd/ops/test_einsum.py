"""einsum in every form that NumPy documents: NumPy's values, and gradients by finite differences."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg

rng = np.random.default_rng(2)


def real(*shape):
    return rng.normal(size=shape)


#: Arguments of einsum; real arrays are differentiated.
CALLS = {
    "implicit result": ("ij,jk", real(2, 3), real(3, 4)),
    "implicit result, sorted": ("ba", real(2, 3)),
    "capital letters before small ones": ("bA,Ac", real(2, 3), real(3, 4)),
    "capital letters sort first": ("aB", real(2, 3)),
    "spaces": (" i j , j k -> k i ", real(2, 3), real(3, 4)),
    "letters of both cases are different axes": ("iI,Ij->ij", real(2, 3), real(3, 4)),
    "sum of all": ("ij->", real(2, 3)),
    "diagonal": ("ii->i", real(3, 3)),
    "trace": ("ii", real(3, 3)),
    "diagonal of a batch": ("bii->bi", real(2, 3, 3)),
    "three times the same axis": ("iii->i", real(2, 2, 2)),
    "diagonals on both sides": ("ii,ij->j", real(3, 3), real(3, 2)),
    "diagonal times a longer one": ("ii,i->i", real(1, 1), real(3)),
    "outer": ("i,j->ij", real(2), real(3)),
    "numbers": (",->", real(), real()),
    "number and array": (",ij->ji", real(), real(2, 3)),
    "ellipsis": ("...ij,...jk->...ik", real(2, 2, 3), real(2, 3, 4)),
    "ellipsis of different widths": ("...ij,...jk->...ik", real(5, 2, 2, 3), real(2, 3, 4)),
    "ellipsis of width 0": ("...ij,...jk->...ik", real(2, 3), real(2, 3, 4)),
    "ellipsis that broadcasts": ("...i,...i->...", real(3, 1, 4), real(2, 4)),
    "ellipsis in one operand": ("...i,i->...", real(2, 3, 4), real(4)),
    "ellipsis in the middle": ("i...j,j->i...", real(2, 3, 4), real(4)),
    "ellipsis, implicit": ("i...,...", real(2, 3), real(4, 3)),
    "ellipsis and a number": ("...,...", real(2, 3), real()),
    "length 1 on the left": ("ij,jk->ik", real(2, 1), real(3, 4)),
    "length 1 on the right": ("ij,jk->ik", real(2, 3), real(1, 4)),
    "length 1 in an axis that stays": ("ij,ij->ij", real(1, 3), real(2, 3)),
    "length 1 on both sides": ("ij,ij->ij", real(1, 3), real(2, 1)),
    "length 1 that is summed": ("ij,ij->", real(1, 3), real(2, 1)),
    "length 1 of a vector": ("i,i", real(1), real(3)),
    "length 1 in three operands": ("i,ij,j->i", real(1), real(3, 1), real(4)),
    "length 1 and a diagonal": ("ii,ij->i", real(1, 1), real(3, 2)),
    "three operands": ("ij,jk,kl->il", real(2, 3), real(3, 4), real(4, 2)),
    "three operands, optimized": ("ij,jk,kl->il", real(2, 3), real(3, 4), real(4, 2), {"optimize": True}),
    "a strategy": ("ij,jk,kl->il", real(2, 3), real(3, 4), real(4, 2), {"optimize": "greedy"}),
    "not optimized": ("ij,jk->ik", real(2, 3), real(3, 4), {"optimize": False}),
    "an axis in one operand only": ("ij,k->k", real(2, 3), real(4)),
    "empty operand": ("ij,jk->ik", real(2, 0), real(0, 3)),
    "no rows": ("ij,jk->ik", real(0, 2), real(2, 3)),
    "lists of axes": (real(2, 3), [0, 1], real(3, 4), [1, 2], [0, 2]),
    "lists of axes, implicit": (real(2, 3), [7, 1], real(3, 4), [1, 3]),
    "lists of axes, one operand": (real(2, 3), [1, 0]),
    "lists of axes beyond 26": (real(2, 3), [30, 2], [30, 2]),
    "lists of axes beyond 26, implicit": (real(2, 3), [30, 2]),
    "lists of axes with an ellipsis": (real(5, 2, 3), [..., 0, 1], real(3, 4), [1, 2], [..., 0, 2]),
    "tuples of axes": (real(2, 3), (0, 1), real(3), (1,), (0,)),
    "empty list of axes": (real(2, 3), [0, 1], []),
    "diagonal by lists": (real(3, 3), [0, 0], [0]),
}


def split(call):
    return (call[:-1], call[-1]) if isinstance(call[-1], dict) else (call, {})


@pytest.mark.parametrize("function", [np.einsum, sg.einsum], ids=["np.einsum", "sg.einsum"])
@pytest.mark.parametrize("name", CALLS)
def test_values_and_derivatives(name, function):
    args, options = split(CALLS[name])
    where = [i for i, a in enumerate(args) if isinstance(a, (np.ndarray, float)) and np.asarray(a).dtype == np.float64]
    leaves = [sg.tensor(args[i], requires_grad=True) for i in where]

    def f(*tensors):
        new = list(args)
        for i, tensor in zip(where, tensors):
            new[i] = tensor
        return function(*new, **options)

    out, expected = f(*leaves), np.einsum(*args, **options)
    assert isinstance(out, sg.Tensor)
    assert out.shape == np.shape(expected)
    np.testing.assert_allclose(out.data, expected, rtol=1e-12, atol=1e-14)
    if name == "empty operand":
        out.sum().backward()
        assert [t.grad.shape for t in leaves] == [(2, 0), (0, 3)]
    elif out.size:
        assert sg.gradcheck(f, leaves, order=2)
    else:
        out.sum().backward()
        np.testing.assert_array_equal(leaves[1].grad, np.zeros((2, 3)))


@pytest.mark.parametrize("name", CALLS)
def test_plain_arrays(name):
    args, options = split(CALLS[name])
    np.testing.assert_allclose(sg.einsum(*args, **options), np.einsum(*args, **options), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("...i->i", real(2, 3)), r"needs '\.\.\.'"),
        (("ij,jk->ik", real(2, 3), real(2, 3)), None),
        (("ii", real(1, 3)), None),
        (("i,j->", real(2), real(2), real(2)), "names 2 operands, 3 were given"),
        (("ij->ik", real(2, 3)), None),
        (("ij->ii", real(2, 3)), None),
        (("ij", real(2, 3), real(2)), "names 1 operands, 2 were given"),
        (("ijk...", real(2, 3)), "names 3 axes"),
        ((real(2, 3), [0, "a"]), None),
        ((real(2, 3), [0, 99]), None),
        ((real(2, 3), [0, 1.5]), None),
        ((real(2, 3),), None),
    ],
)
def test_what_numpy_refuses_is_refused(args, message):
    with pytest.raises((ValueError, TypeError, IndexError)):
        np.einsum(*args)
    tensors = [sg.tensor(a, requires_grad=True) if isinstance(a, np.ndarray) else a for a in args]
    with pytest.raises((ValueError, TypeError, IndexError), match=message):
        sg.einsum(*tensors)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int16", "float16"])
def test_operands_of_few_digits_do_not_overflow_before_they_meet_the_others(dtype):
    a = np.full((2, 2), 100).astype(dtype)
    b = a * a.dtype.type(1 if dtype == "bool" else 10 if dtype == "int16" else 1)
    x = rng.normal(size=(2, 2))
    t = sg.tensor(x, requires_grad=True)
    result = np.einsum("ij,jk,kl->il", a, b, t)
    np.testing.assert_allclose(result.data, np.einsum("ij,jk,kl->il", a, b, x), rtol=1e-14)
    result.sum().backward()
    wanted = a.astype(float) @ b
    np.testing.assert_allclose(t.grad, np.tile(wanted.sum(0)[:, None], 2), rtol=1e-14)
