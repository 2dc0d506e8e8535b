"""A whole model in one safetensors file: weights, structure, and the meaning of its input. Data, never code."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from ...common.elsewhere import takes_other_names
from ...data.scaling import Scaler
from ..layers.norm import BatchNorm1d, BatchNorm2d
from ..model_info import SCALERS, ModelInfo
from ..module import SAVABLE, Module
from .architecture import CheckedDescription, build, describe, is_number
from .forward_sizes import check_forward_sizes
from .safetensors_file import load_arrays, read_header, save_arrays
from .state_file import checksum

__all__ = ["ModelFileError", "load"]

Array = npt.NDArray[Any]

METADATA_KEY = "seegrad"  # the key in the metadata of everything but the arrays
VERSION = 1
KEYS = {"version", "model", "info", "frozen", "sha256"}
LARGEST_FILE = 1 << 32
LONGEST_MODEL_HEADER = 1 << 20
LONGEST_ENTRY = 120  # bytes of the header for an array, without its name
MOST_INPUTS = 1 << 28


class ModelFileError(ValueError):
    """A file that is not a valid model of this version; the message says why. Nothing was built from it."""


def save(
    model: Module,
    path: str | os.PathLike[str],
    *,
    input_shape: Sequence[int] | None = None,
    class_names: Iterable[str] | None = None,
    preprocessing: Scaler | None = None,
) -> None:
    """Save a model with its structure: :func:`load` needs nothing but the file; see :meth:`seegrad.nn.Module.save`."""
    known = model.info or ModelInfo()
    info = ModelInfo(
        known.input_shape if input_shape is None else tuple(int(size) for size in input_shape),
        known.class_names if class_names is None else tuple(class_names),
        known.preprocessing if preprocessing is None else preprocessing,
    )
    structure = describe(model)
    state = model.state_dict()
    _check_that_it_can_be_loaded(model, structure, state)
    try:
        check_forward_sizes(model, info.input_shape)
        _check_statistics(model)
    except ValueError as error:
        raise ValueError(f"{type(model).__name__} cannot be saved as a model: {error}") from error
    frozen = [name for name, parameter in model.named_parameters() if not parameter.requires_grad]
    record = {"version": VERSION, "model": structure, "info": _info_as_json(info), "frozen": frozen}
    record["sha256"] = checksum(state, _canonical(record))
    metadata = {METADATA_KEY: json.dumps(record)}
    if len(json.dumps(metadata)) + sum(len(name) + LONGEST_ENTRY for name in state) > LONGEST_MODEL_HEADER:
        raise ValueError(
            f"{type(model).__name__} cannot be saved as a model: {len(info.class_names):,} class names and "
            f"the names of {len(state):,} arrays are more than a file's header can hold"
        )
    save_arrays(state, path, metadata)


@takes_other_names
def load(path: str | os.PathLike[str], classes: Iterable[type[Module]] = ()) -> Module:
    """Load a model that :meth:`seegrad.nn.Module.save` wrote; nothing in the file is ever executed.

    The whole file is checked before anything is built from it.

    Parameters
    ----------
    path : path
        The file.
    classes : iterable of Module classes
        Your own classes that the model contains. Their constructors are called with arguments from the file.

    Returns
    -------
    Module
        The model, in evaluation mode; ``trainer.fit`` trains it further. Its ``info`` holds the meaning of its inputs
        and outputs.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelFileError
        If it is not a valid model file, is of a newer version, or needs a class that was not given.

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
        record = _read_metadata(header)
        checked = CheckedDescription(record["model"], kinds)
        _check_entries(checked, header)
        info = _info(record["info"])
        arrays = load_arrays(file)
        if checksum(arrays, _canonical(record)) != record["sha256"]:
            _refuse("its contents do not have the checksum that was written with them")
    except FileNotFoundError:
        raise
    except MemoryError as error:
        raise ModelFileError(f"{file} is too large for the memory of this machine") from error
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise ModelFileError(f"{file} cannot be loaded as a model: {_without_name(error, file)}") from error
    try:
        model = build(record["model"], kinds)
        check_forward_sizes(model, info.input_shape)
        _load_into(model, arrays, record["frozen"])
    except Exception as error:  # a constructor may raise any exception
        raise ModelFileError(f"{file} cannot be loaded as a model: {error}") from error
    model.info = info
    return model.eval()


def _kinds(classes: Iterable[type[Module]]) -> dict[str, type[Module]]:
    kinds = dict(SAVABLE)
    for cls in classes:
        if not (isinstance(cls, type) and issubclass(cls, Module)):
            raise TypeError(f"classes holds classes of modules, got {cls!r}")
        if cls.__name__ in kinds and kinds[cls.__name__] is not cls:
            raise ValueError(f"there are two classes named {cls.__name__}")
        kinds[cls.__name__] = cls
    return kinds


