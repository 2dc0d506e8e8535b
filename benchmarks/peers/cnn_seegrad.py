"""The CNN in seegrad: a plain loop of training, and ``Trainer.fit``."""

from cnn import run

import seegrad as sg


def build():
    sg.manual_seed(0)
    model = sg.nn.models.mnist_cnn()
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


run(build)
