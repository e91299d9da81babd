"""From programs to files: what a template sees, and the Jinja environment that renders it.

A template of one activation sees

``activation``
    the `CompiledActivation`: name, definition, derivative, second_derivative, summary, reference, digest, kinks ...;
``name``, ``parameters``
    the activation's name as the target spells it; its run-time scalars as `ParameterWords`;
``passes``
    a list of `Pass`: name, inputs, outputs, meaning, unused names, and its printed program for each arithmetic (those
    for usual inputs, which some have, have a further output ``outside``);
``own``
    arithmetic -> a list of `Pass` for the operations that the target writes as functions of its own, each after those
    that it calls;
``at_defaults``, ``defaults``
    arithmetic -> pass -> a `Pass` for the parameters' defaults alone, where the target wants such programs for that
    arithmetic and one saves something (see `symact.kernel.defaults`); and the defaults, as literals;
``ties``
    output -> a `Pass` of x and that result, for results of 16 bits that would be rounded to the wrong side (see
    `symact.kernel.ties`); empty for most activations;
``tables``, ``table_parameters``
    level -> pass -> a `Pass` that looks coefficients up, for types with ``tables`` (its output ``outside`` says where
    it does not hold); and the parameters' values that all of them hold for, as literals; both may be empty;
``usual_parameters``
    the parameters' values that programs for usual inputs hold for, as literals;
``types``, ``arithmetics``, ``settings``
    the target's array types (`DataType`), the words of each arithmetic that they use, and the target's own settings;
``accuracy``
    the measured error of a pass and type, or "not measured": ``accuracy(pass.name, type)``;
``template``, ``format``
    the template's path and the version of the format, for the header.

A template of the whole tree sees ``activations`` (a list of `CompiledActivation`), ``types``, ``arithmetics``,
``settings``, ``template`` and ``format``.

With ``in_place`` in its settings a target gets `symact.targets.in_place.Steps` for printed programs.

A filter: ``comment(prefix)`` wraps text into lines that start with a prefix and cannot end a C comment.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symact.kernel.arithmetic import USUAL, WRITTEN
from symact.kernel.compiled import FORMAT, CompiledActivation
from symact.kernel.program import OPERATIONS, Kernel
from symact.kernel.rounding import rounds_once
from symact.kernel.ties import ties
from symact.targets import data
from symact.targets.accuracy import is_recorded, printed, stated
from symact.targets.constants import decimal
from symact.targets.defaults import default_programs
from symact.targets.in_place import Steps, steps
from symact.targets.printer import Body, body, own_functions
from symact.targets.table import DataType, Target

if TYPE_CHECKING:
    from jinja2 import Environment

#: The part of a template's file name that stands for the activation's name.
PLACEHOLDER = "NAME"

#: What a pass computes, for comments.
MEANINGS = {
    "forward": "y = f(x)",
    "derivative": "dydx = f'(x)",
    "value_and_derivative": "y = f(x) and dydx = f'(x)",
    "backward": "grad_x = grad_y * f'(x)",
    "second_derivative": "d2ydx2 = f''(x)",
    "backward_from_output": "grad_x = grad_y * f'(x), from y = f(x)",
}


@dataclass(frozen=True)
class ParameterWords:
    """A parameter as a target spells it; `default` is the shortest decimal of the exact default in float64."""

    name: str
    default: str
    description: str
    domain: str


@dataclass(frozen=True)
class Pass:
    """A program in a target's words.

    Attributes:
        name: of the pass ("forward") or of the operation ("erfc").
        meaning: one line for a comment.
        inputs, outputs: names of the arrays.
        parameters: all run-time scalars, spelled for the target.
        unused: arithmetic -> inputs and parameters that the program does not read.
        bodies: arithmetic -> the printed program.
        rounded_once: the arithmetics whose program rounds a result at most once, so that it is as good in the format of
            the result.
    """

    name: str
    meaning: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    parameters: tuple[str, ...]
    unused: Mapping[str, tuple[str, ...]]
    bodies: Mapping[str, Body | Steps]
    rounded_once: frozenset[str]

    def round_once(self, *arithmetics: str) -> bool:
        """Whether the programs do in those of some arithmetics that there are."""
        return set(arithmetics) & self.bodies.keys() <= self.rounded_once

    @cached_property
    def distinct(self) -> Mapping[str, Sequence[str]]:
        """What the name of a function with a program ends in -> the arithmetics in which that prints the same."""
        alike: dict[tuple[bool, Body | Steps], list[str]] = {}
        for arithmetic, program in self.bodies.items():
            alike.setdefault((arithmetic in USUAL, program), []).append(arithmetic)
        kinds = Counter(is_usual for is_usual, _ in alike)
        return {
            ("_usual" if is_usual else "") if kinds[is_usual] == 1 < len(group) else f"_{group[0]}": group
            for (is_usual, _), group in alike.items()
        }

    @cached_property
    def suffixes(self) -> Mapping[str, str]:
        """Arithmetic -> such an ending."""
        return {arithmetic: suffix for suffix, group in self.distinct.items() for arithmetic in group}


def activation_files(
    compiled: CompiledActivation, target: Target, types: Sequence[DataType] | None = None
) -> dict[str, str]:
    """Relative path -> text of every file that the target writes for one activation.

    `types` are the array types to write functions for, by default all of the target.
    """
    types = _with_needed(compiled, target, target.types if types is None else types)
    arithmetics = _arithmetics(types)

    recorded = is_recorded(compiled)

    def accuracy(pass_: str, type_: DataType) -> str:
        program = printed(compiled, target.operations, type_, pass_) if recorded else ""
        row = (compiled.name, target.name, type_.dtype, type_.level, pass_, program)
        return stated(data("generated") / "ACCURACY.json", *row)

    tabulated = [type_ for type_ in types if type_.tables and type_.level in compiled.tables]
    tables = [(type_, compiled.tables[type_.level]) for type_ in tabulated]
    own = {a: own_functions(compiled.programs[a].values(), target.operations, a) for a in arithmetics}
    settled = ties(compiled) if "wide" in arithmetics else {}
    words: dict[str, Any] = {
        "activation": compiled,
        "name": target.identifier(compiled.name),
        "parameters": [
            ParameterWords(target.identifier(p.name), decimal(p.default, "float64"), p.description, p.domain)
            for p in compiled.parameters
        ],
        "passes": [
            _pass(_of(compiled, arithmetics, name), name, MEANINGS[name], compiled, target)
            for name in compiled.signatures
        ],
        "own": {
            a: [_pass({a: kernel}, name, OPERATIONS[name].meaning, None, target) for name, kernel in own[a].items()]
            for a in arithmetics
        },
        "at_defaults": {
            a: {
                name: _pass({a: kernel}, name, MEANINGS[name], None, target)
                for name, kernel in default_programs(compiled, target.operations, a).items()
            }
            for a in arithmetics
        },
        "defaults": {target.identifier(p.name): decimal(p.default, "float32") for p in compiled.parameters},
        "ties": {output: _pass({"wide": kernel}, output, output, None, target) for output, kernel in settled.items()},
        "tables": {
            type_.level: {
                name: _pass({type_.tables: kernel}, name, MEANINGS[name], compiled, target)
                for name, kernel in found.programs.items()
            }
            for type_, found in tables
        },
        "table_parameters": {
            target.identifier(name): decimal(value, "float32")
            for _, found in tables
            for name, value in found.parameters.items()
        },
        "usual_parameters": [decimal(value, "float64") for value in compiled.usual_parameters.values()],
        "accuracy": accuracy,
    }
    return _render(target, types, compiled.name, words)


def _with_needed(compiled: CompiledActivation, target: Target, types: Sequence[DataType]) -> list[DataType]:
    """Those of the types that the activation has, with those whose functions they call."""
    present = offered(compiled, types)
    needed = [target.type(type_.dtype, type_.otherwise) for type_ in present if type_.otherwise]
    return [type_ for type_ in target.types if type_ in present or type_ in needed]


def offered(compiled: CompiledActivation, types: Sequence[DataType]) -> list[DataType]:
    """Those of some array types that an activation has functions for: not those that are nothing without its tables."""
    return [type_ for type_ in types if not type_.otherwise or type_.level in compiled.tables]


def _arithmetics(types: Sequence[DataType]) -> list[str]:
    """The arithmetics of some types, in the order of the types."""
    return list(dict.fromkeys(name for type_ in types for name in type_.arithmetics))


def _of(compiled: CompiledActivation, arithmetics: Sequence[str], pass_: str) -> dict[str, Kernel]:
    """A pass's programs in those of some arithmetics that have one."""
    return {a: compiled.programs[a][pass_] for a in arithmetics if pass_ in compiled.programs[a]}


