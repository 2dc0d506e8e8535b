"""A recipe for names as ``seegrad train`` runs it, an epoch whenever asked. Usage: names_seegrad.py RECIPE EPOCHS."""

import sys

from worker import serve_training

import seegrad as sg
from seegrad.commands.tasks import NAMES
from seegrad.nn.recipes import RECIPES

recipe, epochs = RECIPES[sys.argv[1]], int(sys.argv[2])
examples = NAMES.load(None)
sg.manual_seed(0)
model = recipe.model()
loader = recipe.loader(examples.train, seed=0)
trainer, callbacks = recipe.prepare(model, epochs * len(loader))

serve_training(
    lambda: trainer.fit(loader, epochs=1, callbacks=callbacks, progress=False),
    epochs,
    lambda: trainer.evaluate(examples.test)["loss"],
)
