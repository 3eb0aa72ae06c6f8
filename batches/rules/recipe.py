"""The recipe of a master batch record: what is done in which order, with what, and within which limits.

Its levels are those of ISA-88: a procedure (the recipe) of unit procedures, operations and phases.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from batches.rules.fields import Table
from gatekeeper.core.limits import Limits
from gatekeeper.core.quantity import Quantity, unit
from gatekeeper.core.refusal import Refusal, refuse_all

KIND = "master"  # of document
SEVERITIES = ("minor", "major", "critical")
_BOUNDS = ("alert_low", "alert_high", "action_low", "action_high")
_NO_LIMITS = Limits(None, None, None, None, "1")


@dataclass(frozen=True, slots=True)
class Control:
    """An in-process control. ``gating``: the next phase waits for it. ``critical``: a second person checks the entry.

    ``severity`` is that of the deviation which an action verdict opens; ``basis`` says where the limits come from.
    """

    code: str
    title: str
    limits: Limits
    target: Decimal | None
    gating: bool
    critical: bool
    product_quantity: bool
    severity: str
    basis: str

    @property
    def unit(self) -> str:
        """The code of the unit in which its limits are written."""
        return self.limits.unit


@dataclass(frozen=True, slots=True)
class MaterialNeed:
    """So much of a material, named by its code, or of a plasmid, named by its role; tolerance in per cent."""

    role: str
    material: str
    quantity: Quantity
    tolerance_percent: Decimal

    @property
    def name(self) -> str:
        """The role, or the code of the material."""
        return self.role or self.material

    @property
    def title(self) -> str:
        """The role as people write it (two genes of one plasmid with a slash: gag/pol), or the material's code."""
        return self.role.replace("_", "/") or self.material


@dataclass(frozen=True, slots=True)
class EquipmentNeed:
    """A kind of equipment that the phase cannot run without."""

    kind: str


@dataclass(frozen=True, slots=True)
class Hold:
    """The longest time between the end of the phase ``after`` and the start of this one, in a temperature class."""

    after: str
    limit_h: Decimal
    alert_percent: Decimal
    temperature_class: str
    severity: str


@dataclass(frozen=True, slots=True)
class Yield:
    """How much is there after the phase: the controls of volume and concentration, and limits on the per cents.

    ``analyte`` is the unit counted ({TU}, {vg}); method and version decide which steps can be compared (F-5).
    """

    volume: str
    concentration: str
    analyte: str
    method: str
    method_version: str
    step: Limits | None
    overall: Limits | None
    severity: str


@dataclass(frozen=True, slots=True)
class PhaseRecipe:
    """One phase. ``after`` are the codes of the phases that must be done before it."""

    code: str
    title: str
    unit_procedure: str
    operation: str
    after: tuple[str, ...]
    qualification: str
    instruction: str
    significant: bool
    equipment: tuple[EquipmentNeed, ...]
    materials: tuple[MaterialNeed, ...]
    controls: tuple[Control, ...]
    hold: Hold | None
    yielded: Yield | None

    def control(self, code: str) -> Control | None:
        """Return the control of this code, None when the phase has none."""
        return next((control for control in self.controls if control.code == code), None)


@dataclass(frozen=True, slots=True)
class Recipe:
    """A version of how a batch is made; ``rule_set`` names the excursion rules that apply to it."""

    code: str
    version: int
    title: str
    material: str
    family: str
    rule_set: str
    shelf_life_d: int
    phases: tuple[PhaseRecipe, ...]

    def phase(self, code: str) -> PhaseRecipe | None:
        """Return the phase of this code, None when the recipe has none."""
        return next((phase for phase in self.phases if phase.code == code), None)


def parse(content: Mapping[str, object]) -> Recipe:
    """Return the recipe that a master batch record's TOML or JSON says.

    :raises Refusal: every fault at once, each with its place as field: ``recipe_text_missing``,
        ``recipe_unknown_key``, ``recipe_unknown_choice``, ``recipe_whole_number_missing``, ``recipe_flag_wrong``,
        ``recipe_list_wrong``, ``recipe_table_wrong``, ``recipe_code_twice``, ``recipe_predecessor_unknown``,
        ``recipe_without_phases``, ``recipe_without_product_quantity``, ``recipe_control_unknown``,
        ``recipe_need_unnamed``, and those of limits, numbers and units.
    """
    faults: list[Refusal] = []
    root = Table(content, "", faults)
    master = root.table("master")
    if master is None:
        raise Refusal("recipe_table_wrong", "“{key}” must be a table.", field="master", key="master")
    phases = root.tables("phase")
    recipe = Recipe(
        code=master.name("code"),
        version=master.whole("version"),
        title=master.text("title"),
        material=master.text("material"),
        family=master.text("family"),
        rule_set=master.text("rule_set", default=""),
        shelf_life_d=master.whole("shelf_life_d"),
        phases=tuple(_phase(table) for table in phases),
    )
    for table in (master, root):
        table.refuse_others()
    _check_codes(recipe, phases, faults)
    _check_order(recipe, phases)
    _check_product_quantity(recipe, root)
    refuse_all(faults)
    return recipe


