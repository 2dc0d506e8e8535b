"""The Jacobian of tanh(W x), 100 numbers to 100."""

DERIVATIVE = "jacobian"


def arguments(dice):
    return dice.normal(size=100), 0.1 * dice.normal(size=(100, 100))


def function(np, x, W):
    return np.tanh(W @ x)
