"""The chosen programs: checked-in data for the catalogue, a search for anything else.

Generating the catalogue's files is data plus template, so that the same bytes come out on any machine and under any
supported SymPy. `write` and `write_tables` are the only things that change the data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symact import catalog
from symact.activation import Activation
from symact.errors import Error
from symact.files import write_whole
from symact.kernel.arithmetic import ARITHMETICS, SEARCHED, USUAL, ordinary
from symact.kernel.compiled import FORMAT, OPTIONAL_PASSES, PASSES, CompiledActivation, KernelParameter, Tables
from symact.kernel.program import Builder, Kernel

if TYPE_CHECKING:
    from symact.symbolic.branches import Branches

#: The passes that others are put together from: they have short programs, and those in pairs are trimmed.
_BASIC = ("forward", "derivative")

_searched: dict[tuple[str, str], CompiledActivation] = {}
_tabulated: dict[str, Tables | None] = {}


def compiled(activation: Activation, arithmetics: Sequence[str] = SEARCHED, *, tables: str = "") -> CompiledActivation:
    """The programs of an activation: stored for a catalogue entry, else searched for (once a process).

    Args:
        activation: the definition.
        arithmetics: those that programs are needed for; each takes a search of its own.
        tables: a level for which programs with tables are needed too; then wide arithmetic has to be among the
            others. A catalogue entry brings those of all levels in any case.

    Raises:
        Error: the definition cannot be split into pieces, or a function in it has no operation.
    """
    if _in_catalogue(activation):
        stored = files("symact.kernel").joinpath("programs", f"{activation.name}.json")
        if stored.is_file():
            document = json.loads(stored.read_text(encoding="utf-8"))
            return replace(
                _from_document(document), parameters=_parameters(activation), tables=_stored_tables(activation.name)
            )
    keys = {arithmetic: (_key(activation, arithmetic), arithmetic) for arithmetic in SEARCHED}
    missing = [arithmetic for arithmetic in arithmetics if keys[arithmetic] not in _searched]
    if missing:  # together, for much of the work is the same in all of them
        known = {name: _searched[keys[name]].programs[name] for name in ARITHMETICS if keys[name] in _searched}
        found = search(activation, missing, known)[0]
        _searched.update((keys[arithmetic], found) for arithmetic in missing)
    programs = {arithmetic: _searched[keys[arithmetic]].programs[arithmetic] for arithmetic in arithmetics}
    return replace(
        _searched[keys[arithmetics[0]]],
        parameters=_parameters(activation),
        usual_parameters=_texts_in_force(activation),
        programs=programs,
        tables=_tables(activation, programs["wide"], tables) if tables else {},
    )


def _key(activation: Activation, arithmetic: str) -> str:
    """What a search's result depends on; short programs have the parameters' values in them."""
    values = f" {_texts_in_force(activation)}" if arithmetic in USUAL else ""
    return f"{activation.name} {activation.digest}{values}"


def _texts_in_force(activation: Activation) -> dict[str, str]:
    """The parameters' values in force as text, which is exact; `settings.values_in_force` has those of float32."""
    return {p.name: str(p.value) for p in activation.parameters}


def _tables(activation: Activation, wide: Mapping[str, Kernel], level: str) -> dict[str, Tables]:
    """What is found for an activation that is not in the catalogue (once a process), given its wide programs."""
    from symact.kernel.piecewise.search import search as search_tables

    key = f"{activation.name} {activation.digest} {activation.values} {level}"
    if key not in _tabulated:
        _tabulated[key] = search_tables(activation, wide, level)[0]
    found = _tabulated[key]
    return {} if found is None else {level: found}


def _in_catalogue(activation: Activation) -> bool:
    entry = catalog.find(activation.name)
    return entry is not None and entry.define is activation.define


def _stored_tables(name: str) -> dict[str, Tables]:
    stored = files("symact.kernel").joinpath("tables", f"{name}.json")
    if not stored.is_file():
        return {}
    document = json.loads(stored.read_text(encoding="utf-8"))
    if document["format"] != FORMAT:
        raise Error(f"the stored tables of {name} have format {document['format']}, not {FORMAT}")
    return {
        level: Tables(
            {pass_: Kernel.from_dict(entry["program"]) for pass_, entry in passes.items()}, document["parameters"]
        )
        for level, passes in document["levels"].items()
    }


