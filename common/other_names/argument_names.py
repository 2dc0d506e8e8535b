"""Names of arguments in other libraries: what our functions and classes call them, or what to write instead."""

from __future__ import annotations

import numpy as np

from .meanings import Ignored, Meaning, Renamed

_CPU = Ignored((None, "cpu"), "seegrad computes on the CPU, where x.data lies: leave it out")
_SPEED = Ignored()  # what may change how quick it is, and no result
_PAGE = "see docs/differences.md"

#: What an argument is called in any function that has one of our name.
USUAL: dict[str, Meaning] = {
    "dim": "axis",
    "dims": "axis",
    "keepdim": "keepdims",
    "keep_dims": "keepdims",
    "input": "0",
    "tensors": "0",
    "self": "0",
    "func": "0",
    "fun": "0",
    "function": "0",
    "other": "1",
    "learning_rate": "lr",
    "epsilon": "eps",
    "device": _CPU,
    "out": "use what is returned, or write x[...] = result",
    "memory_format": "images are (batch, height, width, channels), as nn.Conv2d takes them",
    "training": "write model.train() or model.eval() before the call",
    "name": "modules are named by the attribute or the place where they are kept; tensors have a label=",
}

_LAYER: dict[str, Meaning] = {
    "dtype": Ignored((None, np.float32, "float32"), "make the layer, then convert it: layer.to(np.float64)"),
    "inplace": _SPEED,
    "activation": Ignored((None, "linear"), "put the activation behind it: nn.Sequential(nn.Linear(3, 4), nn.ReLU())"),
    "use_bias": "bias",
    "kernel_initializer": "write weight_init=nn.init.glorot_uniform, or another function of nn.init",
    "bias_initializer": "write bias_init=nn.init.zeros, or another function of nn.init",
    "kernel_regularizer": "give the optimizer weight_decay=, as in optim.AdamW(model.parameters(), weight_decay=1e-2)",
    "input_shape": "sizes of inputs are arguments of the layers: nn.Linear(in_features, out_features), "
    "nn.Conv2d(in_channels, out_channels, kernel_size)",
    "input_dim": "sizes of inputs are arguments of the layers: nn.Linear(in_features, out_features)",
    "trainable": "freeze it afterwards: layer.freeze()",
    "data_format": Ignored(
        ("channels_last", None), f"images are (batch, height, width, channels), as nn.Conv2d takes them; {_PAGE}"
    ),
}
_WINDOW: dict[str, Meaning] = {
    "strides": "stride",
    "pool_size": "kernel_size",
    "ceil_mode": Ignored((False,), "give padding= where a window would reach over the edge"),
    "return_indices": Ignored((False,), "sg.max_pool2d gives the values alone"),
    "count_include_pad": Ignored((True,), "pad beforehand, and divide: sg.avg_pool2d counts zeros of the padding"),
    "divisor_override": Ignored((None,), "multiply the result of sg.avg_pool2d"),
}
_CONVOLUTION: dict[str, Meaning] = {
    "filters": "out_channels",
    "strides": "stride",
    "dilation_rate": "dilation",
    "padding_mode": Ignored(("zeros",), "pad beforehand: sg.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode)"),
    "groups": Ignored(
        (1,),
        "convolve parts of the channels, and join them: sg.concatenate([conv1(x[..., :8]), "
        "conv2(x[..., 8:])], axis=-1)",
    ),
}
_REDUCED = f'write reduction="mean", "sum" or "none"; {_PAGE}'
_PAIR = (
    "with dim PyTorch gives a pair: write x.{0}(axis=...) for the values, x.arg{0}(axis=...) for their places, or "
    f"x.amax(dim=...), x.amin(dim=...); {_PAGE}"
)
_SPREAD = (
    "ddof",
    "PyTorch divides by n - 1, NumPy and seegrad by n: write axis=..., ddof=1 for the first, axis=... alone for the "
    f"second; {_PAGE}",
)
_SAMPLER = "write shuffle=True, seed=0, or give DataLoader a part of the data: sg.data.Subset(dataset, indices)"
_DERIVATIVE: dict[str, Meaning] = {
    "argnum": "argnums",
    "allow_int": Ignored((False,), "write 1.0 for 1: sg.grad differentiates with respect to floats"),
    "reduce_axes": Ignored(((),), "sg.grad sums over nothing by itself"),
    "outputs": "PyTorch's autograd.grad takes tensors: write loss.backward() and read w.grad, or sg.grad(function)(w)",
    "inputs": "PyTorch's autograd.grad takes tensors: write loss.backward() and read w.grad, or sg.grad(function)(w)",
    "randomness": _SPEED,
    "chunk_size": _SPEED,
}

