"""Derivatives of functions, in every form of argument and result: numbers, NumPy's scalars, arrays, structures."""

from __future__ import annotations

import copy
import functools
import pickle
from collections import namedtuple

import numpy as np
import pytest

import seegrad as sg

C = np.array([2.0, -1.0, 0.5])
NUMBERS = [3.0, 3, np.float64(3.0), np.int64(3), np.array(3.0), np.float32(3.0)]
Pair = namedtuple("Pair", "first second")


def line(x):
    return C * x


@pytest.mark.parametrize("x", NUMBERS, ids=lambda x: type(x).__name__)
class TestArrayOfANumber:
    def test_vjp(self, x):
        out, pull = sg.vjp(line, x)
        np.testing.assert_allclose(out, [6.0, -3.0, 1.5])
        assert type(out) is np.ndarray
        (gradient,) = pull(np.array([1.0, 10.0, 100.0]))
        assert np.shape(gradient) == ()
        assert gradient == 2.0 - 10.0 + 50.0

    def test_jvp(self, x):
        out, tangent = sg.jvp(line, (x,), (2.0,))
        np.testing.assert_allclose(out, [6.0, -3.0, 1.5])
        np.testing.assert_allclose(tangent, [4.0, -2.0, 1.0])

    def test_jacobian(self, x):
        np.testing.assert_allclose(sg.jacobian(line)(x), C)
        np.testing.assert_allclose(sg.jacobian(sg.jacobian(lambda x: C * x**3))(x), 18.0 * C)

    def test_value_and_grad_of_a_single_element(self, x):
        value, gradient = sg.value_and_grad(lambda x: x**2 * np.ones(1))(x)
        assert value.shape == (1,)
        assert value[0] == 9.0
        assert gradient == 6.0

    def test_the_second_thing_may_be_an_array(self, x):
        (value, aux), gradient = sg.value_and_grad(lambda x: (x**2, {"line": line(x)}), has_aux=True)(x)
        assert (value, gradient) == (9.0, 6.0)
        np.testing.assert_allclose(aux["line"], [6.0, -3.0, 1.5])

    def test_a_structure(self, x):
        out, pull = sg.vjp(lambda x: {"square": x**2, "lines": Pair(line(x), [x])}, x)
        assert out["square"] == 9.0
        np.testing.assert_allclose(out["lines"].first, 3.0 * C)
        (gradient,) = pull({"square": 1.0, "lines": Pair(np.ones(3), [10.0])})
        assert gradient == 6.0 + 1.5 + 10.0


@pytest.mark.parametrize(
    ("x", "kind"),
    [(3.0, float), (3, float), (np.int64(3), float), (np.float64(3), float), (np.float32(3), np.float32)],
)
def test_a_gradient_has_the_kind_of_its_argument(x, kind):
    gradient = sg.grad(lambda x: x**2)(x)
    assert isinstance(gradient, kind)
    assert gradient == 6.0


def test_a_gradient_at_an_array_without_axes_is_one():
    gradient = sg.grad(lambda x: x**2)(np.array(3.0))
    assert isinstance(gradient, np.ndarray)
    assert gradient.shape == ()


@pytest.mark.parametrize("argnums", [np.int64(1), (np.int64(1),)])
def test_argnums_of_numpy(argnums):
    assert np.ravel(sg.grad(lambda x, y: x * y**2, argnums)(2.0, 3.0)) == [12.0]


def test_without_arguments():
    out, pull = sg.vjp(lambda: C)
    np.testing.assert_array_equal(out, C)
    assert pull(np.ones(3)) == ()
    out, tangent = sg.jvp(lambda: C, (), ())
    np.testing.assert_array_equal(tangent, [0.0, 0.0, 0.0])
    with pytest.raises(ValueError, match="argnums=0.*0 arguments"):
        sg.grad(lambda: 1.0)()
    with pytest.raises(ValueError, match="by name"):
        sg.grad(lambda x: x**2)(x=1.0)


def test_vjp_hands_keywords_on():
    out, pull = sg.vjp(lambda x, *, f: f * x, 2.0, f=5.0)
    assert out == 10.0
    assert pull(1.0) == (5.0,)


@pytest.mark.parametrize("out", [{1.0}, object(), iter([1.0]), lambda: 1.0])
def test_a_result_that_is_no_structure_of_numbers_is_refused(out):
    for derivative in (lambda f: sg.vjp(f, 1.0), lambda f: sg.jvp(f, (1.0,), (1.0,)), lambda f: sg.jacobian(f)(1.0)):
        with pytest.raises(TypeError, match=f"returned {type(out).__name__}"):
            derivative(lambda x: out)


def test_has_aux_needs_a_pair():
    with pytest.raises(TypeError, match="must return a pair, it returned Tensor"):
        sg.grad(lambda x: x**2, has_aux=True)(1.0)


@pytest.mark.parametrize(
    ("points", "directions"),
    [
        (([1.0, 2.0],), ([1.0],)),
        (({"a": 1.0},), ({"b": 1.0},)),
        ((np.ones(2),), ([1.0, 1.0],)),
        ((np.ones(2),), (np.ones((2, 1)),)),
        ((np.ones(2),), (1.0,)),
    ],
)
def test_directions_must_fit(points, directions):
    def f(x):
        return 1.0 * (x["a"] if isinstance(x, dict) else x[0])

    with pytest.raises(ValueError, match=r"^jvp: "):
        sg.jvp(f, points, directions)
    with pytest.raises(ValueError, match=r"^hvp: "):
        sg.hvp(f)(*points, *directions)


# -------------------------------------------------------------------------------------------------- as objects


def cube(x):
    return (x**3).sum()


@pytest.mark.parametrize("copied", [lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy, copy.copy])
@pytest.mark.parametrize(
    ("derivative", "right"),
    [
        (sg.grad(cube), [3.0, 12.0]),
        (functools.partial(sg.grad(cube)), [3.0, 12.0]),
        (sg.grad(sg.grad(cube)), None),
        (sg.value_and_grad(cube), None),
        (sg.jacobian(cube), [3.0, 12.0]),
        (sg.hessian(cube), [[6.0, 0.0], [0.0, 12.0]]),
        (sg.elementwise_grad(cube), [3.0, 12.0]),
    ],
    ids="grad partial nested value_and_grad jacobian hessian elementwise_grad".split(),
)
def test_a_derivative_can_be_sent_to_another_process(derivative, right, copied):
    twin = copied(derivative)
    if right is not None:
        np.testing.assert_allclose(twin(np.array([1.0, 2.0])), right)


def test_a_product_with_the_hessian_can_be_pickled():
    twin = pickle.loads(pickle.dumps(sg.hvp(cube)))
    np.testing.assert_allclose(twin(np.array([1.0, 2.0]), np.array([1.0, 1.0])), [6.0, 12.0])


class Model:
    """A derivative as a method."""

    scale = 3.0

    def loss(self, x):
        return self.scale * x**2

    slope = sg.grad(loss, argnums=1)


def test_a_derivative_is_a_method_where_the_function_is_one():
    assert Model().slope(2.0) == 12.0
    assert Model.slope.__name__ == "loss"
    assert repr(Model.slope) == "<seegrad grad(loss, argnums=1)>"