# ------------------------------------------------------------------------------------------------- writing


def _canonical(record: Mapping[str, Any]) -> str:
    """Return the text whose checksum is saved: all entries but the checksum, with sorted keys."""
    return json.dumps({key: record[key] for key in KEYS if key != "sha256"}, sort_keys=True)


def _info_as_json(info: ModelInfo) -> dict[str, Any]:
    return {
        "input_shape": None if info.input_shape is None else list(info.input_shape),
        "class_names": list(info.class_names),
        "preprocessing": None if info.preprocessing is None else info.preprocessing.state_dict(),
    }


def _check_that_it_can_be_loaded(model: Module, structure: dict[str, Any], state: Mapping[str, Array]) -> None:
    """Check before saving that the constructors build a model with the same arrays from their arguments."""
    classes = {type(module).__name__: type(module) for module in model.modules()}
    try:
        CheckedDescription(structure, SAVABLE | classes)
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


def _read_metadata(header: Mapping[str, Any]) -> dict[str, Any]:
    """Read the metadata of a model file, and check the version and the types of its entries."""
    text = header.get("__metadata__", {}).get(METADATA_KEY)
    if text is None:
        _refuse("it holds weights alone (nn.load_weights reads them into a model) or was not written by seegrad")
    record = json.loads(text, parse_constant=_finite, parse_float=_finite)
    if not isinstance(record, dict) or type(record.get("version")) is not int:
        _refuse("it has no version")
    if record["version"] != VERSION:
        newer = "; a newer seegrad can" if record["version"] > VERSION else ""
        _refuse(f"it is of version {record['version']:.10g}, and this seegrad reads version {VERSION}{newer}")
    if set(record) != KEYS or not isinstance(record["frozen"], list):
        _refuse(f"its entries should be {', '.join(sorted(KEYS))}, and are {', '.join(sorted(record))[:200]}")
    return record


def _finite(text: str) -> float:
    """Read a number with a fraction or exponent; Python reads 1e999 as infinity."""
    value = float(text)
    if not math.isfinite(value):
        _refuse(f"it holds {text:.20}, which is not a finite number")
    return value


def _check_entries(checked: CheckedDescription, header: Mapping[str, Any]) -> None:
    """Compare the arrays in the file with those that the model will have."""
    given = {
        name: (tuple(entry["shape"]), entry["dtype"][0]) for name, entry in header.items() if name != "__metadata__"
    }
    if sum(math.prod(shape) for shape, _ in checked.entries.values()) > sum(math.prod(s) for s, _ in given.values()):
        _refuse("its modules hold more numbers than the file")
    expected = {name: (shape, kind.upper()) for name, (shape, kind) in checked.entries.items()}

    def known(name: str) -> bool:
        return not any(not path or name == path or name.startswith(path + ".") for path in checked.open)

    wrong = sorted(name for name in expected.keys() | given.keys() if expected.get(name) != given.get(name))
    wrong = [name for name in wrong if known(name)]
    if wrong:
        found, wanted = (f"{part[wrong[0]]!r:.200}" if wrong[0] in part else "none" for part in (given, expected))
        _refuse(
            f"{len(wrong)} of its arrays do not fit its modules, for example {wrong[0]!r:.80}: there is {found}, "
            f"expected {wanted}"
        )


def _info(record: Any) -> ModelInfo:
    if not isinstance(record, dict) or set(record) != {"input_shape", "class_names", "preprocessing"}:
        _refuse(f"its description of the input is not valid: {record!r:.200}")
    shape, names, state = record["input_shape"], record["class_names"], record["preprocessing"]
    if not (shape is None or isinstance(shape, list)) or not isinstance(names, list):
        _refuse(f"its description of the input is not valid: {record!r:.200}")
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


def _check_statistics(model: Module) -> None:
    """Refuse statistics of a batch normalisation that no data can have, with which all answers would be rubbish.

    Weights may be NaN: that is what a training that went wrong leaves, and one may want to look at it.
    """
    for path, module in model.named_modules():
        if isinstance(module, BatchNorm1d | BatchNorm2d) and module.track_running_stats:
            for name in ("running_mean", "running_var", "num_batches_tracked"):
                values = np.asarray(getattr(module, name))
                if not np.isfinite(values).all() or (name != "running_mean" and (values < 0).any()):
                    raise ValueError(f"{name} of {path or 'the model'} is negative, infinite or NaN")


def _load_into(model: Module, arrays: Mapping[str, Array], frozen: Sequence[str]) -> None:
    """Load the arrays of a file into a model, in the dtypes of the file."""
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
    _check_statistics(model)
    for name in frozen:
        if not isinstance(name, str) or name not in parameters:
            _refuse(f"frozen should be a list of its parameters' names, and holds {name!r:.80}")
        parameters[name].requires_grad = False
