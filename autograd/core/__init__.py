"""The graph and the backward pass: the whole idea of reverse-mode differentiation, in four files.

Imports only ``common``. Read ``node.py``, ``op.py``, ``recording.py``, ``backward.py``, in this order. ``questions.py`` is for those who compile: what a computation asks of numbers.
"""
