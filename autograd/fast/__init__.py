"""All that is here for speed alone; without it everything computes the same, more slowly.

Imports the engine, and the classes of layers when one calls; only ``autograd/__init__`` installs it.
Begin with ``install.py``.
"""
