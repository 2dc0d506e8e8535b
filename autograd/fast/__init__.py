"""All that is here for speed alone; without it everything computes the same, more slowly.

Installed by ``autograd/__init__`` alone. Begin with ``install.py``.
"""
