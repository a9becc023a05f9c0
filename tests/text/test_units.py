from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.units import spelled_out


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"\SI{5}{\kilo\hertz}, \qty{300}{\kelvin}, \SI[per-mode=symbol]{1.5}{\tesla}", "5 kHz, 300 K, 1.5 T"),
        (r"\SI{9.8}{\metre\per\second\squared}, \SI{3}{\square\metre}, \si{\micro\meter}", "9.8 m s⁻², 3 m², μm"),
        (r"\SI{2}{\kilo\gram\tothe{3}}, \unit{\cubic\centi\metre\per\mole}", "2 kg³, cm³ mol⁻¹"),
        (r"\SI{180}{\degree}, \SI{25}{\celsius}, \SI{20}{\percent}, \SI{20}{}", "180°, 25 °C, 20 %, 20"),
        (r"\SI{5}{km/s}, \SI{5}{m.s^{-1}}, \SI{13}{\mathrm{TeV}}, \SI{7}{\GeV}", "5 km/s, 5 m s⁻¹, 13 TeV, 7 GeV"),
        (r"\SIrange{5}{10}{\nano\meter}, \numrange{1}{3}", "5 to 10 nm, 1 to 3"),
    ],
)
def test_a_quantity_is_a_number_and_a_unit(tex: str, shown: str) -> None:
    assert spelled_out(tex) == shown


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"\num{1e5}, \num{1.2E-5}, \num{e3}, \num{1.20(3)}", "1×10⁵, 1.2×10⁻⁵, 10³, 1.20(3)"),
        (r"\num{3 \pm 1}, \num{3 +- 1}, \num{8 x 8}", "3 ± 1, 3 ± 1, 8 × 8"),
        (r"\ang{45}, \ang{12;30;5}, \ang{;;2}", "45°, 12°30′5″, 2″"),
    ],
)
def test_a_number_has_its_error_and_its_power_of_ten(tex: str, shown: str) -> None:
    assert spelled_out(tex) == shown


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"\ce{H2O}, \ce{^{13}CO}, \ce{La_{2}CuO4}, \ce{2H2}, \ce{(NH4)2}", "H₂O, ¹³CO, La₂CuO₄, 2H₂, (NH₄)₂"),
        (r"\ce{SO4^2-}, \ce{NH4+}, \ce{Na^+}, \ce{A-B}", "SO₄²⁻, NH₄⁺, Na⁺, A-B"),
        (r"\ce{2H2 + O2 -> 2H2O}, \ce{A <=> B}, \ce{A ->> B}", "2H₂ + O₂ → 2H₂O, A ⇌ B, A →> B"),
    ],
)
def test_a_substance_has_its_numbers_and_charges(tex: str, shown: str) -> None:
    assert spelled_out(tex) == shown


@pytest.mark.parametrize(
    "tex", [r"\num{x}", r"\SI{many}{\metre}", r"\ce{$x$}", r"\SI{5}", r"\units{5}", r"\qty(x)", r"\ang{x}", r"\num{}"]
)
def test_what_is_not_of_the_packages_form_stays(tex: str) -> None:
    assert spelled_out(tex) == tex


@given(
    st.lists(st.sampled_from([r"\SI{", r"\ce{", r"\num{", "}", "{", "5", "e", r"\kilo", r"\per", "[", "]", "^", "-"]))
)
def test_nothing_makes_it_fail(parts: list[str]) -> None:
    assert isinstance(spelled_out("".join(parts)), str)


@pytest.mark.parametrize("unit", [r"\SI{", r"\SI{5}{", r"\ce{a", r"\ce{{a}", r"\si[", r"\SI{1}[", r"\ce{1{"])
def test_a_hundred_kilobytes_of_anything_come_to_an_end(unit: str) -> None:
    assert spelled_out(unit * (100_000 // len(unit)))
