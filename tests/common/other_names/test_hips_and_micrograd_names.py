"""What users of HIPS autograd and readers of micrograd write: it works, or the message holds our name."""

from __future__ import annotations

import graphviz
import pytest
from expressions import Fails, check, missing, names

import seegrad as sg
from seegrad import nn

HIPS = [
    ("sg.autograd.numpy.tanh", "np.tanh"),
    ("sg.elementwise_grad(np.tanh)(np.zeros(2))", "np.ones(2)"),
    ("sg.grad(lambda x, y: x * y, argnum=1)(2.0, 3.0)", "2.0"),
    ("sg.extend.primitive", "sg.primitive"),
    ("sg.extend.defvjp", missing("f.rules(lambda g, out, x: ...)")),
    ("sg.autograd.extend.primitive", "sg.primitive"),
    ("sg.make_vjp(np.sin)(0.0)", missing("sg.vjp(f, x)")),
    ("sg.hessian_vector_product(lambda x: (x**3).sum())(np.ones(2), np.ones(2))", "np.array([6.0, 6.0])"),
    ("sg.multigrad_dict(np.sin)", missing("sg.grad(f)")),
    ("sg.grad_and_aux(np.sin)", missing("sg.grad(f, has_aux=True)")),
    ("sg.misc.optimizers.adam", missing("optim.Adam(params)")),
    ("sg.test_util.check_grads(np.sin, sg.Value(1.0), order=2)", "True"),
    ("sg.test_util.check_grads(np.sin, 1.0)", Fails(ValueError, "sg.tensor(x, requires_grad=True)")),
]
MICROGRAD = [
    ("v._prev == {p, q}", "True"),
    ("v._op", '"*"'),
    ("p._op", '""'),
    ("p._prev", "set()"),
    ("v._backward()", missing("sg.primitive")),
    ("(v.backward(), p.grad, q.grad)[1:]", "(-3.0, 2.0)"),
    ("sg.engine.Value", "sg.Value"),
    ("type(sg.draw_dot(v))", "type(sg.draw(v))"),
    ("len(nn.MLP(nin=3, nouts=[4, 4, 1]).parameters())", "41"),
    ("v.zero_grad()", missing("v.grad = 0.0")),
    ("v.numpy()", missing("v.data")),
    ("nn.Neuron(3, nonlin=False)", Fails(TypeError, "activation=None")),
    ("hasattr(v, '_backward'), hasattr(v, '_prev'), 'pow' in dir(v)", "(False, True, False)"),
]


@pytest.fixture
def scope():
    p, q = sg.Value(2.0, label="p"), sg.Value(-3.0, label="q")
    return names(p=p, q=q, v=p * q, nn=nn)


@pytest.mark.parametrize(("expression", "expected"), HIPS + MICROGRAD)
def test_it_works_or_says_what_to_write(scope, expression, expected):
    check(expression, expected, scope)


def test_the_drawing_of_the_lecture():
    """Code of the kind that micrograd's readers have: it walks a graph by ``_prev`` and ``_op``."""
    root = (sg.Value(2.0) * sg.Value(-3.0) + 10.0).tanh()
    nodes, edges, todo = set(), set(), [root]
    while todo:
        v = todo.pop()
        nodes.add(v)
        for child in v._prev:
            edges.add((child, v))
            todo.append(child)
    dot = graphviz.Digraph()
    for n in nodes:
        dot.node(str(id(n)), f"data {n.data:.4f} | grad {n.grad:.4f}" if hasattr(n, "grad") else str(n))
        if n._op:
            dot.node(f"{id(n)}{n._op}", n._op)
    for a, b in edges:
        dot.edge(str(id(a)), f"{id(b)}{b._op}")
    assert {n._op for n in nodes} == {"", "*", "+", "tanh"}
    assert sorted(n.data for n in nodes if not n._op) == [-3.0, 2.0, 10.0]
    assert len(edges) == 5
