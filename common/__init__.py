"""What several folders share: random numbers, state dicts, ranks, files, forks, warnings.

Imports nothing of the others. Begin with ``state.py``.
"""
