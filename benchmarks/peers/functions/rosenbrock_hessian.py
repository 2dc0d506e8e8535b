"""The Hessian of Rosenbrock's function of 50 variables."""

DERIVATIVE = "hessian"


def arguments(dice):
    return (dice.normal(size=50),)


def function(np, x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()