#: What arguments are called in one function, or in a class and those derived from it.
BY_CALL: dict[str, dict[str, Meaning]] = {
    # reductions
    "std": {"unbiased": Renamed("ddof", {True: 1, False: 0}), "correction": "ddof"},
    "var": {"unbiased": Renamed("ddof", {True: 1, False: 0}), "correction": "ddof"},
    "max": {name: _PAIR.format("max") for name in ("dim", "keepdim")},
    "min": {name: _PAIR.format("min") for name in ("dim", "keepdim")},
    "sort": {
        "dim": f"PyTorch's sort gives a pair: write sg.sort(x, axis) for the values, np.argsort(x, axis) for their "
        f"places; x.sort(axis) sorts x itself; {_PAGE}",
        "descending": "write sg.flip(sg.sort(x, axis), axis)",
        "stable": _SPEED,
    },
    "softmax": {"dtype": "write x.astype(dtype) before"},
    "log_softmax": {"dtype": "write x.astype(dtype) before"},
    "norm": {"p": "ord"},
    **{name: {"dtype": "write x.astype(dtype) before"} for name in ("sum", "mean", "prod", "cumsum", "cumprod")},
    # shapes
    "split": {
        "dim": "PyTorch's split takes the length of a part, sg.split(x, sections, axis=0) the number of parts; "
        f"{_PAGE}",
        "split_size_or_sections": f"write sg.split(x, sections, axis) with the number of parts; {_PAGE}",
        "indices_or_sections": "sections",
    },
    "array_split": {"indices_or_sections": "sections"},
    "transpose": dict.fromkeys(("dim0", "dim1"), "write x.swapaxes(0, 1) to exchange two axes"),
    "flatten": {"start_dim": "start", "end_dim": Ignored((-1,), "write x.reshape(...) to join axes in the middle")},
    "repeat": {"sizes": f"write sg.tile(x, (2, 3)) for copies side by side; {_PAGE}"},
    "diagonal": {"dim1": "axis1", "dim2": "axis2"},
    "swapaxes": {"dim0": "axis1", "dim1": "axis2", "axis0": "axis1"},
    "roll": {"shifts": "shift"},
    **{name: {"diagonal": "k"} for name in ("tril", "triu", "diag")},
    "pad": {"pad": f"write a pair for each axis, the first axis first: sg.pad(x, ((0, 0), (1, 1))); {_PAGE}"},
    "clip": {"a_min": "min", "a_max": "max", "min_value": "min", "max_value": "max"},
    "where": {"input": "x", "other": "y"},
    "take": {"index": "indices"},
    "take_along_axis": {"index": "indices"},
    # layers as functions
    "conv1d": _CONVOLUTION,
    "conv2d": _CONVOLUTION,
    "conv_transpose2d": _CONVOLUTION,
    "max_pool2d": {**_WINDOW, "dilation": Ignored((1,), "take every second pixel before: x[:, ::2, ::2]")},
    "avg_pool2d": _WINDOW,
    "gelu": {"approximate": Ignored(("none", False), 'write nn.GELU(approximate="tanh")(x)')},
    **{
        name: {"inplace": Ignored((False,), f"use what sg.{name}(x) returns: x itself stays as it is")}
        for name in ("relu", "silu", "sigmoid", "elu", "leaky_relu")
    },
    "dropout": {"inplace": Ignored((False,), "use what nn.functional.dropout(x) returns: x itself stays as it is")},
    "embedding": {name: Ignored((None, False), "sg.clip or scale the table itself") for name in ("max_norm", "sparse")},
    "one_hot": {"num_classes": "classes", "depth": "classes"},
    **{
        name: {"size_average": _REDUCED, "reduce": _REDUCED}
        for name in (
            "cross_entropy nll_loss mse_loss l1_loss smooth_l1_loss huber_loss binary_cross_entropy "
            "binary_cross_entropy_with_logits kl_div cosine_embedding_loss"
        ).split()
    },
    # tensors and graphs
    "tensor": {
        "pin_memory": Ignored((False,), "the data of sg.tensor is an ordinary array"),
        "copy": Ignored((True,), "sg.Tensor(data) keeps an array as it is"),
    },
    "backward": {
        "retain_graph": _SPEED,
        "gradient": "grad",
        "inputs": Ignored((None,), "write sg.grad(function)(x), or take the gradients of all leaves"),
    },
    "checkpoint": dict.fromkeys(("use_reentrant", "preserve_rng_state", "policy", "prevent_cse"), _SPEED),
    "gradcheck": {
        "eps": "sg.gradcheck chooses its steps by itself: leave it out",
        "raise_exception": Ignored((True,), "sg.gradcheck raises sg.GradientError"),
        **dict.fromkeys(("fast_mode", "check_batched_grad", "nondet_tol"), _SPEED),
        "modes": Ignored((), ""),
    },
    # functions of functions
    **dict.fromkeys("grad value_and_grad elementwise_grad jacobian jacrev jacfwd hessian hvp".split(), _DERIVATIVE),
    "jvp": {"primals": "args"},
    "vmap": {
        "in_dims": "in_axes",
        "out_dims": "out_axes",
        **dict.fromkeys(("randomness", "chunk_size"), _SPEED),
        "axis_size": Ignored((None,), "sg.vmap takes it from the arguments"),
        "axis_name": Ignored((None,), "inside of sg.vmap write a mean over the axis outside instead"),
        "spmd_axis_name": Ignored((None,), "seegrad computes on one machine; see optim.DistributedOptimizer"),
    },
    "compile": dict.fromkeys(
        "mode fullgraph dynamic backend options static_argnums static_argnames "
        "donate_argnums keep_unused inline".split(),
        _SPEED,
    ),
    # files
    "load": {
        "map_location": _CPU,
        **dict.fromkeys(("weights_only", "mmap", "compile", "safe_mode", "pickle_module"), _SPEED),
        "custom_objects": "write sg.load(path, classes=[MyLayer])",
    },
    "save": {"overwrite": Ignored((True,), "an existing file is replaced by model.save(path)")},
    # modules
    "Module": _LAYER,
    "Linear": {"units": "out_features"},
    "Conv1d": _CONVOLUTION,
    "Conv2d": _CONVOLUTION,
    "ConvTranspose2d": _CONVOLUTION,
    "MaxPool2d": {**_WINDOW, "dilation": Ignored((1,), "take every second pixel before: x[:, ::2, ::2]")},
    "AvgPool2d": _WINDOW,
    "Dropout": {"rate": "p", "noise_shape": Ignored((None,), "nn.Dropout(p) drops single values")},
    **{
        name: {
            "axis": Ignored((-1,), "nn.BatchNorm2d has channels on the last axis"),
            "center": "affine",
            "scale": "affine",
        }
        for name in ("BatchNorm1d", "BatchNorm2d")
    },
    "MultiheadAttention": {
        "key_dim": "write nn.MultiheadAttention(embed_dim, num_heads), with the features of all heads together",
        **dict.fromkeys(("kdim", "vdim"), Ignored((None,), "map keys and values first: nn.Linear(kdim, embed_dim)")),
        **dict.fromkeys(
            ("add_bias_kv", "add_zero_attn"),
            Ignored((False,), "extend key and value: sg.concatenate([key, one], axis=1)"),
        ),
    },
    "LSTM": {"proj_size": Ignored((0,), "map the output: nn.Linear(hidden_size, proj_size)"), "units": "hidden_size"},
    **{name: {"units": "hidden_size"} for name in ("RNN", "GRU", "RNNCell", "GRUCell", "LSTMCell")},
    "GroupNorm": {"groups": "num_groups"},
    "Upsample": {"recompute_scale_factor": Ignored((None, False), "give size=")},
    "interpolate": {
        "recompute_scale_factor": Ignored((None, False), "give size="),
        "antialias": Ignored((False,), "average first: nn.functional.adaptive_avg_pool2d(x, output_size)"),
    },
    "LayerNorm": {"center": "bias", "scale": "elementwise_affine"},
    "Embedding": {
        "input_dim": "num_embeddings",
        "output_dim": "embedding_dim",
        "mask_zero": Ignored((False,), "nn.Embedding(num_embeddings, embedding_dim, padding_idx=0)"),
        **{
            name: Ignored((None, False), "change layer.weight.data itself")
            for name in ("max_norm", "sparse", "scale_grad_by_freq")
        },
    },
    "LeakyReLU": {"alpha": "negative_slope"},
    "Flatten": {
        "start_dim": Ignored((1,), "write x.flatten(start) in your forward()"),
        "end_dim": Ignored((-1,), "write x.reshape(...) in your forward()"),
    },
    "Parameter": {"requires_grad": "requires_grad"},
    "Loss": {
        "size_average": _REDUCED,
        "reduce": _REDUCED,
        "from_logits": Ignored(
            (True,),
            "nn.CrossEntropyLoss and nn.BCEWithLogitsLoss take scores: leave the softmax "
            "or sigmoid out of the model. nn.NLLLoss takes logarithms of probabilities, nn.BCELoss probabilities",
        ),
    },
    "to": {
        "device": "dtype",
        "non_blocking": _SPEED,
        "copy": Ignored((False,), "copy the model: copy.deepcopy(model)"),
    },
    "load_state_dict": {"state_dict": "state", "assign": _SPEED},
    "parameters": {
        "recurse": Ignored((True,), "write [p for p in vars(module).values() if isinstance(p, nn.Parameter)]")
    },
    "named_parameters": {
        "recurse": Ignored((True,), "write vars(module).items()"),
        "remove_duplicate": Ignored((True,), "write model.named_parameters()"),
    },
    "register_buffer": {
        "tensor": "value",
        "persistent": Ignored((True,), "set an ordinary attribute, setattr(model, name, array)"),
    },
    "summary": {"input_size": "input_shape"},
    # optimizers
    "Optimizer": {
        "parameters": "params",
        **dict.fromkeys(("beta_1", "beta_2", "b1", "b2"), "write betas=(0.9, 0.999)"),
        "rho": "alpha",
        "amsgrad": Ignored((False,), "optim.Adam(params, amsgrad=True) and optim.AdamW have it"),
        "decoupled_weight_decay": Ignored((False,), "write optim.AdamW(params, weight_decay=1e-2)"),
        **dict.fromkeys(("foreach", "fused", "capturable", "differentiable", "jit_compile"), _SPEED),
        "decay": Ignored((0, 0.0, None), "write a schedule, such as optim.ExponentialLR(optimizer, gamma)"),
        "clipnorm": Ignored((None,), "write optim.clip_grad_norm_(model.parameters(), 1.0) before optimizer.step()"),
        "global_clipnorm": Ignored((None,), "write optim.clip_grad_norm_(model.parameters(), 1.0) before step()"),
        "clipvalue": Ignored((None,), "write optim.clip_grad_value_(model.parameters(), 1.0) before optimizer.step()"),
        "use_ema": Ignored((False,), "write nn.Trainer(..., ema=optim.EMA(model.parameters()))"),
        "initial_accumulator_value": "initial_accumulator_value",
    },
    "step": {
        "epoch": Ignored((None,), "a schedule counts its steps: write schedule.step()"),
        "metrics": "measure",
    },
    "Schedule": {
        "last_epoch": Ignored((-1,), "write schedule.load_state_dict(state) to go on from a step"),
        "verbose": Ignored((False, "deprecated"), "print schedule.get_last_lr()"),
    },
    "ReduceLROnPlateau": {
        "verbose": Ignored((False, 0, "deprecated"), "print schedule.get_last_lr()"),
        "monitor": 'write nn.LearningRateSchedule(optim.ReduceLROnPlateau(optimizer), monitor="val_loss")',
        "min_delta": "threshold",
    },
    "EMA": {"model": "write optim.EMA(model.parameters(), decay=0.999)"},
    "clip_grad_norm_": {"foreach": _SPEED},
    "clip_grad_value_": {"foreach": _SPEED},
    # data
    "DataLoader": {
        "num_workers": "prefetch",  # a thread prepares as many batches ahead
        **dict.fromkeys(("pin_memory", "pin_memory_device", "persistent_workers", "prefetch_factor"), _SPEED),
        **dict.fromkeys(("timeout", "multiprocessing_context", "worker_init_fn", "in_order"), _SPEED),
        "batch_sampler": Ignored((None,), _SAMPLER),
        "generator": "seed",
    },
    "ArrayDataset": {"data_tensor": "x", "target_tensor": "y"},
    "random_split": {"lengths": "sizes", "generator": "seed"},
    "train_val_split": {"test_size": "validation", "random_state": "seed"},
    "load_mnist": {
        "train": "write train, test = sg.data.load_mnist()",
        "download": _SPEED,
        "transform": "write sg.data.DataLoader(train, transform=function)",
        "path": "root",
    },
    # training
    "Trainer": {"loss_fn": "loss", "criterion": "loss", "optim": "optimizer"},
    "fit": {
        "shuffle": Ignored((True,), "write trainer.fit(sg.data.DataLoader(dataset, shuffle=False))"),
        "initial_epoch": Ignored((0,), "write trainer.fit(..., resume=path) with a file of nn.Checkpoint"),
        "steps_per_epoch": Ignored((None,), "write trainer.fit(sg.data.Subset(dataset, indices))"),
        "validation_steps": Ignored((None,), "write validation=sg.data.Subset(dataset, indices)"),
        "validation_batch_size": _SPEED,
        "validation_freq": Ignored((1,), "the model is validated after every epoch of trainer.fit"),
        **dict.fromkeys(("workers", "use_multiprocessing", "max_queue_size"), _SPEED),
    },
    "evaluate": {
        "verbose": _SPEED,
        "return_dict": Ignored((True,), "trainer.evaluate gives a dict"),
        "steps": Ignored((None,), "write trainer.evaluate(sg.data.Subset(dataset, indices))"),
        "callbacks": Ignored((None,), "callbacks belong to trainer.fit"),
    },
    "predict": {
        "verbose": _SPEED,
        "steps": Ignored((None,), "write trainer.predict(x[:n])"),
        "callbacks": Ignored((None,), "callbacks belong to trainer.fit"),
    },
    "EarlyStopping": {
        "restore_best_weights": "restore_best",
        "verbose": _SPEED,
        "baseline": Ignored((None,), "write a function as callback: callbacks=[lambda run: ...]"),
        "start_from_epoch": Ignored((0,), "write nn.EarlyStopping(patience=...)"),
    },
    "Checkpoint": {
        "filepath": "path",
        "save_best_only": Ignored((False,), 'write nn.Checkpoint(path, best="best.safetensors", monitor="val_loss")'),
        "save_weights_only": Ignored((False,), "nn.Checkpoint keeps all that a training needs to go on"),
        "save_freq": Ignored(("epoch",), "write every=100, a number of steps"),
        "verbose": _SPEED,
    },
    "TensorBoard": {"log_dir": "folder", "histogram_freq": "write histograms=True, for each epoch"},
    "CSVLogger": {"filename": "path", "append": _SPEED, "separator": Ignored((",",), "nn.CSVLogger writes commas")},
    "MLP": {"nin": "inputs", "nouts": "outputs"},
    "Layer": {"nin": "inputs", "nout": "outputs"},
    "Neuron": {"nin": "inputs", "nonlin": 'write activation="relu", or activation=None for a linear one'},
    # initialisers
    **{
        name: {"stddev": "std", "a": "low", "b": "high", "minval": "low", "maxval": "high"}
        for name in "uniform normal truncated_normal".split()
    },
}

#: Arguments that must be given if one is called as in another library: its default is another one than ours.
NEEDED = {"std": _SPREAD, "var": _SPREAD}

#: What is added if the arguments of a call do not fit: a call that means something in another library.
ALSO = {
    "argmax": "Pass the last one by name, keepdims=True",
    "argmin": "Pass the last one by name, keepdims=True",
    "repeat": f"For copies side by side, as PyTorch's repeat makes them, write sg.tile(x, (2, 3)); {_PAGE}",
    "transpose": f"To exchange two axes, as PyTorch's transpose does, write x.swapaxes(0, 1); {_PAGE}",
    "where": "For the places where a condition holds write np.nonzero(condition)",
    "Linear": "Keras's Dense(10) is told its number of inputs later: nn.Linear(in_features, out_features)",
    "ArrayDataset": "A data set of other columns is a dict of arrays: sg.data.DataLoader({'x': x, 'y': y, 'z': z})",
    "Trainer": "A loss and an optimizer may be names: nn.Trainer(model, 'adam', 'cross_entropy')",
}
