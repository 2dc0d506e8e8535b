"""How functions are differentiated in PyTorch: a backward pass, or ``torch.func`` for matrices."""

from function_arguments import arguments_of, numbers
from pytorch_at_best import torch

TRANSFORMS = {"hessian": torch.func.hessian, "jacobian": torch.func.jacrev}


def prepare(task, way):
    """Return a call that differentiates, and what gives the numbers to compare."""
    first, *rest = (torch.from_numpy(x) for x in arguments_of(task))
    first.requires_grad_(task.DERIVATIVE == "gradient")

    def f(*x):
        return task.function(torch, *x)

    def gradient(*x):
        out = f(*x)
        return out.detach(), torch.autograd.grad(out, x[0])[0]

    if task.DERIVATIVE == "gradient":
        derivative = gradient
        if way == "compiled":
            f = torch.compile(f)
    else:
        derivative = TRANSFORMS[task.DERIVATIVE](f)
        if way == "compiled":
            derivative = torch.compile(derivative)
    return lambda: derivative(first, *rest), lambda: numbers(task, derivative(first, *rest))
