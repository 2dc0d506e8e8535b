"""The gradient of an elementwise expression of a million numbers."""

DERIVATIVE = "gradient"


def arguments(dice):
    return (dice.normal(size=1_000_000),)


def function(np, x):
    return (np.exp(-x * x) * np.sin(3 * x) + np.tanh(x) / (1 + x * x)).sum()
