"""What makes a program shorter: each pass takes a program and returns one that gives the same.

Imports the engine and the program. Begin with ``pipeline.py``.
"""
