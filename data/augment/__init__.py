"""Random changes of training images: shifts, rotations, noise, mixtures.

Imports ``data``. Begin with ``augmentation.py``.
"""
