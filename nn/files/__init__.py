"""Models, weights and states as files: safetensors and ONNX, and the layouts of PyTorch and Keras.

Imports ``nn.layers``. Begin with ``model_file.py``.
"""
