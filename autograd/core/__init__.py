"""The graph and the backward pass: the whole idea of reverse-mode differentiation, in four files.

Imports only ``common``. Read ``node.py``, ``op.py``, ``recording.py``, ``backward.py``, in this order. What a
computation asks of numbers, for those who compile it, is in ``questions.py``.
"""
