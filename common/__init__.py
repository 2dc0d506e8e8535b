"""What several folders share: random numbers, state dicts, ranks, files, forks, warnings.

Imports nothing of the other folders. Begin with ``rng.py``; each file stands alone.
"""
