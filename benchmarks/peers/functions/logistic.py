"""The gradient of logistic regression: 200 examples of 10 features."""

DERIVATIVE = "gradient"


def arguments(dice):
    x = dice.normal(size=(200, 10))
    return 0.1 * dice.normal(size=10), x, 1.0 * (x @ dice.normal(size=10) > 0)


def function(np, w, x, y):
    p = 1 / (1 + np.exp(-(x @ w)))
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean() + 0.01 * (w * w).sum()
