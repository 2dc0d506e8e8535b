"""Learning rates that change over the steps.

Imports ``optim.optimizer``. Begin with ``schedule.py``.
"""
