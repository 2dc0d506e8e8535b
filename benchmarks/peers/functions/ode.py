"""The gradient of where a differential equation ends: x' = tanh(A x) of 3 numbers, 300 steps of Euler's method."""

DERIVATIVE = "gradient"


def arguments(dice):
    return dice.normal(size=3), dice.normal(size=(3, 3))


def function(np, x, A):
    for _ in range(300):
        x = x + 0.01 * np.tanh(A @ x)
    return (x * x).sum()
