"""What a flow runs through, as controlled master data: a module of hollow fibres, an open channel, a cassette."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from math import pi

from gatekeeper.core.refusal import Refusal, refuse_all

WATER_DENSITY, WATER_VISCOSITY = Decimal(1000), Decimal(1)  # kg/m³ and mPa·s where the fluid is not described


@dataclass(frozen=True, slots=True)
class HollowFibre:
    """One hollow-fibre module: number of fibres, inner diameter in mm, length in m; fluid in kg/m³ and mPa·s.

    ``equipment`` and ``version`` tell which version of whose geometry it is; 0 where it is not of a record.
    """

    n_fibres: int
    diameter_mm: Decimal
    length_m: Decimal
    density_kg_m3: Decimal = WATER_DENSITY
    viscosity_mpa_s: Decimal = WATER_VISCOSITY
    equipment: str = ""
    version: int = 0

    @property
    def radius_m(self) -> float:
        """Inner radius of one fibre in m."""
        return float(self.diameter_mm) / 2000

    @property
    def lumen_ml(self) -> float:
        """Volume inside all fibres in mL: nπr²ℓ (E-6)."""
        return self.n_fibres * pi * self.radius_m**2 * float(self.length_m) * 1e6

    @property
    def area_m2(self) -> float:
        """Inner membrane area in m²: nπdℓ."""
        return self.n_fibres * 2 * pi * self.radius_m * float(self.length_m)


@dataclass(frozen=True, slots=True)
class Channel:
    """A flat channel: width in m (total), height in mm, membrane area in m²; ``screened`` when a screen fills it."""

    width_m: Decimal
    height_mm: Decimal
    area: Decimal
    screened: bool
    density_kg_m3: Decimal = WATER_DENSITY
    viscosity_mpa_s: Decimal = WATER_VISCOSITY
    equipment: str = ""
    version: int = 0

    @property
    def area_m2(self) -> float:
        """Membrane area in m²."""
        return float(self.area)


type Module = HollowFibre | Channel

_FIBRE = ("n_fibres", "diameter_mm", "length_m")
_CHANNEL = ("width_m", "height_mm", "area_m2")
_FLUID = ("density_kg_m3", "viscosity_mpa_s")


def geometry_from(mapping: Mapping[str, object]) -> Module:
    """A module from master data: n_fibres, diameter_mm, length_m, or width_m, height_mm, area_m2 and screened.

    The fluid (density_kg_m3, viscosity_mpa_s) is optional; a channel that does not say so is taken as screened.

    :raises Refusal: geometry_missing, geometry_not_positive (all faults in one).
    """
    flat = any(name in mapping for name in _CHANNEL)
    compulsory = _CHANNEL if flat else _FIBRE
    faults: list[Refusal] = []
    numbers: dict[str, Decimal] = {}
    for name in (*compulsory, *_FLUID):
        value = mapping.get(name)
        if value is None:
            if name in compulsory:
                faults.append(Refusal("geometry_missing", "The module's {name} is missing.", field=name, name=name))
            continue
        number = _positive(value)
        if number is None or (name == "n_fibres" and number != number.to_integral_value()):
            faults.append(
                Refusal("geometry_not_positive", "The module's {name} is not a positive number.", field=name, name=name)
            )
        else:
            numbers[name] = number
    refuse_all(faults)
    equipment, version = str(mapping.get("equipment", "")), int(str(mapping.get("version", 0)))
    if flat:
        screened = mapping.get("screened") is not False  # the formula needs an open channel, and only a word says so
        area = numbers.pop("area_m2")
        return Channel(area=area, screened=screened, equipment=equipment, version=version, **numbers)
    fibres = int(numbers.pop("n_fibres"))
    return HollowFibre(n_fibres=fibres, equipment=equipment, version=version, **numbers)


def _positive(value: object) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and number > 0 else None


def module_of(modules: Iterable[Mapping[str, object]]) -> Module:
    """Return the geometry of the one module in use.

    :raises Refusal: ``geometry_missing``, ``geometry_ambiguous``, ``geometry_not_positive``.
    """
    candidates = [module for module in modules if "n_fibres" in module or "width_m" in module]
    if not candidates:
        raise Refusal("geometry_missing", "No module with a geometry is in use in this phase.", field="geometry")
    if len(candidates) > 1:
        raise Refusal("geometry_ambiguous", "More than one module is in use.", field="geometry")
    return geometry_from(candidates[0])


def geometry_content(geometry: Module | None) -> dict[str, object] | None:
    """Return a geometry as text and whole numbers, with the equipment and version of its record where it has one."""
    if geometry is None:
        return None
    fluid: dict[str, object] = {
        "density_kg_m3": str(geometry.density_kg_m3),
        "viscosity_mpa_s": str(geometry.viscosity_mpa_s),
    }
    if geometry.version:
        fluid |= {"equipment": geometry.equipment, "version": geometry.version}
    if isinstance(geometry, HollowFibre):
        return {
            "n_fibres": geometry.n_fibres,
            "diameter_mm": str(geometry.diameter_mm),
            "length_m": str(geometry.length_m),
            **fluid,
        }
    return {
        "width_m": str(geometry.width_m),
        "height_mm": str(geometry.height_mm),
        "area_m2": str(geometry.area),
        "screened": geometry.screened,
        **fluid,
    }
