"""The gradient of a solution, a determinant and an inverse of a matrix of 100 x 100."""

import numpy

DERIVATIVE = "gradient"


def arguments(dice):
    return 10 * numpy.eye(100) + dice.normal(size=(100, 100)), dice.normal(size=100)


def function(np, A, b):
    x = np.linalg.solve(A, b)
    return (x * x).sum() + np.linalg.slogdet(A)[1] + (np.linalg.inv(A) ** 2).sum()
