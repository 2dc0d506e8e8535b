"""Complex numbers: what a gradient is, which transforms take them, and what is made of dtypes and plain numbers."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import seegrad as sg

rng = np.random.default_rng(2)
Z = rng.normal(size=3) + 1j * rng.normal(size=3)
X = rng.normal(size=3)


def differences(f, z, step=1e-6):
    """dL/dx - i dL/dy of a real function, by finite differences."""
    result = np.zeros_like(z)
    for k in range(z.size):
        for way, factor in ((1.0, 1.0), (1j, -1j)):
            moved = [z.copy(), z.copy()]
            moved[0][k] += step * way
            moved[1][k] -= step * way
            result[k] += factor * (f(moved[0]) - f(moved[1])) / (2 * step)
    return result


def loss(z):
    return np.sum(np.abs(np.sin(z) * np.conj(z)[::-1])) + np.sum(np.real(z) * np.imag(z) ** 2)


# --------------------------------------------------------------------------------------------- the convention


def test_the_gradient_is_the_slope_to_the_right_minus_i_times_the_slope_upwards():
    np.testing.assert_allclose(sg.grad(loss)(Z), differences(loss, Z), rtol=1e-7)
    assert sg.grad(lambda z: z.real)(1j) == 1
    assert sg.grad(lambda z: z.imag)(1j) == -1j
    assert sg.grad(lambda z: abs(z) ** 2)(3 + 4j) == pytest.approx(6 - 8j)


def test_backward_has_the_same_convention():
    t = sg.tensor(Z, requires_grad=True)
    loss(t).backward()
    np.testing.assert_allclose(t.grad, differences(loss, Z), rtol=1e-7)
    assert t.grad.dtype == np.complex128


def test_the_gradient_times_a_step_is_the_change():
    step = 1e-7 * (rng.normal(size=3) + 1j * rng.normal(size=3))
    change = np.sum(sg.grad(loss)(Z) * step).real
    assert loss(Z + step) - loss(Z) == pytest.approx(change, rel=1e-4)


def test_of_a_holomorphic_function_it_is_the_derivative():
    for f, slope in ((np.exp, np.exp), (lambda z: z**3, lambda z: 3 * z**2), (np.log, lambda z: 1 / z)):
        np.testing.assert_allclose(sg.elementwise_grad(f, holomorphic=True)(Z), slope(Z), rtol=1e-12)
        assert sg.grad(f, holomorphic=True)(Z[0]) == pytest.approx(slope(Z[0]))


def test_real_inputs_get_the_real_part():
    def f(x, z):
        return np.sum(np.abs(np.exp(1j * x) * z + x))

    to_x, to_z = sg.grad(f, (0, 1))(X, Z)
    assert (to_x.dtype, to_z.dtype) == (np.float64, np.complex128)
    np.testing.assert_allclose(to_x, differences(lambda x: f(x.real, Z), X + 0j).real, rtol=1e-6)


def test_broadcast_real_inputs_get_the_real_part_of_the_sum():
    gradient = sg.grad(lambda a: np.sum((a * Z).imag))(2.0)
    assert type(gradient) is float
    assert gradient == pytest.approx(np.sum(Z.imag))
    scale = sg.tensor([[2.0]], requires_grad=True)
    np.sum((scale * Z).imag).backward()
    np.testing.assert_allclose(scale.grad, [[np.sum(Z.imag)]])


def test_descent_follows_the_conjugate():
    z = Z
    for _ in range(300):
        z = z - 0.05 * np.conj(sg.grad(lambda z: np.sum(np.abs(z - 1j) ** 2))(z))
    np.testing.assert_allclose(z, 1j, atol=1e-9)


def test_conjugating_twice_does_nothing():
    np.testing.assert_allclose(sg.grad(lambda z: loss(np.conj(np.conj(z))))(Z), sg.grad(loss)(Z), rtol=1e-13)
    np.testing.assert_allclose(sg.grad(lambda z: loss(np.conj(z)))(Z), np.conj(sg.grad(loss)(np.conj(Z))), rtol=1e-13)


@pytest.mark.parametrize("f", [lambda z: abs(z), lambda z: abs(z) ** 2, np.angle, lambda z: (z / (abs(z) + 1)).real])
def test_at_the_origin_gradients_are_finite(f):
    assert np.isfinite(sg.grad(f)(0j))
    assert sg.grad(abs)(0j) == 0
    assert sg.grad(lambda z: np.angle(z))(0j) == 0


# ---------------------------------------------------------------------------------------------- the transforms


@pytest.mark.parametrize(
    "transform",
    [
        lambda f: sg.grad(f),
        lambda f: sg.value_and_grad(f),
        lambda f: sg.elementwise_grad(f),
        lambda f: sg.hvp(f),
        lambda f: sg.hessian(f),
    ],
)
def test_what_needs_a_real_result_says_so(transform):
    for f, at in ((lambda z: z * z, 1 + 2j), (lambda x: x * 1j, 1.0), (lambda x: 1j, 1.0)):
        arguments = (at, at) if "hvp" in repr(transform(f)) or "hessian_product" in repr(transform(f)) else (at,)
        with pytest.raises(TypeError, match=r"real number, this one returned a complex one.*holomorphic=True"):
            transform(f)(*arguments)


@pytest.mark.parametrize(
    "transform", [sg.grad, sg.value_and_grad, sg.elementwise_grad, sg.jacobian, sg.jacrev, sg.jacfwd]
)
@pytest.mark.parametrize(
    ("f", "at", "which"), [(lambda x: x * 1j, 1.0, "an argument is float64"), (abs, 1j, "the result is float64")]
)
def test_what_is_said_to_be_holomorphic_must_be_complex(transform, f, at, which):
    with pytest.raises(TypeError, match=rf"holomorphic=True\) is for functions of complex numbers.*{which}"):
        transform(f, holomorphic=True)(at)


def test_value_and_grad_give_pythons_own_numbers():
    value, gradient = sg.value_and_grad(lambda z: z * z, holomorphic=True)(1 + 2j)
    assert (type(value), type(gradient)) == (complex, complex)
    assert (value, gradient) == (-3 + 4j, 2 + 4j)
    value, gradient = sg.value_and_grad(abs)(3 + 4j)
    assert (type(value), value) == (float, 5.0)
    assert gradient == pytest.approx(0.6 - 0.8j)
    assert type(sg.grad(abs)(np.complex64(3 + 4j))) is np.complex64
    assert sg.grad(abs)(np.array(3 + 4j)).shape == ()


def test_has_aux_and_structures():
    gradients, aux = sg.grad(lambda p: (np.abs(p["z"] * p["x"]).sum(), p["z"]), has_aux=True)({"z": Z, "x": X})
    np.testing.assert_allclose(gradients["z"], np.abs(X) * np.conj(Z) / np.abs(Z))
    np.testing.assert_allclose(gradients["x"], np.abs(Z) * np.sign(X))
    np.testing.assert_array_equal(aux, Z)


def test_vjp_pulls_back_what_belongs_to_the_real_part_of_a_product():
    def f(z):
        return np.conj(z) * z**2

    tangent, cotangent = (rng.normal(size=3) + 1j * rng.normal(size=3) for _ in "tc")
    (pulled,) = sg.vjp(f, Z)[1](cotangent)
    pushed = sg.jvp(f, (Z,), (tangent,))[1]
    np.testing.assert_allclose(pushed, np.conj(tangent) * Z**2 + np.conj(Z) * 2 * Z * tangent, rtol=1e-12)
    assert np.sum(pulled * tangent).real == pytest.approx(np.sum(cotangent * pushed).real)


def test_cotangents_and_tangents_fit_what_they_belong_to():
    out, pull = sg.vjp(lambda x: x * 1j, X)
    assert out.dtype == np.complex128
    np.testing.assert_array_equal(pull(np.ones(3))[0], 0)  # a real cotangent of a complex result
    np.testing.assert_array_equal(pull(np.full(3, 1j))[0], -1)
    with pytest.raises(TypeError, match="real result takes real numbers"):
        sg.vjp(np.abs, Z)[1](Z)
    with pytest.raises(TypeError, match="direction of a real argument takes real numbers"):
        sg.jvp(np.exp, (X,), (Z,))
    np.testing.assert_allclose(sg.jvp(np.abs, (Z,), (np.ones(3),))[1], Z.real / np.abs(Z))
    value, pushed = sg.jvp(lambda x: np.exp(1j * x), (0.0,), (2.0,))
    assert (value, pushed) == (1.0, 2j)


@pytest.mark.parametrize("transform", [sg.jacobian, sg.jacrev, sg.jacfwd])
def test_jacobians(transform):
    matrix = rng.normal(size=(2, 3)) + 1j * rng.normal(size=(2, 3))
    np.testing.assert_allclose(transform(lambda z: matrix @ z, holomorphic=True)(Z), matrix, rtol=1e-12)
    np.testing.assert_allclose(transform(lambda x: matrix @ x)(X), matrix, rtol=1e-12)  # of real arguments
    np.testing.assert_allclose(transform(lambda x: np.abs(x))(X), np.diag(np.sign(X)))
    with pytest.raises(TypeError, match=r"complex .*arguments .*holomorphic=True"):
        transform(np.conj)(Z)


def test_rows_of_a_real_result_are_gradients():
    np.testing.assert_allclose(sg.jacobian(np.abs)(Z), np.diag(np.conj(Z) / np.abs(Z)), rtol=1e-12)
    with pytest.raises(TypeError, match="complex arguments"):
        sg.jacfwd(np.abs)(Z)


def test_second_derivatives():
    np.testing.assert_allclose(
        sg.hessian(lambda z: np.sum(z**3), holomorphic=True)(Z), np.diag(6 * Z), rtol=1e-12, atol=1e-12
    )
    with pytest.raises(TypeError, match="holomorphic=True"):
        sg.hessian(lambda z: np.sum(np.abs(z) ** 2))(Z)
    v = rng.normal(size=3) + 1j * rng.normal(size=3)
    np.testing.assert_allclose(sg.hvp(lambda z: np.sum(z**3), holomorphic=True)(Z, v), 6 * Z * v, rtol=1e-12)
    along = sg.hvp(lambda z: np.sum(np.abs(z) ** 4))(Z, v)  # the gradient of the slope in the direction v
    step = 1e-6
    gradient = sg.grad(lambda z: np.sum(np.abs(z) ** 4))
    np.testing.assert_allclose(along, (gradient(Z + step * v) - gradient(Z - step * v)) / (2 * step), rtol=1e-6)


def test_derivatives_of_derivatives():
    def slope(z):
        return np.sum(np.abs(sg.grad(loss)(z)) ** 2)

    np.testing.assert_allclose(sg.grad(slope)(Z), differences(slope, Z), rtol=1e-5)
    third = sg.grad(sg.grad(sg.grad(lambda z: z**4, holomorphic=True), holomorphic=True), holomorphic=True)
    assert third(1j) == pytest.approx(24j)


def test_transforms_in_batches():
    batch = rng.normal(size=(4, 3)) + 1j * rng.normal(size=(4, 3))
    np.testing.assert_allclose(sg.vmap(sg.grad(loss))(batch), [sg.grad(loss)(z) for z in batch], rtol=1e-12)
    np.testing.assert_allclose(
        sg.vmap(sg.jacobian(lambda x: np.exp(1j * x)))(batch.real), [np.diag(1j * np.exp(1j * z.real)) for z in batch]
    )
    with pytest.raises(TypeError, match="holomorphic=True"):
        sg.vmap(sg.grad(lambda z: np.sum(z * z)))(batch)


def test_what_surrounds_a_gradient_flows_on():
    scale = sg.tensor(2.0 - 1j, requires_grad=True)
    inner = sg.grad(lambda z: np.sum(np.abs(z * scale) ** 2))(Z)  # 2 |scale|**2 conj(z)
    assert isinstance(inner, sg.Tensor)
    np.sum(np.abs(inner)).backward()
    np.testing.assert_allclose(scale.grad, 4 * np.conj(scale.data) * np.sum(np.abs(Z)), rtol=1e-12)


# ------------------------------------------------------------------------------------------------- programs


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
@pytest.mark.parametrize("size", [3, 4000])
def test_compiled_functions_of_complex_arrays(dtype, size):
    f = sg.value_and_grad(lambda z, w: np.sum(np.abs(np.tanh(z * w) * 1.0 + (2 - 1j)) ** 2) + np.linalg.norm(z * -1.0))
    compiled = sg.compile(f)
    for _ in range(3):
        z = (rng.normal(size=size) + 1j * rng.normal(size=size)).astype(dtype)
        found, expected = compiled(z, 0.5), f(z, 0.5)
        assert found[1].dtype == expected[1].dtype == dtype
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-5 if dtype is np.complex64 else 1e-13)
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-4 if dtype is np.complex64 else 1e-13)
    assert (compiled.recordings, compiled.replays, compiled.why_not) == (1, 2, None)
    compiled(z.real, 0.5)
    assert compiled.recordings == 2  # another dtype
    assert "c64" in str(compiled.program) or "c128" in str(compiled.program)


def test_programs_keep_what_complex_multiplication_makes_of_infinities():
    z = np.array([complex(np.inf, 0.0), complex(0.0, -0.0), complex(-0.0, np.nan)])
    for f in (lambda z: z * 1.0, lambda z: z * -1.0, lambda z: z + -0.0, lambda z: z - 0.0, lambda z: z / 1.0):
        with np.errstate(invalid="ignore"):
            found, expected = sg.compile(f)(z), f(z)
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(np.signbit(found.real), np.signbit(expected.real))
        np.testing.assert_array_equal(np.signbit(found.imag), np.signbit(expected.imag))


def test_programs_decline_what_depends_on_complex_numbers_of_python():
    eigenvalues = sg.compile(lambda x: np.linalg.eigvals(x * 1.0))
    for x in (np.array([[0.0, 1.0], [-1.0, 0.0]]), np.array([[2.0, 1.0], [0.0, 1.0]])):  # complex ones, and real ones
        np.testing.assert_array_equal(eigenvalues(x), np.linalg.eigvals(x))
    item = sg.compile(lambda z: (z * 2).sum().item() * z)
    for z in (Z, 2 * Z):
        np.testing.assert_array_equal(item(z), (z * 2).sum().item() * z)
    choice = sg.compile(lambda z: z * z if abs(z[0]) > 1 else z.conj())
    for z in (Z, 100 * Z, 0.001 * Z):
        np.testing.assert_array_equal(choice(z), z * z if abs(z[0]) > 1 else z.conj())
    halves = sg.compile(lambda z, w: w * (2 - 1j) * z)
    for w in (0.5, 0.25):
        np.testing.assert_array_equal(halves(Z, w), w * (2 - 1j) * Z)
    assert "a float of a compiled function meets a complex number; give it as an array" in halves.why_not
    for number in (1j, 2j, 3j):
        np.testing.assert_array_equal(sg.compile(lambda z, c: z * c)(Z, number), Z * number)


# ------------------------------------------------------------------------------------- tensors and plain numbers


def test_dtypes_follow_numpys_rules():
    single, double = sg.tensor(Z.astype(np.complex64), requires_grad=True), sg.tensor(Z, requires_grad=True)
    real = sg.tensor(X.astype(np.float32), requires_grad=True)
    assert sg.tensor([1j]).dtype == np.complex128
    assert sg.tensor([1.0], dtype=np.complex64).dtype == np.complex64
    for t in (single * 2.0, single + 1j, 1j - single, single * real, real * 1j, real + 1j * real, single / (2 + 1j)):
        assert t.dtype == np.complex64
    assert (single * double).dtype == np.complex128
    for t in (abs(single), single.real, single.imag, np.angle(single), sg.norm(single), np.std(single)):
        assert t.dtype == np.float32
    assert sg.where(X > 0, single, 1j).dtype == np.complex64
    np.sum(np.abs(single * 2.0 + real)).backward()
    assert (single.grad.dtype, real.grad.dtype) == (np.complex64, np.float32)


def test_casts():
    x, z = sg.tensor(X, requires_grad=True), sg.tensor(Z, requires_grad=True)
    np.sum((x.astype(np.complex64) * (1 + 2j)).imag).backward()
    np.testing.assert_allclose(x.grad, 2.0, rtol=1e-6)
    with pytest.warns(np.exceptions.ComplexWarning, match="discards the imaginary part"):
        part = z.astype(np.float64)
    np.testing.assert_array_equal(part.data, Z.real)
    part.sum().backward()
    np.testing.assert_array_equal(z.grad, 1)
    assert z.astype(bool).dtype == bool


def test_gradients_are_given_in_the_dtype_of_their_tensor():
    t = sg.tensor(X, requires_grad=True)
    for give in (lambda: setattr(t, "grad", Z), lambda: (t * 1).backward(Z), lambda: setattr(t, "data", Z)):
        with pytest.raises(TypeError, match="takes real numbers, got complex"):
            give()
    z = sg.tensor(Z, requires_grad=True)
    z.grad = X
    assert z.grad.dtype == np.complex128
    z.data = [1, 2, 3]
    assert z.dtype == np.complex128
    with pytest.raises(TypeError, match=r"only a real number has the obvious gradient.*t\.real\.backward"):
        z.sum().backward()
    z.grad = None
    z.sum().backward(2j)
    np.testing.assert_array_equal(z.grad, 2j)


def test_single_numbers():
    t = sg.tensor(1 + 2j)
    assert (complex(t), t.item(), t.tolist()) == (1 + 2j, 1 + 2j, 1 + 2j)
    assert f"{t:.1f}" == "1.0+2.0j"
    assert repr(t) == "tensor(1.+2.j, dtype=complex128)"
    assert sg.tensor([1j, 2]).tolist() == [1j, 2]
    assert 1j in sg.tensor([1j])
    assert bool(t)
    with pytest.raises(TypeError, match="takes real numbers"):
        float(t)
    with pytest.raises(TypeError, match="would lose the gradient"):
        complex(sg.tensor(1j, requires_grad=True))


def test_parts_of_real_tensors():
    x = sg.tensor(X, requires_grad=True)
    assert x.real is x
    np.testing.assert_array_equal(x.imag.data, 0)
    np.testing.assert_array_equal(x.conj().data, X)
    np.testing.assert_array_equal(sg.grad(lambda x: np.sum(x.imag + x.conj() + x.conjugate()))(X), 2)
    assert sg.real(2.0) == 2.0
    assert sg.imag(sg.Value(2.0)).data == 0.0
    assert sg.conj(sg.Value(2.0)).data == 2.0


def test_copies():
    z = sg.tensor(Z, requires_grad=True, label="z")
    for other in (copy.deepcopy(z), pickle.loads(pickle.dumps(z)), sg.tensor(z), z.detach(), z.copy()):
        np.testing.assert_array_equal(other.data, Z)
        assert other.dtype == np.complex128
    np.testing.assert_allclose(sg.grad(lambda z: np.abs(sg.checkpoint(np.exp, z)).sum())(Z), np.abs(np.exp(Z)))


def test_a_stack_of_values_and_complex_tensors_gives_values_real_gradients():
    v, t = sg.Value(2.0), sg.tensor(1j, requires_grad=True)
    np.sum((sg.stack([v, t]) * (1 + 2j)).imag).backward()
    assert v.grad == 2.0
    assert t.grad == 2 - 1j


def test_questions_that_have_an_answer():
    z = sg.tensor([1j, 2.0])
    np.testing.assert_array_equal(z == 1j, [True, False])
    np.testing.assert_array_equal(np.iscomplex(z), [True, False])
    np.testing.assert_array_equal(np.isreal(z), [False, True])
    np.testing.assert_array_equal(np.isnan(z) | np.isinf(z), False)
    assert np.iscomplexobj(z)
    assert np.allclose(z, [1j, 2])


def test_gradcheck_moves_both_parts():
    wrong = sg.primitive(lambda z: np.conj(z))
    wrong.rules(lambda g, out, z: g)
    t = sg.tensor(Z, requires_grad=True)
    with pytest.raises(sg.GradientError, match=r"derivative of input 0 at \(0,\)"):
        sg.gradcheck(wrong, t)
    right = sg.primitive(lambda z: np.conj(z))
    right.rules(lambda g, out, z: np.conj(g))
    assert sg.gradcheck(lambda z: np.exp(right(z)), t, order=2)
    with pytest.raises(TypeError, match="needs float64 or complex128, input 0 is complex64"):
        sg.gradcheck(np.conj, sg.tensor(Z.astype(np.complex64), requires_grad=True))
    halfway = sg.primitive(lambda z: z * np.conj(z))  # right in the first derivative, not in the second
    halfway.rules(lambda g, out, z: 2 * np.real(g) * np.conj(getattr(z, "data", z)))
    assert sg.gradcheck(halfway, t)
    with pytest.raises(sg.GradientError, match="second derivative"):
        sg.gradcheck(halfway, t, order=2)


def test_drawings_and_pages_show_complex_numbers():
    z = sg.tensor([1 + 2j, 3.0], requires_grad=True, label="z")
    result = np.abs(np.fft.fft(z * (1j - 2))).sum()
    result.backward()
    assert "sizes 2.24 … 3.0" in str(sg.draw(result))
    assert "-2+1j" in str(sg.draw(result))
    assert "absolute values" in sg.tensor(np.ones((30, 30)) * 1j)._repr_html_()
    assert "3+0j" in z._repr_html_()
    with pytest.raises(TypeError, match="zoom='scalars' takes real numbers"):
        sg.draw(result, zoom="scalars")
    compiled = sg.compile(lambda z: z * (1j - 2))
    compiled(Z)
    assert "(-2+1j)" in str(compiled.program)
