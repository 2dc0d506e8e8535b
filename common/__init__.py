"""What several folders share: random numbers, state dicts, ranks, files, forks, warnings.

Imports nothing of the other folders. Each file stands alone; begin with ``rng.py``.
"""
