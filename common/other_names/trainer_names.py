"""Methods and attributes of a trainer: those of Keras's models and of Lightning's trainer."""

from __future__ import annotations

NAMES = {
    "compile": "nn.Trainer(model, optimizer, loss, metrics): a Trainer is made with them",
    "train": "trainer.fit(x, y, epochs=5)",
    "test": "trainer.evaluate(x, y)",
    "validate": "trainer.evaluate(x, y)",
    "score": "trainer.evaluate(x, y)",
    "fit_generator": "trainer.fit(loader)",
    "save": "trainer.model.save(path)",
    "save_checkpoint": "nn.Checkpoint(path), as a callback of trainer.fit",
    "load": "sg.load(path) for a model, trainer.fit(..., resume=path) for a training",
    "summary": "trainer.model.summary(input_shape)",
    "predict_proba": "trainer.predict(x)",
    "predict_classes": "trainer.predict(x).argmax(axis=1)",
    "add_callback": "trainer.fit(..., callbacks=[callback])",
    "callbacks": "trainer.fit(..., callbacks=[callback])",
    "train_on_batch": "trainer.fit(x, y, epochs=1, batch_size=len(x))",
    "layers": "list(trainer.model.children())",
    "get_weights": "trainer.model.state_dict()",
    "lr": 'trainer.optimizer.param_groups[0]["lr"]',
    "learning_rate": 'trainer.optimizer.param_groups[0]["lr"]',
}
