"""What the site shows besides the pages that people wrote: made of code, notebooks and tables.

The modules named ``*_pages`` have a function ``pages``, which returns texts by their places in the site.
"""