def search(
    activation: Activation,
    arithmetics: Sequence[str] = SEARCHED,
    known: Mapping[str, Mapping[str, Kernel]] | None = None,
    *,
    thorough: bool = False,
) -> tuple[CompiledActivation, dict[str, Any]]:
    """Search for an activation's programs; also what was chosen where, with the measured errors.

    Args:
        activation: the definition.
        arithmetics: those that programs are searched for in.
        known: programs that are there already, and need not be searched for.
        thorough: whether to look for what f and f' in pairs can do without, and to try quick programs on many inputs;
            each takes longer than all the rest.

    Raises:
        Error: see `compiled`.
    """
    from symact.kernel.from_output import backward_from_output, usable_slope
    from symact.kernel.search.mixed import HOPEFUL, good_enough
    from symact.kernel.search.passes import PassSearch
    from symact.kernel.search.usual import usual
    from symact.kernel.settings import exact, oracles_of, values_in_force
    from symact.symbolic.derivatives import derive
    from symact.symbolic.forms import joined

    derivation = derive(activation)
    passes: dict[str, tuple[str, Branches]] = {
        "forward": ("y", derivation.function),
        "derivative": ("dydx", derivation.first),
        "second_derivative": ("d2ydx2", derivation.second),
    }
    slope = usable_slope(activation, derivation)
    if slope is not None:
        passes["backward_from_output"] = ("slope", slope)
    oracles = {name: oracles_of(activation, branches) for name, (_, branches) in passes.items()}
    defaults = {activation.symbols[name]: exact(value) for name, value in values_in_force(activation).items()}
    # A value that float32 does not have is not the same number in every format.
    settled = all(p.value == defaults[activation.symbols[p.name]] for p in activation.parameters)
    programs: dict[str, Mapping[str, Kernel]] = {}
    record: dict[str, Any] = {}

    @cache
    def begun(arithmetic: str, name: str) -> PassSearch:
        """The search for a pass's program."""
        return PassSearch(activation, passes[name][1], ARITHMETICS[arithmetic], oracles[name], thorough=thorough)

    @cache
    def best(arithmetic: str, name: str) -> tuple[Kernel, Any]:
        """A pass's program and what to say of it."""
        if known is not None and arithmetic in known and name != "backward_from_output":  # which is put together
            return known[arithmetic][name], None
        if arithmetic == "mixed":
            before = {"derivative": "forward", "second_derivative": "derivative"}.get(name)
            needs_pairs = before is not None and best("mixed", before)[1] == "paired"  # so does what has more roots
            if not needs_pairs and begun("float64", name).promises(*HOPEFUL):
                single, _ = best("float64", name)
                if good_enough(single, oracles[name][0], values_in_force(activation)):
                    return single, "float64"
            return best("paired", name)[0], "paired"
        if arithmetic == "fast" and name == "second_derivative":  # rarely needed, and with more roots than f'
            return best("float32", name)
        found = begun(arithmetic, name).kernel(name, passes[name][0])
        trims = thorough and ARITHMETICS[arithmetic].is_paired and name in _BASIC
        return begun(arithmetic, name).trimmed(found) if trims else found

    for arithmetic in arithmetics:
        kernels: dict[str, Kernel] = {}
        record[arithmetic] = {}
        if arithmetic in USUAL:
            for name in _BASIC if settled else ():
                output, branches = passes[name]
                other = best(ordinary(arithmetic), name)[0]
                short = usual(branches.subs(defaults), USUAL[arithmetic], oracles[name][0], output, other)
                if short is not None:
                    kernels[name], record[arithmetic][name] = short
            programs[arithmetic] = _with_composed(kernels)
            continue
        for name in passes:
            kernels[name], record[arithmetic][name] = best(arithmetic, name)
        kernels["value_and_derivative"] = together(
            "value_and_derivative", kernels["forward"], kernels["derivative"], activation
        )
        if slope is not None:
            kernels["backward_from_output"] = backward_from_output(kernels["backward_from_output"])
        programs[arithmetic] = _with_backward(kernels)
    found = CompiledActivation(
        name=activation.name,
        definition=activation.definition,
        derivative=str(joined(derivation.first)),
        second_derivative=str(joined(derivation.second)),
        digest=activation.digest,
        summary=activation.summary,
        reference=activation.reference,
        parameters=tuple(KernelParameter(p.name, str(p.value), p.domain, p.description) for p in activation.parameters),
        programs=programs,
        usual_parameters=_texts_in_force(activation),
        kinks={str(p.x): str(p.value) for p in derivation.first.points if p.left != p.right},
    )
    return found, record


def _parameters(activation: Activation) -> tuple[KernelParameter, ...]:
    """The run-time scalars, their defaults being the values in force."""
    return tuple(KernelParameter(p.name, str(p.value), p.domain, p.description) for p in activation.parameters)


def together(name: str, first: Kernel, second: Kernel, activation: Activation) -> Kernel:
    """One program with the outputs of two; what they share is computed once."""
    b = Builder()
    b.input("x")
    outputs = {**b.include(first), **b.include(second)}
    return b.kernel(name, ["x"], [p.name for p in activation.parameters], outputs)


