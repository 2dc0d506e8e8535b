"""The training loop and what belongs to it: history, metrics, callbacks.

Imports ``nn``, ``optim`` and ``data``. Begin with ``trainer.py``.
"""
