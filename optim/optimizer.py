"""The base class of optimizers: parameter groups, the step, and the state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ..autograd import Tensor
from ..autograd.side_effect import side_effect
from ..common.argument_repr import argument_text
from ..common.elsewhere import HasABase, answers_names, takes_other_names
from ..common.other_names.optimizer_attribute_names import NAMES
from ..common.quiet import quiet
from ..common.state import check_state
from ..common.warning import warn
from .flat import FlatParameters

__all__ = ["Optimizer"]

Array = npt.NDArray[Any]
Group = dict[str, Any]
Parameters = Iterable[Tensor] | Iterable[Mapping[str, Any]]


@answers_names("Optimizer", NAMES)
class Optimizer(HasABase):
    """Updates parameters by their gradients. Write ``update`` in a subclass.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        The parameters, or groups of them: dicts with a key "params" and settings of their own. One that is
        listed twice in a group is updated once.
    defaults : dict
        Settings of groups that do not have their own.

    Attributes
    ----------
    param_groups : list of dict
        Each has "params" and the settings, which may be changed between steps, as schedules do.

    Raises
    ------
    ValueError
        If there is no parameter, one stands in two groups, or a setting is not valid.
    TypeError
        If something is not a parameter or not trainable.

    Notes
    -----
    The optimizer follows its parameters: new data, another dtype, ``requires_grad``, groups that are edited. A layer
    that replaces another one has new parameters, which the optimizer does not have. To copy a training, copy the
    model and its optimizer together: ``model, optimizer = copy.deepcopy((model, optimizer))``, or pickle the pair.

    Examples
    --------
    >>> class SignDescent(sg.optim.Optimizer):
    ...     def __init__(self, params, lr=0.1):
    ...         super().__init__(params, {"lr": lr})
    ...
    ...     def update(self, flat, where, step, group):
    ...         flat.values[where] -= group["lr"] * np.sign(flat.gradients[where])
    >>> x = sg.tensor([1.0, -2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> SignDescent([x]).step()
    >>> x.data
    array([ 0.9, -1.9])
    """

    #: Names of the settings that must be at least 0.
    nonnegative: ClassVar[tuple[str, ...]] = ("lr", "weight_decay")
    #: Whether `update` gets one parameter at a time, all of it, instead of stretches of neighbours.
    whole: ClassVar[bool] = False

    def __init__(self, params: Parameters, defaults: Mapping[str, Any]) -> None:
        self.defaults: dict[str, Any] = dict(defaults)
        self.param_groups: list[Group] = []
        self._flat: list[list[FlatParameters]] = []
        self._laid_out: tuple[list[int], list[int], list[np.dtype[Any]]] | None = None
        if isinstance(params, Tensor | np.ndarray) or not isinstance(params, Iterable):
            raise TypeError(
                f"{self._name}: expected an iterable of parameters, such as model.parameters(), "
                f"got {type(params).__name__}; put a single one in a list"
            )
        entries = list(params)
        if not entries:
            raise ValueError(f"{self._name}: got no parameters; does the model have any, or was the iterator used up?")
        groups: list[Any] = entries if isinstance(entries[0], Mapping) else [{"params": entries}]
        for group in groups:
            self.add_param_group(group)

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse a setting as an attribute, which no step would look at."""
        if name == "learning_rate" or (name in vars(self).get("defaults", ()) and name not in vars(self)):
            setting = "lr" if name == "learning_rate" else name
            raise AttributeError(
                f"{self._name}: settings belong to groups of parameters; write "
                f"optimizer.param_groups[0][{setting!r}] = {value!r}"
            )
        object.__setattr__(self, name, value)

    @property
    def _name(self) -> str:
        return type(self).__name__

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Add parameters with settings of their own.

        Parameters
        ----------
        group : dict
            "params", and settings that differ from the defaults.
        """
        if not isinstance(group, Mapping) or "params" not in group:
            raise TypeError(f'{self._name}: a group is a dict with a key "params", got {group!r:.80}')
        unknown = set(group) - set(self.defaults) - {"params"}
        if unknown:
            known = ", ".join(self.defaults)
            raise ValueError(f"{self._name}: unknown setting {sorted(unknown)[0]!r}; known are {known}")
        params = group["params"]
        parameters = self._checked([params] if isinstance(params, Tensor) else list(params))
        full = {**self.defaults, **group, "params": parameters}
        self.validate(full)
        self.param_groups.append(full)

    def _checked(self, parameters: list[Any], groups_before: list[Group] | None = None) -> list[Tensor]:
        """Check the parameters of a group and leave out repetitions."""
        if not parameters:
            raise ValueError(f"{self._name}: a group has no parameters")
        before = self.param_groups if groups_before is None else groups_before
        taken = {id(p) for group in before for p in group["params"]}
        kept: dict[int, Tensor] = {}
        for i, p in enumerate(parameters):
            if not isinstance(p, Tensor):
                raise TypeError(f"{self._name}: parameter {i} is a {type(p).__name__}, expected a Tensor{_hint(p)}")
            named = f"parameter {i}" + (f" ({p.label})" if p.label else "") + f" of shape {p.shape}"
            if not p.is_leaf:
                raise TypeError(f"{self._name}: {named} is the result of {p.op.title!r}; only leaves can be updated")
            if p.dtype.kind != "f":
                raise TypeError(f"{self._name}: {named} holds {p.dtype}; only floating-point numbers can be updated")
            if id(p) in taken:
                raise ValueError(f"{self._name}: {named} is in another group already; it can only follow one")
            kept[id(p)] = p
        return list(kept.values())

    def validate(self, group: Group) -> None:
        """Check a group's settings; subclasses add their own checks.

        Raises
        ------
        ValueError
            If one is not valid.
        """
        for name in self.nonnegative:
            if name in group and not 0.0 <= group[name] < float("inf"):
                raise ValueError(f"{self._name}: {name} must be a number of at least 0, got {group[name]!r}")

    def check_below_one(self, name: str, value: float) -> None:
        """Check a factor of a running mean."""
        if not 0.0 <= value < 1.0:
            raise ValueError(f"{self._name}: {name} must be at least 0 and less than 1, got {value!r}")

    def check_betas(self, group: Group) -> None:
        """Check the factors of two running means, the setting "betas" of a group."""
        if len(group["betas"]) != 2:
            raise ValueError(f"{self._name}: betas must be a pair of numbers, got {group['betas']!r}")
        for i, beta in enumerate(group["betas"]):
            self.check_below_one(f"betas[{i}]", beta)

    # The step -----------------------------------------------------------------------------------------

    @takes_other_names
    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients.

        Parameters
        ----------
        set_to_none : bool, default True
            If False, those that are there become zeros: the next :meth:`step` updates their parameters in any case, by
            momentum or weight decay.
        """
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None if set_to_none or p.grad is None else np.zeros(p.shape, p.dtype)

    @side_effect
    @takes_other_names
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; the others, and what is remembered of them, stay as they are.

        Parameters
        ----------
        closure : callable, optional
            Computes the loss and its gradients, and returns the loss; it is called once, before the update.

        Returns
        -------
        Tensor or None
            What the closure returned.

        Warns
        -----
        SeegradWarning
            If none has a gradient, so that nothing is updated.
        """
        loss = None if closure is None else closure()
        updated = False
        for group, parts in self._vectors():
            for flat in parts:
                present = flat.gather()
                updated = updated or any(present)
                # An overflow shows in the next loss; a warning of NumPy from here would name no cause.
                with quiet("over", "under", "invalid"):
                    flat.remember(self.memory(group))
                    for where, step in flat.apart(present) if self.whole else flat.runs(present):
                        if group.get("maximize"):
                            np.negative(flat.gradients[where], out=flat.gradients[where])
                        self.update(flat, where, step, group)
                flat.scatter(present)
        if not updated:
            self._warn_of_nothing()
        return loss

    def _warn_of_nothing(self) -> None:
        if any(p.requires_grad for group in self.param_groups for p in group["params"]):
            why = (
                "none of its parameters has a gradient. Call loss.backward() between zero_grad() and step(), and see "
                "that the optimizer was made with the parameters of the model that computed the loss"
            )
        else:
            why = "all its parameters are frozen (requires_grad=False)"
        warn(f"{self._name}.step() updated nothing: {why}")

    def _vectors(self) -> Iterator[tuple[Group, list[FlatParameters]]]:
        """Return each group with its vectors, which are laid out again if parameters or their dtypes have changed."""
        groups = [group["params"] for group in self.param_groups]
        parameters = list(chain.from_iterable(groups))
        layout = [*map(len, groups)], [*map(id, parameters)], [p.dtype for p in parameters]
        if layout != self._laid_out:
            self._lay_out()
            self._laid_out = layout
        return zip(self.param_groups, self._flat)

    def _lay_out(self) -> None:
        """Make the groups' vectors, and keep the state of each parameter."""
        for i, group in enumerate(self.param_groups):
            self._checked(group["params"], self.param_groups[:i])
        before = {id(p): (flat, i) for parts in self._flat for flat in parts for i, p in enumerate(flat.parameters)}
        self._flat = []
        for group in self.param_groups:
            by_dtype: dict[np.dtype[Any], list[Tensor]] = {}
            for p in group["params"]:
                by_dtype.setdefault(p.dtype, []).append(p)
            self._flat.append([FlatParameters(same) for same in by_dtype.values()])
            for flat in self._flat[-1]:
                flat.remember(self.memory(group))
                for i, p in enumerate(flat.parameters):
                    if id(p) in before:
                        flat.take_over(i, *before[id(p)])

    def memory(self, group: Group) -> dict[str, float]:
        """Name what has to be remembered for each element from step to step, with its first value."""
        return {}

    def update(self, flat: FlatParameters, where: slice, step: int, group: Group) -> None:
        """Update a stretch of the vector of values, in place; the optimizer's formula.

        Parameters
        ----------
        flat : FlatParameters
            Has the vectors ``values`` and ``gradients`` (which may be overwritten), and ``state``.
        where : slice
            The stretch.
        step : int
            The number of this update, from 1.
        group : dict
            The settings.
        """
        raise NotImplementedError(f"{self._name} has no update(); write one")

    # State --------------------------------------------------------------------------------------------

    def _places(self) -> list[tuple[FlatParameters, int, list[str]]]:
        """Return where each parameter lies and the names of its state, in the order of the groups."""
        places = {}
        for group, parts in self._vectors():
            memory = self.memory(group)
            for flat in parts:
                flat.remember(memory)
                places.update({id(p): (flat, i, list(memory)) for i, p in enumerate(flat.parameters)})
        return [places[id(p)] for group in self.param_groups for p in group["params"]]

    def state_dict(self) -> dict[str, Any]:
        """Return everything that the next steps depend on besides the parameters and their gradients.

        Returns
        -------
        dict
            "param_groups": for each group its settings, and under "params" the numbers of its parameters (plain
            numbers and lists only); "state": arrays by name, such as "3.exp_avg" for parameter 3; copies.
        """
        groups, first = [], 0
        for group in self.param_groups:
            numbers = list(range(first, first + len(group["params"])))
            first += len(numbers)
            settings = {k: list(v) if isinstance(v, tuple) else v for k, v in group.items() if k != "params"}
            groups.append({**settings, "params": numbers})
        state: dict[str, Array] = {}
        for number, (flat, i, names) in enumerate(self._places()):
            state[f"{number}.step"] = np.array(flat.steps[i])
            state.update((f"{number}.{name}", flat.views(flat.state[name])[i].copy()) for name in names)
        return {"param_groups": groups, "state": state}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state_dict` gave, for the same parameters in the same groups.

        Raises
        ------
        ValueError
            Lists everything that does not fit. The optimizer is unchanged.
        """
        if set(state) != {"param_groups", "state"}:
            raise ValueError(f"{self._name}: a state has 'param_groups' and 'state', this one has {sorted(state)}")
        self._check_groups(state["param_groups"])
        arrays = {name: np.asarray(array) for name, array in state["state"].items()}
        wanted: dict[str, Array] = {}
        for group, given in zip(self.param_groups, state["param_groups"], strict=True):
            for p, number in zip(group["params"], given["params"], strict=True):
                wanted[f"{number}.step"] = np.array(0)
                wanted.update((f"{number}.{name}", p.data) for name in self.memory(given))
        check_state(self._name, wanted, arrays, strict=True)
        for own, given in zip(self.param_groups, state["param_groups"], strict=True):
            own.update({k: tuple(v) if isinstance(v, list) else v for k, v in given.items() if k != "params"})
        for number, (flat, i, names) in enumerate(self._places()):
            flat.steps[i] = int(arrays[f"{number}.step"])
            for name in names:
                flat.views(flat.state[name])[i][...] = arrays[f"{number}.{name}"]

    def _check_groups(self, groups: Any) -> None:
        """Refuse settings for other groups than these, or not valid ones."""
        sizes = [len(group["params"]) for group in self.param_groups]
        given = [len(group["params"]) for group in groups]
        in_order = [number for group in groups for number in group["params"]] == list(range(sum(sizes)))
        if sizes != given or not in_order:
            raise ValueError(
                f"this state does not fit the {self._name}: its groups have {given} parameters, not {sizes}; "
                "nothing was loaded"
            )
        for group in groups:
            settings = set(group) - {"params"}
            if settings != set(self.defaults):
                wrong = sorted(settings ^ set(self.defaults))
                raise ValueError(f"this state does not fit the {self._name}: settings {wrong}; nothing was loaded")
            self.validate(dict(group))

    def __repr__(self) -> str:
        lines = []
        for group in self.param_groups:
            settings = ", ".join(f"{name}={argument_text(value)}" for name, value in group.items() if name != "params")
            lines.append(f"{len(group['params'])} parameters, {settings}")
        return f"{self._name}({lines[0] if len(lines) == 1 else '; '.join(lines)})"


def _hint(given: Any) -> str:
    named = isinstance(given, tuple) and isinstance(given[-1], Tensor)
    return "; write model.parameters()" if named or hasattr(given, "parameters") or isinstance(given, str) else ""
