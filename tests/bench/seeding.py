"""A million lots with their family, put in by SQL as the administrator: reading them is what is measured.

Evidence, guards and foreign keys of these tables are off in this one database, where nobody writes afterwards. 200
cell banks, 2,000 plasmid lots, 20,000 vector batches from three plasmid lots each, 40,000 fills of which every tenth
is pooled from two batches, and doses up to the million. Who comes from whom is a hash of the key with a fixed seed:
every run has the same family.
"""

from dataclasses import dataclass
from typing import Any

import psycopg

SEED = 20260705
KINDS = (
    ("cell_bank", "BANK", 200),
    ("plasmid", "PLASMID", 2_000),
    ("drug_substance", "VECTOR", 20_000),
    ("drug_product", "FILL", 40_000),
    ("cell_product", "DOSE", 937_800),
)
_LOTS = """
INSERT INTO lots_lot (id, number, material_id, site_id, source, status, quantity, quantity_left, registered_at,
                      registered_by_id, updated_at)
SELECT %(base)s + i, %(code)s || '-' || i, (SELECT id FROM lots_material WHERE code = %(code)s),
       (SELECT min(id) FROM accounts_site), 'bench', 'released', 100, 50, at, (SELECT min(id) FROM accounts_person), at
FROM generate_series(1, %(count)s) AS i, (SELECT timestamptz '2026-01-05' AS at) AS fixed
"""
# One edge from a hashed parent of the level above to every n-th lot of this one.
_USES = """
INSERT INTO lots_use (parent_id, child_id, quantity, unit, batch_record, phase, used_at, used_by_id)
SELECT parent, child, 1, '{vial}', '', '', '2026-01-05', (SELECT min(id) FROM accounts_person)
FROM (SELECT {distinct} %(base)s + i AS child,
             %(above)s + 1 + mod(hashint8extended(i, %(seed)s + way) & 9223372036854775807, %(width)s) AS parent
      FROM generate_series(1, %(count)s) AS i, generate_series(1, %(ways)s) AS way
      WHERE way = 1 OR mod(i, %(every)s) = 0) AS drawn
"""
# ways: how many parents; every: only each n-th lot has more than one
_WAYS = {"plasmid": (1, 1), "drug_substance": (3, 1), "drug_product": (2, 10), "cell_product": (1, 1)}


@dataclass(frozen=True, slots=True)
class Level:
    """The keys of the lots of one kind: ``base + 1`` to ``base + count``."""

    base: int
    count: int


_TABLES = ("lots_lot", "lots_use")


def seed_family(admin: str, share: float = 1.0) -> dict[str, Level]:
    """Put lots and uses into the database and return where each kind lies; ``share`` makes a smaller family."""
    levels: dict[str, Level] = {}
    base, above = 0, None
    with psycopg.connect(admin) as connection:
        for table in ("lots_material", *_TABLES):
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        rebuild = _without_indexes(connection)
        for kind, code, whole in KINDS:
            connection.execute(
                "INSERT INTO lots_material (code, name, kind, unit) VALUES (%s, %s, %s, '{vial}')", [code, code, kind]
            )
            count = max(10, int(whole * share))
            connection.execute(_LOTS, {"base": base, "code": code, "count": count})
            if above:
                ways, every = _WAYS[kind]
                named = {"base": base, "count": count, "above": above.base, "width": above.count}
                uses = _USES.replace("{distinct}", "DISTINCT" if ways > 1 else "")
                connection.execute(uses, {**named, "ways": ways, "every": every, "seed": SEED})
            above = levels[kind] = Level(base, count)
            base += count
        for statement in rebuild:
            connection.execute(statement)
    with psycopg.connect(admin, autocommit=True) as connection:
        for table in _TABLES:
            connection.execute(f"VACUUM ANALYZE {table}")
    return levels


def _without_indexes(connection: psycopg.Connection[Any]) -> list[str]:
    """Drop the indexes that are no primary key and return what makes them anew: sorting once is quicker."""
    rebuild = []
    connection.execute("SET LOCAL maintenance_work_mem = '512MB'")
    constraints = """SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
                     WHERE contype = 'u' AND conrelid = ANY(%s::regclass[])"""
    for table, name, definition in connection.execute(constraints, [list(_TABLES)]).fetchall():
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        rebuild.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    indexes = """SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
                 WHERE NOT indisprimary AND indrelid = ANY(%s::regclass[])"""
    for name, definition in connection.execute(indexes, [list(_TABLES)]).fetchall():
        connection.execute(f"DROP INDEX {name}")
        rebuild.append(definition)
    return rebuild
