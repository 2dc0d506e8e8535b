"""What a compiled program says and looks like: its page of mathematics, its drawing, where its time goes.

Imports the engine, the drawings and the program; nothing here changes a program. Begin with ``program_page.py``.

Variables get names (``variable_names``, ``found_names``), instructions become lines (``instruction_text``), and what
repeats itself is told once (``repetition``).
"""
