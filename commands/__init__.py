"""The subcommands of ``seegrad``, one file each; each adds itself to the parser."""

from ..serve.command import add_serve
from .draw import add_draw
from .evaluate import add_evaluate
from .export import add_export
from .predict import add_predict
from .train import add_train

ADD_COMMANDS = (add_train, add_predict, add_evaluate, add_draw, add_export, add_serve)

__all__ = ["ADD_COMMANDS"]
