"""The losses: as functions of predictions and targets, and as modules.

Imports ``autograd`` and ``nn.module``. Begin with ``regression.py``.
"""
