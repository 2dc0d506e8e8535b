"""How a program runs: each step computes some instructions, as fast as the machine allows.

Imports the engine and the program. Begin with ``block_runner.py``.
"""
