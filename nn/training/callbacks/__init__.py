"""What happens beside a training: checkpoints, stopping early, progress, curves.

Imports ``nn.training``. Begin with ``callback.py``.
"""
