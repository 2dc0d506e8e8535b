"""A recorded graph as a program that runs again on other numbers.

Imports the engine. Begin with ``compiled_function.py``.
"""
