"""How networks are trained and evaluated in seegrad: plain, and compiled as a whole step."""

import itertools

from compiled_seegrad import compiled_or_missing
from initial_weights import draw

import seegrad as sg


def prepare(task, way, mode, batch):
    """Return a call that does one step, and what gives the numbers to compare."""
    model = task.seegrad(sg)
    for parameter, weight in zip(model.parameters(), draw(task.WEIGHTS), strict=True):
        parameter.data = weight
    batches = itertools.cycle(task.batches(int(batch)))
    loss = sg.nn.CrossEntropyLoss() if task.LOSS == "cross entropy" else sg.nn.MSELoss()
    optimizer = sg.optim.Adam(model.parameters(), lr=1e-3)

    def train(x, y):
        optimizer.zero_grad()
        out = loss(model(x), y)
        out.backward()
        optimizer.step()
        return out

    def evaluate(x, y):
        with sg.no_grad():
            return model(x)

    if mode == "evaluate":
        model.eval()
    step = train if mode == "train" else evaluate
    if way == "compiled":
        step = compiled_or_missing(step)
    results = []

    def call():
        results[:] = [step(*next(batches))]

    def check():
        if mode == "evaluate":
            return [float(abs(results[0].data).sum())]
        norm = sum(float((p.grad**2).sum()) for p in model.parameters()) ** 0.5
        losses = [float(results[0].data)]
        call()
        return [*losses, norm, float(results[0].data)]

    return call, check
