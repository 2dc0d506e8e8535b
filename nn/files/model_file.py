"""A whole model in one safetensors file: weights, structure, and what its input means. Data, never code."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from ...data.scaling import Scaler
from ..model_info import SCALERS, ModelInfo
from ..module import Module
from .architecture import KINDS, Plan, build, describe, is_number
from .safetensors_file import load_arrays, read_header, save_arrays
from .state_file import checksum

__all__ = ["ModelFileError", "load"]

Array = npt.NDArray[Any]

METADATA_KEY = "seegrad"  # the key in the file's metadata under which all but the arrays stands
VERSION = 1
KEYS = {"version", "model", "info", "frozen", "sha256"}
LARGEST_FILE = 1 << 32
LONGEST_MODEL_HEADER = 1 << 20
LONGEST_ENTRY = 120  # bytes of the header for an array, beside its name
MOST_INPUTS = 1 << 28


class ModelFileError(ValueError):
    """A file that is not a sound model of this version; the message says why. Nothing was built from it."""


def save(
    model: Module,
    path: str | os.PathLike[str],
    *,
    input_shape: Sequence[int] | None = None,
    class_names: Iterable[str] | None = None,
    preprocessing: Scaler | None = None,
) -> None:
    """Save a model with its structure, so that :func:`load` needs nothing but the file; see :meth:`Module.save`."""
    known = model.info or ModelInfo()
    info = ModelInfo(
        known.input_shape if input_shape is None else tuple(int(size) for size in input_shape),
        known.class_names if class_names is None else tuple(class_names),
        known.preprocessing if preprocessing is None else preprocessing,
    )
    structure = describe(model)
    state = model.state_dict()
    _check_that_it_can_be_loaded(model, structure, state)
    frozen = [name for name, parameter in model.named_parameters() if not parameter.requires_grad]
    said = {"version": VERSION, "model": structure, "info": _written(info), "frozen": frozen}
    said["sha256"] = checksum(state, _canonical(said))
    metadata = {METADATA_KEY: json.dumps(said)}
    if len(json.dumps(metadata)) + sum(len(name) + LONGEST_ENTRY for name in state) > LONGEST_MODEL_HEADER:
        raise ValueError(
            f"{type(model).__name__} cannot be saved as a model: {len(info.class_names):,} class names and "
            f"the names of {len(state):,} arrays are more than a file's header can hold"
        )
    save_arrays(state, path, metadata)


def load(path: str | os.PathLike[str], classes: Iterable[type[Module]] = ()) -> Module:
    """Load a model that :meth:`Module.save` wrote; nothing in the file is ever executed.

    Everything that the file says is checked before anything is built from it.

    Parameters
    ----------
    path : path
        The file.
    classes : iterable of Module classes
        Those of your own that the model is made of. Their constructors are called with arguments from the file.

    Returns
    -------
    Module
        In evaluation mode, ready to predict; ``trainer.fit`` trains it further. What is known about its inputs and
        outputs is in its ``info``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelFileError
        If it is no sound model file, of a newer version, or needs a class that was not given.

    Examples
    --------
    >>> model = sg.nn.Sequential(sg.nn.Linear(4, 8), sg.nn.ReLU(), sg.nn.Linear(8, 2))
    >>> model.save("model.safetensors", class_names=["cat", "dog"])
    >>> again = sg.load("model.safetensors")
    >>> again, again.info.class_names
    (Sequential(
      (0): Linear(4, 8)
      (1): ReLU()
      (2): Linear(8, 2)
    ), ('cat', 'dog'))
    """
    file = Path(path)
    kinds = _kinds(classes)
    try:
        header = read_header(file, LONGEST_MODEL_HEADER, LARGEST_FILE)
        said = _said(header)
        plan = Plan(said["model"], kinds)
        _check_entries(plan, header)
        info = _info(said["info"])
        arrays = load_arrays(file)
        if checksum(arrays, _canonical(said)) != said["sha256"]:
            _refuse("its contents do not have the checksum that was written with them")
    except FileNotFoundError:
        raise
    except MemoryError as error:
        raise ModelFileError(f"{file} is too large for the memory of this machine") from error
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise ModelFileError(f"{file} cannot be loaded as a model: {_without_name(error, file)}") from error
    try:
        model = build(said["model"], kinds)
        _take_over(model, arrays, said["frozen"])
    except Exception as error:  # a constructor may object to its arguments in any way
        raise ModelFileError(f"{file} cannot be loaded as a model: {error}") from error
    model.info = info
    return model.eval()


def _kinds(classes: Iterable[type[Module]]) -> dict[str, type[Module]]:
    kinds = dict(KINDS)
    for cls in classes:
        if not (isinstance(cls, type) and issubclass(cls, Module)):
            raise TypeError(f"classes holds classes of modules, got {cls!r}")
        if cls.__name__ in kinds and kinds[cls.__name__] is not cls:
            raise ValueError(f"there are two classes named {cls.__name__}")
        kinds[cls.__name__] = cls
    return kinds


# ------------------------------------------------------------------------------------------------- writing


def _canonical(said: Mapping[str, Any]) -> str:
    """Write all but the checksum in the one way that both sides agree on."""
    return json.dumps({key: said[key] for key in KEYS if key != "sha256"}, sort_keys=True)


def _written(info: ModelInfo) -> dict[str, Any]:
    return {
        "input_shape": None if info.input_shape is None else list(info.input_shape),
        "class_names": list(info.class_names),
        "preprocessing": None if info.preprocessing is None else info.preprocessing.state_dict(),
    }


def _check_that_it_can_be_loaded(model: Module, structure: dict[str, Any], state: Mapping[str, Array]) -> None:
    """Find out now, not when the model is needed, if its constructors make something else of their arguments."""
    classes = {type(module).__name__: type(module) for module in model.modules()}
    try:
        Plan(structure, KINDS | classes)
        again = build(structure, classes).state_dict()
    except Exception as error:
        raise TypeError(
            f"{type(model).__name__} cannot be saved as a model: it cannot be built again from its constructors' "
            f"arguments ({error}); nn.save_weights saves the weights alone"
        ) from error
    expected, found = ({name: array.shape for name, array in part.items()} for part in (again, state))
    if expected != found:
        names = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        raise TypeError(
            f"{type(model).__name__} cannot be saved as a model: {', '.join(names[:5])} would not be what its "
            "constructors make (were modules or parameters exchanged or shared after they were built?); "
            "nn.save_weights saves the weights alone"
        )


# ------------------------------------------------------------------------------------------------- reading


def _refuse(reason: str) -> NoReturn:
    raise ModelFileError(reason)


def _without_name(error: Exception, file: Path) -> str:
    return str(error).removeprefix(f"{file} is ").removeprefix(f"{file} ")


def _said(header: Mapping[str, Any]) -> dict[str, Any]:
    """Read what stands beside the arrays, as far as its kinds go."""
    text = header.get("__metadata__", {}).get(METADATA_KEY)
    if text is None:
        _refuse("it holds weights alone (nn.load_weights reads them into a model) or was not written by seegrad")
    said = json.loads(text, parse_constant=_finite, parse_float=_finite)
    if not isinstance(said, dict) or type(said.get("version")) is not int:
        _refuse("it does not tell its version")
    if said["version"] != VERSION:
        newer = "; a newer seegrad can" if said["version"] > VERSION else ""
        _refuse(f"it is of version {said['version']:.10g}, and this seegrad reads version {VERSION}{newer}")
    if set(said) != KEYS or not isinstance(said["frozen"], list):
        _refuse(f"it should tell {', '.join(sorted(KEYS))}, and tells {', '.join(sorted(said))[:200]}")
    return said


def _finite(text: str) -> float:
    """Read a number that is not whole; Python reads 1e999 as infinity."""
    value = float(text)
    if not math.isfinite(value):
        _refuse(f"it holds {text:.20}, which is not a finite number")
    return value


def _check_entries(plan: Plan, header: Mapping[str, Any]) -> None:
    """Compare the arrays in the file with those that the model will hold."""
    given = {
        name: (tuple(entry["shape"]), entry["dtype"][0]) for name, entry in header.items() if name != "__metadata__"
    }
    if sum(math.prod(shape) for shape, _ in plan.entries.values()) > sum(math.prod(s) for s, _ in given.values()):
        _refuse("its modules hold more numbers than the file")
    expected = {name: (shape, kind.upper()) for name, (shape, kind) in plan.entries.items()}

    def known(name: str) -> bool:
        return not any(not path or name == path or name.startswith(path + ".") for path in plan.open)

    wrong = sorted(name for name in expected.keys() | given.keys() if expected.get(name) != given.get(name))
    wrong = [name for name in wrong if known(name)]
    if wrong:
        found, wanted = (f"{part[wrong[0]]!r:.200}" if wrong[0] in part else "none" for part in (given, expected))
        _refuse(
            f"{len(wrong)} of its arrays do not fit its modules, for example {wrong[0]!r:.80}: there is {found}, "
            f"expected {wanted}"
        )


def _info(said: Any) -> ModelInfo:
    if not isinstance(said, dict) or set(said) != {"input_shape", "class_names", "preprocessing"}:
        _refuse(f"what it says about its input is not understood: {said!r:.200}")
    shape, names, state = said["input_shape"], said["class_names"], said["preprocessing"]
    if not (shape is None or isinstance(shape, list)) or not isinstance(names, list):
        _refuse(f"what it says about its input is not understood: {said!r:.200}")
    scaler: Scaler | None = None
    if state is not None:
        scaler = _scaler(state)
    if shape is not None and not (all(type(size) is int for size in shape) and math.prod(shape) <= MOST_INPUTS):
        _refuse(f"its input_shape is not one of at most {MOST_INPUTS:,} numbers: {shape!r:.200}")
    return ModelInfo(None if shape is None else tuple(shape), tuple(names), scaler)


def _scaler(state: Any) -> Scaler:
    kind = state.get("kind") if isinstance(state, dict) else None
    if not isinstance(kind, str) or kind not in SCALERS:
        _refuse(f"its preprocessing is not known: {state!r:.200}")
    for key in ("offset", "scale"):
        row = state.get(key)
        if not isinstance(row, list) or not all(is_number(number) for number in row):
            _refuse(f"its {kind} has no row of numbers as {key}: {row!r:.200}")
    scaler = SCALERS[kind]()
    try:
        scaler.load_state_dict(state)
    except (ValueError, TypeError) as error:
        raise ModelFileError(f"its {kind} is not sound: {error}") from error
    return scaler


def _take_over(model: Module, arrays: Mapping[str, Array], frozen: Sequence[str]) -> None:
    """Give a model the arrays of a file, in the file's dtypes."""
    parameters = dict(model.named_parameters())
    for name, parameter in parameters.items():
        if name in arrays and arrays[name].dtype != parameter.dtype and arrays[name].dtype.kind == "f":
            parameter.data = parameter.data.astype(arrays[name].dtype)
    for path, module in model.named_modules():
        for name in module._buffer_names:
            array = arrays.get(f"{path}.{name}" if path else name)
            if array is not None and array.dtype.kind == getattr(module, name).dtype.kind:
                setattr(module, name, getattr(module, name).astype(array.dtype))
    model.load_state_dict(arrays)
    for path, module in model.named_modules():
        for name in ("running_var", "num_batches_tracked"):
            if name in module._buffer_names and (np.asarray(getattr(module, name)) < 0).any():
                _refuse(f"{name} of {path or 'the model'} is negative")
    for name in frozen:
        if not isinstance(name, str) or name not in parameters:
            _refuse(f"frozen should be a list of its parameters' names, and holds {name!r:.80}")
        parameters[name].requires_grad = False