def _with_backward(kernels: Mapping[str, Kernel]) -> dict[str, Kernel]:
    """The passes in their order, with backward composed from the derivative: grad_y * f'(x)."""
    derivative = kernels["derivative"]
    b = Builder()
    b.input("x")
    gradient = b.input("grad_y")
    outputs = b.include(derivative)
    outputs = {"grad_x": b("mul", gradient, outputs.pop("dydx")), **outputs}
    backward = b.kernel("backward", ["x", "grad_y"], derivative.parameters, outputs)
    every = {**kernels, "backward": backward}
    return {name: every[name] for name in (*PASSES, *OPTIONAL_PASSES) if name in every}


def _with_composed(kernels: Mapping[str, Kernel]) -> dict[str, Kernel]:
    """Short programs with those for several results, which hold where each of their parts does."""
    from symact.kernel.search.usual import both

    found = dict(kernels)
    if "forward" in kernels and "derivative" in kernels:
        found["value_and_derivative"] = both("value_and_derivative", kernels["forward"], kernels["derivative"])
    if "derivative" in kernels:
        return _with_backward(found)
    return {name: found[name] for name in PASSES if name in found}


def _from_document(document: Mapping[str, Any]) -> CompiledActivation:
    if document["format"] != FORMAT:
        raise Error(f"the stored programs of {document['name']} have format {document['format']}, not {FORMAT}")
    stored = document["programs"]
    programs = {}
    for arithmetic, kernels in stored.items():
        found = {
            # A name is that of another arithmetic with the same program.
            name: Kernel.from_dict(stored[kernel][name] if isinstance(kernel, str) else kernel)
            for name, kernel in kernels.items()
        }
        programs[arithmetic] = (_with_composed if arithmetic in USUAL else _with_backward)(found)
    return CompiledActivation(
        **{key: document[key] for key in ("name", "definition", "derivative", "second_derivative", "digest")},
        **{key: document[key] for key in ("summary", "reference", "kinks", "usual_parameters")},
        parameters=tuple(KernelParameter(**p) for p in document["parameters"]),
        programs=programs,
    )


def write_tables(activation: Activation, folder: Path) -> Path:
    """Search for an activation's programs with tables and store them as FOLDER/NAME.json; returns the file.

    No pass has a table: the file does not exist afterwards.
    """
    from symact.kernel.piecewise.search import AIMS
    from symact.kernel.piecewise.search import search as search_tables

    path = folder / f"{activation.name}.json"
    wide = compiled(activation, ["wide"]).programs["wide"]
    levels = {}
    for level in AIMS:
        found, record = search_tables(activation, wide, level)
        if found is not None:
            parameters = dict(found.parameters)
            levels[level] = {name: {**record[name], "program": k.to_dict()} for name, k in found.programs.items()}
    if not levels:
        path.unlink(missing_ok=True)
        return path
    document = {
        "format": FORMAT,
        "name": activation.name,
        "digest": activation.digest,
        "parameters": parameters,
        "levels": levels,
    }
    return _put(path, document)


def write(activation: Activation, folder: Path, arithmetics: Sequence[str] = SEARCHED) -> Path:
    """Search for an activation's programs and store them as FOLDER/NAME.json; returns the file.

    Programs in other arithmetics stay as they are stored.
    """
    path = folder / f"{activation.name}.json"
    stays = [name for name in SEARCHED if name not in arithmetics]
    known = json.loads(path.read_text(encoding="utf-8")) if stays else None
    usable = _from_document(known).programs if known else {}
    if known and known["usual_parameters"] != _texts_in_force(activation) and not set(USUAL) <= set(arithmetics):
        raise Error(
            f"the short programs of {activation.name} are for {known['usual_parameters']}, not for its defaults",
            f"search for {', '.join(USUAL)} too",
        )
    staying = {name: usable[name] for name in stays if name in usable}
    found, record = search(activation, arithmetics, staying, thorough=True)
    if known:
        # Nothing is said of a pass whose program is that of an arithmetic that stays.
        said = {name: {p: each for p, each in record.get(name, {}).items() if each is not None} for name in SEARCHED}
        record = {name: {**known["search"][name], **said[name]} for name in SEARCHED}
        programs = {**usable, **found.programs}
        found = replace(found, programs={name: programs[name] for name in SEARCHED})
    return _put(path, {**found.to_dict(), "search": record})


def _put(path: Path, document: Mapping[str, Any]) -> Path:
    """Write a document; returns the file."""
    write_whole(path, _document(document))
    return path


def _document(document: Mapping[str, Any]) -> str:
    """JSON with a line for each instruction, so that a change is readable as a diff."""
    text = json.dumps(document, indent=1, ensure_ascii=False)
    return _one_line_lists(text) + "\n"


def _one_line_lists(text: str) -> str:
    """Innermost lists and records on one line."""
    return re.sub(
        r"[\[{]\n[^\[\]{}]*[\]}]",
        lambda found: re.sub(r"\n\s*", " ", found[0]).replace("[ ", "[").replace(" ]", "]"),
        text,
    )
