"""The CNN in Keras on TensorFlow."""

import keras
import numpy as np
from cnn import run
from keras import layers


def functions(model):
    """What ``build()`` is to return, for any model."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss)

    def predict(x):
        return np.argmax(model.predict_on_batch(x), 1)

    def fit(x, y, batch):
        model.fit(x, y, epochs=1, batch_size=batch, verbose=0)

    return model.train_on_batch, predict, fit


def build():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            *(layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D()),
            *(layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D()),
            *(layers.Conv2D(64, 3, activation="relu"), layers.Flatten()),
            *(layers.Dense(64, activation="relu"), layers.Dense(10)),
        ]
    )
    return functions(model)


if __name__ == "__main__":
    run(build)
