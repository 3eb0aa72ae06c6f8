"""Finds what nobody calls, or only tests: ``python -m tests.architecture.dead_code`` lists it and fails.

Vulture compares the names that the product defines with those that it uses. What templates and names in strings mention
counts as used, and so does what the tables below name with its reason.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping

import vulture

from tests.architecture import pending, sources

# Decorators whose functions a framework finds by itself.
FOUND_BY_DECORATOR = ["@shared_task*", "@register.*", "@checks.register*", "@handler*"]
# Names that somebody else calls, and who that is. Apps are found by Django in their package.
CALLED_BY = {
    "Django": "Command add_arguments has_perm has_module_perms allow_migrate process_view process_exception "
    "valid_value Accounts Ledger Batches handle_raw_input receive_data_chunk file_complete",
    "REST framework": "authenticate_header has_permission get_fields to_representation get_paginated_response_schema",
    "drf-spectacular": "ServiceTokenScheme get_security_definition",
    "urllib": "redirect_request",
    "asyncua": "datachange_notification status_change_notification",
    "expat": "doctype",
}
# What nobody calls yet, and which planned feature needs it.
NEEDED_BY = {
    "laboratory arithmetic": "per_dose geometric_cv_percent plasmid_need log10_loss mean_kinetic_temperature",
    "doses and diavolumes": "fibre_flow particle_dose osmolality_estimate diafiltration_residual concentration_yield",
    "the bundle that a stranger verifies": "verify_bundle is_consistent",
}
# Dataclass fields, members of an enumeration and options of a framework's classes are read by name or as a whole.
KINDS = {"function", "class", "method", "property"}


def unused(modules: Mapping[str, str], mentioned: set[str]) -> Iterator[tuple[str, str]]:
    """Yield (file, description) of each definition in these modules that nothing in them uses.

    ``mentioned`` are names that something else uses, such as a template.
    """
    scavenger = vulture.Vulture(ignore_decorators=FOUND_BY_DECORATOR)
    for name, text in modules.items():
        scavenger.scan(text, filename=name)
        for used in _names_in_strings(text) | _methods_of_fields(text) | mentioned:
            scavenger.used_names.add(used)
    for item in scavenger.get_unused_code():
        if item.typ in KINDS:
            yield str(item.filename), f"{item.filename}:{item.first_lineno}: {item.typ} {item.name}"


def _methods_of_fields(text: str) -> set[str]:
    """Names of the methods that REST framework calls for the fields of a serializer: ``get_`` and the field."""
    return {f"get_{field}" for field in re.findall(r"(\w+) = [\w.]*MethodField\b", text)}


def _names_in_strings(text: str) -> set[str]:
    """Names of which a string consists, such as a task's or a field's: ``release.tasks.seal`` gives three."""
    strings = {
        node.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"[\w.]+", node.value)
    }
    return {part for string in strings for part in re.split(r"\.|__", string)}


def mentioned_in_templates() -> set[str]:
    """Every name inside a tag or a variable of a template."""
    texts = [sources.text(name) for name in sources.files() if name.startswith("templates/")]
    tags = [tag for text in texts for tag in re.findall(r"{[{%].*?[%}]}", text)]
    return {name for tag in tags for name in re.findall(r"[A-Za-z_]\w*", tag)}


def named_in_tables() -> set[str]:
    """Every name of the tables above."""
    return {name for table in (CALLED_BY, NEEDED_BY) for names in table.values() for name in names.split()}


def product() -> dict[str, str]:
    """Text of every module of the product, by file; migrations among them, which call what they need."""
    files = [name for name in sources.files() if name.endswith(".py") and not name.startswith("tests/")]
    return {name: sources.text(name) for name in files}


def findings() -> list[tuple[str, str]]:
    """Return every (file, description) in the product that is neither called nor in a table."""
    return list(unused(product(), mentioned_in_templates() | named_in_tables()))


if __name__ == "__main__":
    everything = findings()
    faults = pending.grown("dead", everything)
    faults += [f"{name}: fewer than pending.toml says" for name in pending.shrunk("dead", everything)]
    sys.exit("\n".join(faults) or None)
