"""Pictures of a training and of the inside of a model.

Imports ``nn`` and matplotlib, when it is used. Begin with ``training_plots.py``.
"""
