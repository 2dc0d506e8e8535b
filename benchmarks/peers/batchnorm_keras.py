"""A CNN with batch normalisation in Keras on TensorFlow."""

import keras
from cnn import run
from cnn_keras import functions
from keras import layers


def build():
    keras.utils.set_random_seed(0)

    def block(channels):
        return layers.Conv2D(channels, 3, padding="same"), layers.BatchNormalization(), layers.ReLU()

    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            *(*block(32), layers.MaxPooling2D()),
            *(*block(64), layers.MaxPooling2D()),
            *(*block(64), layers.Flatten()),
            *(layers.Dense(64, activation="relu"), layers.Dense(10)),
        ]
    )
    return functions(model)


run(build)