def shared_files(activations: Sequence[CompiledActivation], target: Target) -> dict[str, str]:
    """Relative path -> text of every file that the target writes once for all activations."""
    return _render(target, target.types, "", {"activations": list(activations)})


def _pass(
    kernels: Mapping[str, Kernel], name: str, meaning: str, compiled: CompiledActivation | None, target: Target
) -> Pass:
    first = next(iter(kernels.values()))
    parameters = tuple(p.name for p in compiled.parameters) if compiled else first.parameters
    inline, in_place = target.settings.get("inline", True), target.settings.get("in_place", False)

    def printed(arithmetic: str, kernel: Kernel) -> Body | Steps:
        if in_place:
            return steps(kernel, target.operations, arithmetic, target.identifier)
        return body(kernel, target.operations, arithmetic, target.identifier, inline)

    read = {
        a: {step.value for step in kernel.instructions if step.operation in ("input", "parameter")}
        for a, kernel in kernels.items()
    }
    return Pass(
        name=name,
        meaning=meaning,
        inputs=first.inputs,
        outputs=tuple(output for output, _ in first.outputs),
        parameters=tuple(target.identifier(p) for p in parameters),
        unused={
            a: (
                *(i for i in first.inputs if i not in read[a]),
                *(target.identifier(p) for p in parameters if p not in read[a]),
            )
            for a in kernels
        },
        bodies={a: printed(a, kernel) for a, kernel in kernels.items()},
        rounded_once=frozenset(a for a, kernel in kernels.items() if rounds_once(kernel, WRITTEN[a].result)),
    )


