"""A recorded graph as a program that runs again on other numbers.

Imports the engine, and is imported when it is first used. Begin with ``compile.py`` and ``compiled_function.py``.
"""
