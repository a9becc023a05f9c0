r"""Quantities and substances as LaTeX's siunitx and mhchem packages write them, spelled out in Unicode.

    \SI{5}{\kilo\hertz}  ->  5 kHz
    \ce{SO4^2-}          ->  SO₄²⁻

Pure. https://ctan.org/pkg/siunitx and https://ctan.org/pkg/mhchem say what each command means.
"""

from __future__ import annotations

import re

from bot.text.math_symbols import LOWERED, RAISED

_TABLE = """
y yocto, z zepto, a atto, f femto, p pico, n nano, μ micro, m milli, c centi, d deci, da deca, h hecto, k kilo,
M mega, G giga, T tera, P peta, E exa, Z zetta, Y yotta
"""
_PREFIXES = {name: sign for sign, name in map(str.split, _TABLE.split(","))}
_TABLE = """
m metre meter, s second, g gram, A ampere, K kelvin, mol mole, cd candela, Hz hertz, N newton, Pa pascal, J joule,
W watt, C coulomb, V volt, F farad, Ω ohm, S siemens, Wb weber, T tesla, H henry, °C celsius degreeCelsius, lm lumen,
lx lux, Bq becquerel, Gy gray, Sv sievert, rad radian, sr steradian, eV electronvolt, Da dalton, min minute, h hour,
d day, ° degree, ′ arcminute, ″ arcsecond, L liter litre, t tonne, Å angstrom, au astronomicalunit, pc parsec,
b barn, dB decibel, B bel, Np neper, % percent, kg kilogram, μm um, μs us, μg ug, μL uL, μV uV, μA uA, μW uW
"""
_UNITS = {name: sign for sign, *names in map(str.split, _TABLE.split(",")) for name in names}
_ARGUMENT = r"\{((?:[^{}]|\{[^{}]*\}){0,200})\}"
_OPTIONS = r"(?![A-Za-z])(?:\[[^\[\]]*\])?"
_RANGE = re.compile(rf"\\(?:SI|qty|num)range{_OPTIONS}{_ARGUMENT}{_ARGUMENT}(?:{_ARGUMENT})?")
_LIST = re.compile(rf"\\(?:SI|qty|num)list{_OPTIONS}{_ARGUMENT}(?:{_ARGUMENT})?")
_ISOTOPE = re.compile(r"\\(?:isotope|nuclide)(?![A-Za-z])(?:\[(\d+)\])?(?:\[\d*\])?\s*\{([A-Za-z]{1,2})\}")
_QUANTITY = re.compile(rf"\\(?:SI|qty){_OPTIONS}{_ARGUMENT}(?:\[[^\[\]]*\])?{_ARGUMENT}")
_ONE = re.compile(rf"\\(?P<command>si|unit|num|ang|ce){_OPTIONS}{_ARGUMENT}")
_NUMBER = re.compile(r"(?P<value>[-\d.,()+±/×\s]*)(?:[eE](?P<power>[-+]?\d{1,4}))?")
_PART = re.compile(r"\\(?P<command>[A-Za-z]+)\s*(?:\{(?P<power>-?\d+)\})?|(?P<literal>[^\\\s]+)")
_UPRIGHT = re.compile(r"\\(?:mathrm|text)\{([^{}]*)\}")
_RAISED = re.compile(r"\^\{?(-?\d+)\}?")
_CHEMICAL = re.compile(
    r"(?P<arrow><?=>|<?-+>)|_(?:\{(?P<kept>\d+\.\d+)\}|\{?(?P<below>\d+)\}?)|(?P<lowered>(?<=[A-Za-z)\]])\d+)"
    r"|\^\{?(?P<above>\d*[-+]|\d+)\}?|(?P<raised>(?<=[\w)\]])[-+](?![^\s)\]]))"
)
_ARROWS = {"->": "→", "<=>": "⇌", "<->": "↔"}