def _phase(table: Table) -> PhaseRecipe:
    hold, yielded = table.table("hold"), table.table("yield")
    phase = PhaseRecipe(
        code=table.name("code"),
        title=table.text("title"),
        unit_procedure=table.text("unit_procedure"),
        operation=table.text("operation"),
        after=table.texts("after"),
        qualification=table.text("qualification", default=""),
        instruction=table.text("instruction"),
        significant=table.flag("significant"),
        equipment=tuple(_equipment(need) for need in table.tables("equipment")),
        materials=tuple(_material(need) for need in table.tables("material")),
        controls=tuple(_control(control) for control in table.tables("control")),
        hold=_hold(hold) if hold else None,
        yielded=_yield(yielded) if yielded else None,
    )
    table.refuse_others()
    if yielded and phase.yielded:
        for key in ("volume", "concentration"):
            _check_control(phase, yielded, key, getattr(phase.yielded, key))
    if hold and phase.hold and phase.hold.after not in phase.after:
        hold.fault(
            "recipe_predecessor_unknown", "“{code}” is not a phase before this one.", "after", code=phase.hold.after
        )
    return phase


def _equipment(table: Table) -> EquipmentNeed:
    need = EquipmentNeed(table.text("kind"))
    table.refuse_others()
    return need


def _material(table: Table) -> MaterialNeed:
    need = MaterialNeed(
        role=table.text("role", default=""),
        material=table.text("material", default=""),
        quantity=table.collect(
            lambda: Quantity.parse(table.text("quantity"), table.text("unit"), field="quantity"),
            Quantity(Decimal(0), "1", "0"),
        ),
        tolerance_percent=table.decimal("tolerance_percent"),
    )
    table.refuse_others()
    if bool(need.role) == bool(need.material):
        table.fault("recipe_need_unnamed", "A material is named either by its role or by its code.", "role")
    return need


def _control(table: Table) -> Control:
    control = Control(
        code=table.name("code"),
        title=table.text("title"),
        limits=_limits(table),
        target=table.optional_decimal("target"),
        gating=table.flag("gating"),
        critical=table.flag("critical"),
        product_quantity=table.flag("product_quantity"),
        severity=table.choice("severity", SEVERITIES, default="major"),
        basis=table.text("basis", default=""),
    )
    table.refuse_others()
    return control


def _limits(table: Table) -> Limits:
    table.read.update((*_BOUNDS, "unit"))
    bounds = {name: table.entries[name] for name in _BOUNDS if name in table.entries}
    return table.collect(lambda: Limits.from_table({"unit": table.entries.get("unit"), **bounds}), _NO_LIMITS)


def _percents(table: Table, key: str) -> Limits | None:
    inner = table.table(key)
    if inner is None:
        return None
    limits = inner.collect(lambda: Limits.from_table({"unit": "%", **inner.entries}), _NO_LIMITS)
    if limits is not _NO_LIMITS and limits.unit != "%":
        inner.fault("units_differ_in_kind", "A yield is a per cent.", "unit")
    return limits


def _hold(table: Table) -> Hold:
    hold = Hold(
        after=table.text("after"),
        limit_h=table.decimal("limit_h"),
        alert_percent=table.decimal("alert_percent"),
        temperature_class=table.text("class"),
        severity=table.choice("severity", SEVERITIES, default="major"),
    )
    table.text("basis", default="")
    table.refuse_others()
    return hold


def _yield(table: Table) -> Yield:
    yielded = Yield(
        volume=table.text("volume"),
        concentration=table.text("concentration"),
        analyte=table.text("analyte"),
        method=table.text("method"),
        method_version=table.text("method_version"),
        step=_percents(table, "step"),
        overall=_percents(table, "overall"),
        severity=table.choice("severity", SEVERITIES, default="major"),
    )
    table.text("basis", default="")
    table.refuse_others()
    table.collect(lambda: unit(yielded.analyte), unit("1"), "analyte")
    return yielded


def _check_control(phase: PhaseRecipe, table: Table, key: str, code: str) -> None:
    if phase.control(code) is None:
        table.fault("recipe_control_unknown", "The phase has no control “{code}”.", key, code=code)


def _check_codes(recipe: Recipe, tables: tuple[Table, ...], faults: list[Refusal]) -> None:
    if not recipe.phases:
        faults.append(Refusal("recipe_without_phases", "A recipe needs at least one phase.", field="phase"))
    seen: set[str] = set()
    for phase, table in zip(recipe.phases, tables, strict=True):
        if phase.code in seen:
            table.fault("recipe_code_twice", "The code “{code}” is there twice.", "code", code=phase.code)
        seen.add(phase.code)
        controls = [control.code for control in phase.controls]
        for code in sorted({code for code in controls if controls.count(code) > 1}):
            table.fault("recipe_code_twice", "The code “{code}” is there twice.", "control", code=code)


def _check_order(recipe: Recipe, tables: tuple[Table, ...]) -> None:
    # A predecessor must stand before: so no circle can be written.
    before: set[str] = set()
    for phase, table in zip(recipe.phases, tables, strict=True):
        for code in phase.after:
            if code not in before:
                table.fault(
                    "recipe_predecessor_unknown", "“{code}” is not a phase before this one.", "after", code=code
                )
        before.add(phase.code)


def _check_product_quantity(recipe: Recipe, root: Table) -> None:
    counted = [control for phase in recipe.phases for control in phase.controls if control.product_quantity]
    if recipe.phases and len(counted) != 1:
        root.fault(
            "recipe_without_product_quantity",
            "Exactly one control must say how much product was made; here are {count}.",
            "phase",
            count=len(counted),
        )
