"""Names of other libraries, of PyTorch, Keras, JAX, HIPS autograd and micrograd, and what they are called here.

Imports nothing; loaded when such a name is met. Begin with ``lookup.py``, then read the tables: a file for each of our
namespaces, plain data, ``NAMES``. To a name belongs what does the same here:

- ``"= x.transpose(*axes)"``: the name simply works, as that. A path such as ``= sg.concatenate`` is followed; all else
  is a function of the same name in the files that ``lookup.py`` lists, such as ``autograd/pytorch_methods.py``.
- ``"sg.take_along_axis(x, i, axis)"``: the message says: write that.
- ``"There are no recurrent layers: ..."``: a sentence begins with a capital letter, and is the message.

``{}`` stands for the name itself. ``argument_names.py`` has the names of arguments.
"""
