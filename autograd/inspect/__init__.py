"""Looking at a graph without changing it: drawings, diagnosis, the table of operations.

Imports the engine; nothing in the engine needs it. Begin with ``draw/drawing.py``.
"""
