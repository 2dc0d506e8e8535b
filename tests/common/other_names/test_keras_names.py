"""What users of Keras write: it works with the same meaning, or the message holds our name."""

from __future__ import annotations

import pytest
from expressions import Fails, check, missing, names, refused

import seegrad as sg
from seegrad import nn, optim


@pytest.fixture
def scope():
    model = nn.Sequential(nn.Linear(3, 4, seed=0), nn.ReLU(), nn.Linear(4, 3, seed=1))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    trainer = nn.Trainer(model, optimizer, nn.CrossEntropyLoss())
    return names(model=model, optimizer=optimizer, trainer=trainer, layer=model[0])


LAYERS = [
    ("nn.Dense(10)", missing("nn.Linear(in_features, out_features)")),
    ("nn.Dense(10, activation='relu')", missing("nn.ReLU()")),
    ("nn.layers.Dense(10)", missing("nn.Linear(in_features, out_features)")),
    ("sg.layers.Conv2D(32, 3)", missing("nn.Conv2d(in_channels, out_channels, kernel_size)")),
    ("sg.keras.layers", missing("nn.Sequential")),
    ("nn.Conv2D(1, 2, 3)", missing("nn.Conv2d(in_channels, out_channels, kernel_size)")),
    ("nn.Conv2d(1, 2, kernel=3)", refused("kernel_size=")),
    ("nn.Conv2d(1, filters=2, kernel_size=3, strides=2)", "nn.Conv2d(1, 2, 3, 2)"),
    ("nn.Conv2d(1, 2, 3, activation='relu')", refused("nn.Sequential(nn.Linear(3, 4), nn.ReLU())")),
    ("nn.MaxPooling2D(2)", missing("nn.MaxPool2d(kernel_size)")),
    ("nn.MaxPool2d(pool_size=2)", "nn.MaxPool2d(2)"),
    ("nn.BatchNormalization()", missing("nn.BatchNorm2d(num_features)")),
    ("nn.Dropout(rate=0.3)", "nn.Dropout(0.3)"),
    ("nn.Linear(3, units=2, use_bias=False)", "nn.Linear(3, 2, False)"),
    ("nn.Linear(3, 2, input_shape=(3,))", refused("nn.Linear(in_features, out_features)")),
    ("nn.Linear(3, 2, kernel_initializer='he_normal')", refused("weight_init=nn.init.glorot_uniform")),
    ("nn.Embedding(input_dim=5, output_dim=2)", "nn.Embedding(5, 2)"),
    ("nn.LeakyReLU(alpha=0.1)", "nn.LeakyReLU(0.1)"),
    ("nn.GlobalAveragePooling2D()", missing("nn.GlobalAvgPool2d()")),
    ("nn.SimpleRNN(4)", missing("nn.RNN(input_size, hidden_size)")),
    ("nn.InputLayer((28, 28, 1))", missing("nn.Linear(in_features, out_features)")),
    ("layer.kernel", missing("layer.weight")),
    ("setattr(layer, 'trainable', False)", Fails(AttributeError, "freeze()")),
    ("nn.Sequential([nn.Linear(3, 2), nn.ReLU()])", refused("Sequential(*layers)")),
]
TRAINING = [
    ("model.fit(rows, labels)", missing("nn.Trainer(model, ")),
    ("model.compile(optimizer='adam', loss='mse')", missing("nn.Trainer(model, ")),
    ("model.evaluate(rows, labels)", missing(".evaluate(x, y)")),
    ("model.predict(rows)", missing("model.eval()(x)")),
    ("model.summary()", refused("input_shape")),
    ("model.add(nn.ReLU())", missing("model.append(layer)")),
    ("model.layers", missing("list(model.children())")),
    ("model.get_weights()", missing("nn.to_keras_weights(model)")),
    ("model.trainable_weights", missing("list(model.parameters())")),
    ("model(rows, training=False)", refused("model.eval()")),
    ("trainer.compile()", missing("nn.Trainer(model, optimizer, loss, metrics)")),
    ("len(trainer.fit(rows, labels, epochs=1, shuffle=True, initial_epoch=0, verbose=0)['loss'])", "1"),
    ("trainer.fit(rows, labels, steps_per_epoch=3)", refused("sg.data.Subset(dataset, indices)")),
    ("list(trainer.evaluate(rows, labels, verbose=0, return_dict=True))", "['loss', 'accuracy']"),
    ("trainer.predict(rows, verbose=0).shape", "(3, 3)"),
    ("nn.EarlyStopping(monitor='val_loss', patience=3, restore_best_weights=True).restore_best", "True"),
    ("nn.ModelCheckpoint('best.keras', save_best_only=True)", missing("nn.Checkpoint(path, best=")),
    ("nn.Checkpoint('a', save_best_only=True)", refused("best=")),
    ("nn.CSVLogger(filename='log.csv')", "nn.CSVLogger('log.csv')"),
    ("nn.TensorBoard(log_dir='logs').folder.name", "'logs'"),
    ("nn.ReduceLROnPlateau(patience=2)", missing("nn.LearningRateSchedule(optim.ReduceLROnPlateau(optimizer)")),
    ("optim.Adam(model.parameters(), learning_rate=0.1)", "optim.Adam(model.parameters(), 0.1)"),
    ("optim.Adam(model.parameters(), beta_1=0.8)", refused("betas=(0.9, 0.999)")),
    ("optim.SGD(model.parameters(), learning_rate=0.1, lr=0.1)", refused("lr= and learning_rate=")),
    ("optim.Nadam(model.parameters())", "optim.NAdam(model.parameters())"),
    ("optimizer.learning_rate", missing('optimizer.param_groups[0]["lr"]')),
    ("optimizer.apply_gradients([])", missing("optimizer.step()")),
    ("optim.schedules.ExponentialDecay", missing("optim.ExponentialLR(optimizer, gamma)")),
    ("nn.SparseCategoricalCrossentropy(from_logits=True)", missing("nn.CrossEntropyLoss()")),
    ("nn.CrossEntropyLoss(from_logits=True)", "nn.CrossEntropyLoss()"),
    ("nn.CrossEntropyLoss(from_logits=False)", refused("nn.NLLLoss")),
    ("nn.MeanSquaredError()", "nn.MSELoss()"),
    ("nn.losses.BinaryCrossentropy()", missing("nn.BCEWithLogitsLoss()")),
    ("nn.TopKCategoricalAccuracy(3)", missing("nn.top_k_accuracy(scores, target, k)")),
    ("sg.utils.to_categorical(labels, 3)", "np.eye(3)"),
    ("sg.data.one_hot(labels, num_classes=3)", "np.eye(3)"),
    ("sg.datasets.mnist.load_data()", missing("train, test = sg.data.load_mnist()")),
    ("nn.Input(shape=(28, 28, 1))", missing("nn.Linear(in_features, out_features)")),
    ("nn.models.Dense(3)", missing("nn.Linear(in_features, out_features)")),
]


@pytest.mark.parametrize(("expression", "expected"), LAYERS + TRAINING)
def test_it_works_or_says_what_to_write(scope, expression, expected):
    check(expression, expected, scope)


def test_there_are_forty_of_them():
    assert len(LAYERS + TRAINING) >= 40


def test_a_model_of_kerass_form_says_that_call_is_forward():
    class Model(nn.Module):
        def call(self, x):
            return x

    with pytest.raises(NotImplementedError, match="call.. of Keras is forward.. here"):
        Model()(sg.tensor([1.0]))
