"""The operations: how each is computed, and its derivative rules.

Imports ``core`` and ``common``. Begin with ``elementwise.py``, the calculus on one page.
"""
