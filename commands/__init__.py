"""The subcommands of ``seegrad``, one file each; each adds itself to the parser.

Imports everything, and is imported by ``__main__.py`` alone. Begin with ``evaluate_command.py``.
"""

from .completion_command import add_completion
from .draw_command import add_draw
from .evaluate_command import add_evaluate
from .export_command import add_export
from .predict_command import add_predict
from .serve_command import add_serve
from .train_command import add_train
from .write_command import add_write

ADD_COMMANDS = (add_train, add_predict, add_evaluate, add_draw, add_export, add_serve, add_write, add_completion)

__all__ = ["ADD_COMMANDS"]
