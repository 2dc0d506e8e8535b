"""The layers: modules with a ``forward``, and the containers that hold them.

Imports ``autograd``, ``nn.functional`` and ``nn.init``. Begin with ``linear.py``.
"""
