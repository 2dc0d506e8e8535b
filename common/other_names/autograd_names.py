"""Names in ``torch.autograd``, and in HIPS autograd, which is imported by that name."""

from __future__ import annotations

NAMES = {
    "numpy": "= np",
    "functional.jacobian": "= sg.jacobian",
    "functional.hessian": "= sg.hessian",
    "functional.hvp": "sg.hvp(f)(x, v)",
    "functional.vjp": "out, pull = sg.vjp(f, x)",
    "functional.jvp": "sg.jvp(f, (x,), (v,))",
    "functional.vhp": "sg.hvp(f)(x, v)",
    "Function": "sg.primitive, a decorator: f.rules(lambda g, out, x: ...) states the derivative",
    "function.Function": "sg.primitive, a decorator: f.rules(lambda g, out, x: ...) states the derivative",
    "Variable": "sg.tensor(data, requires_grad=True)",
    "backward": "loss.backward()",
    "inference_mode": "= sg.no_grad",
    "set_detect_anomaly": "with sg.detect_anomaly():",
    "gradgradcheck": "sg.gradcheck(f, x, order=2)",
    "graph": "loss.op and loss.inputs, or sg.draw(loss)",
    "profiler": "sg.compile(f).profile(x)",
    "forward_ad": "sg.jvp(f, (x,), (v,))",
    "extend.primitive": "= sg.primitive",
    "extend.defvjp": "f.rules(lambda g, out, x: ...), of a function that was decorated with sg.primitive",
    "test_util.check_grads": "= sg.gradcheck",
    "misc.flatten": "= sg.tree.ravel",
    "misc": "optim.Adam(params) for misc.optimizers, sg.tree.ravel for misc.flatten",
}
