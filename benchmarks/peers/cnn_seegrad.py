"""The CNN in seegrad: a plain loop of training, and ``Trainer.fit``."""

from cnn import run

import seegrad as sg


def functions(model):
    """What ``build()`` is to return, for any model."""
    optimizer = sg.optim.Adam(model.parameters(), lr=1e-3)
    loss = sg.nn.CrossEntropyLoss()

    def train(x, y):
        optimizer.zero_grad()
        loss(model(sg.Tensor(x)), y).backward()
        optimizer.step()

    def predict(x):
        with sg.no_grad():
            return model(sg.Tensor(x)).data.argmax(1)

    def fit(x, y, batch):
        trainer = sg.nn.Trainer(model, optimizer, loss)
        trainer.fit(sg.data.ArrayDataset(x, y), epochs=1, batch_size=batch, progress=False)

    return train, predict, fit


def build():
    sg.manual_seed(0)
    return functions(sg.nn.models.mnist_cnn())


if __name__ == "__main__":
    run(build)
