"""What users of JAX write: it works with the same meaning, or the message holds our name."""

from __future__ import annotations

import pytest
from expressions import Fails, check, missing, names, refused

EXPRESSIONS = [
    ("sg.grad(lambda x: x**3)(2.0)", "12.0"),
    ("sg.grad(fun=lambda x: x**3, argnums=0)(2.0)", "12.0"),
    ("sg.grad(lambda x, y: x * y, argnums=(0, 1))(2.0, 3.0)", "(3.0, 2.0)"),
    ("sg.grad(lambda x: x**3, holomorphic=True)(1j)", "-3 + 0j"),
    ("sg.value_and_grad(lambda x: (x**2, 'aux'), has_aux=True)(3.0)", "((9.0, 'aux'), 6.0)"),
    ("sg.grad(lambda x: x**2, 3.0)", refused("sg.grad(f)(x)")),
    ("sg.jit(lambda x: x + 1, static_argnums=(1,))(np.ones(2))", "np.array([2.0, 2.0])"),
    ("sg.vmap(lambda x: x.sum(), in_axes=0, out_axes=0)(a)", "a.sum(1)"),
    ("sg.vmap(lambda x, y: x * y, in_axes=(None, 0))(2.0, a)", "2 * a"),
    ("sg.pmap(lambda x: x)", missing("sg.vmap(f)")),
    ("sg.jvp(np.sin, (0.0,), (2.0,))", "(0.0, 2.0)"),
    ("sg.jvp(np.sin, primals=(0.0,), tangents=(2.0,))", "(0.0, 2.0)"),
    ("sg.vjp(np.sin, 0.0)[1](1.0)", "(1.0,)"),
    ("sg.hessian(lambda x: (x**3).sum())(np.ones(2))", "6 * np.eye(2)"),
    ("sg.jacfwd(lambda x: x**2)(np.ones(2))", "2 * np.eye(2)"),
    ("sg.numpy.sin", "np.sin"),
    ("sg.random.PRNGKey(0)", missing("np.random.default_rng(seed)")),
    ("sg.tree_map(lambda w: w + 1, {'w': 1})", "{'w': 2}"),
    ("sg.tree_util.tree_map", "sg.tree.map"),
    ("sg.tree_util.tree_flatten([1, 2])[0]", "[1, 2]"),
    ("sg.tree_util.Partial", missing("sg.tree.map")),
    ("sg.flatten_util.ravel_pytree", "sg.tree.ravel"),
    ("sg.linearize(np.sin, 0.0)[1](2.0)", "2.0"),
    ("sg.lax.scan", missing("sg.compile(f)")),
    ("sg.lax.cond", missing("np.where(condition, a, b)")),
    ("sg.lax.fori_loop", missing("write for and if")),
    ("sg.lax.stop_gradient(x).requires_grad", "False"),
    ("sg.stop_gradient(x)", "a"),
    ("sg.lax.exp", missing("sg.exp(x)")),
    ("sg.nn.relu", missing("sg.relu(x)")),
    ("sg.nn.one_hot(labels, 3)", "np.eye(3)"),
    ("sg.nn.initializers.glorot_uniform", "nn.init.glorot_uniform"),
    ("sg.custom_vjp", missing("sg.primitive")),
    ("sg.remat", "sg.checkpoint"),
    ("sg.device_put(a)", missing("np.asarray(x)")),
    ("sg.devices()", missing("sg.get_num_threads()")),
    ("sg.block_until_ready(x)", "a"),
    ("x.block_until_ready()", "a"),
    ("x.at[0].set(1.0)", missing("y = x.copy()")),
    ("sg.make_jaxpr(lambda x: x)", missing("print(sg.compile(f).program)")),
    ("sg.config.update('jax_enable_x64', True)", missing("np.float64")),
    ("sg.asarray([1.0, 2.0])", "np.array([1.0, 2.0])"),
    ("optim.chain", missing("optim.clip_grad_norm_(model.parameters(), 1.0)")),
    ("sg.grad(lambda x: x**2) + 1", refused("call it, as in sg.grad(f)(x)")),
    ("sg.grad(lambda x: x**2)(a)", Fails(ValueError, "sg.jacobian")),
]


@pytest.mark.parametrize(("expression", "expected"), EXPRESSIONS)
def test_it_works_or_says_what_to_write(expression, expected):
    check(expression, expected, names())


def test_there_are_thirty_of_them():
    assert len(EXPRESSIONS) >= 30