def spelled_out(tex: str) -> str:
    r"""The text with each quantity, number, angle, unit and substance as it is read, in a formula and outside.

    What is not of the packages' form, such as an author's own `\num{x}`, stays as it is.
    """
    for pattern, spelled in (
        (_RANGE, _range),
        (_LIST, _list),
        (_ISOTOPE, _isotope),
        (_QUANTITY, _quantity),
        (_ONE, _one),
    ):
        tex = pattern.sub(lambda found, spelled=spelled: spelled(found) or found[0], tex)  # type: ignore[misc]
    return tex


def _range(found: re.Match[str]) -> str | None:
    first, last = _number(found[1]), _number(found[2])
    return f"{first} to {last}{_behind(_unit(found[3] or ''))}" if first and last else None


def _list(found: re.Match[str]) -> str | None:
    numbers = [_number(part) for part in found[1].split(";")]
    return f"{', '.join(filter(None, numbers))}{_behind(_unit(found[2] or ''))}" if all(numbers) else None


def _isotope(found: re.Match[str]) -> str:
    return f"{(found[1] or '').translate(RAISED)}{found[2]}"


def _quantity(found: re.Match[str]) -> str | None:
    value = _number(found[1])
    return f"{value}{_behind(_unit(found[2]))}" if value else None


def _behind(unit: str) -> str:
    """A unit with the blank before it that all have but the signs of angles."""
    return unit if unit in ("", "°", "′", "″") else f" {unit}"


def _one(found: re.Match[str]) -> str | None:
    command, argument = found["command"], found[2]
    if command == "num":
        return _number(argument)
    if command == "ang":
        parts = [_number(part) for part in argument.split(";")]
        return "".join(f"{part}{sign}" for part, sign in zip(parts, "°′″", strict=False) if part) or None
    if command == "ce":
        return None if "\\" in argument or "$" in argument else _CHEMICAL.sub(_in_a_substance, argument)
    return _unit(argument)


def _number(tex: str) -> str | None:
    """A number, its error and its power of ten, as in `1.2(3)e-5`; None if it is something else."""
    found = _NUMBER.fullmatch(re.sub(r"(?<=[\d ])x(?=[\d ])", "×", re.sub(r"\\pm|\+/?-", "±", tex)).strip())
    if found is None or not re.search(r"\d", tex):
        return None
    value, power = found["value"], found["power"]
    return f"{value}{'×' * bool(value)}10{str(int(power)).translate(RAISED)}" if power else value


def _unit(tex: str) -> str:
    """The signs of the units with their prefixes and powers; what is no command of siunitx's is read by its name."""
    signs: list[str] = []
    prefix, sign, power = "", "", ""
    for part in _PART.finditer(_UPRIGHT.sub(r"\1", tex)):
        command = part["command"]
        if part["literal"]:
            signs.append(_RAISED.sub(lambda found: found[1].translate(RAISED), part["literal"]).replace(".", " "))
        elif command == "per":
            sign = "-"
        elif command in ("square", "cubic"):
            power = "2" if command == "square" else "3"
        elif command in ("squared", "cubed", "tothe") and signs:
            raised = {"squared": "2", "cubed": "3"}.get(command) or part["power"] or ""
            signs[-1] = signs[-1].removesuffix("¹") + raised.translate(RAISED)
        elif command in _PREFIXES:
            prefix += _PREFIXES[command]
        else:
            raised = f"{sign}{power or '1' * bool(sign)}".translate(RAISED)
            signs.append(f"{prefix}{_UNITS.get(command, command)}{raised}")
            prefix, sign, power = "", "", ""
    return " ".join(signs)


def _in_a_substance(found: re.Match[str]) -> str:
    """An arrow, or what mhchem raises and lowers of itself."""
    if found["arrow"]:
        return _ARROWS.get(found["arrow"], found["arrow"])
    if found["kept"]:
        return f"_{found['kept']}"
    lowered, raised = found["below"] or found["lowered"], found["above"] or found["raised"]
    return lowered.translate(LOWERED) if lowered else raised.translate(RAISED)