def _render(target: Target, types: Sequence[DataType], name: str, words: Mapping[str, Any]) -> dict[str, str]:
    """The templates of an activation, or with no name those of the whole tree."""
    environment = _environment(target.folder)
    files = {}
    for template in sorted(target.folder.glob("*.jinja")):
        if (PLACEHOLDER in template.name) == bool(name) and not template.name.startswith("_"):
            path = f"{target.name}/{template.name.removesuffix('.jinja').replace(PLACEHOLDER, name)}"
            files[path] = environment.get_template(template.name).render(
                words,
                types=types,
                arithmetics={
                    a: target.operations.arithmetics[a]
                    for a in (*_arithmetics(types), *(type_.tables for type_ in types if type_.tables))
                },
                settings=target.settings,
                template=f"templates/{target.name}/{template.name}",
                format=FORMAT,
            )
    return files


@lru_cache
def _environment(folder: Path) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters["comment"] = comment
    return environment


def comment(text: str, prefix: str = " * ", width: int = 100) -> str:
    """Text wrapped into lines that start with `prefix`, harmless inside a C comment."""
    safe = text.replace("*/", "* /").replace("/*", "/ *")
    lines = textwrap.wrap(safe, width - len(prefix), break_long_words=False, break_on_hyphens=False) or [""]
    return "\n".join(f"{prefix}{line}".rstrip() for line in lines)
