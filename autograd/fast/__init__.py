"""All that is here for speed alone; without it everything computes the same, more slowly.

Imports the engine, and is installed by ``autograd/__init__`` alone. Begin with ``install.py``.
"""
