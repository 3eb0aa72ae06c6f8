-- A path that does not name pg_temp has it searched first, for tables and types: whoever may connect could put a type
-- "jsonb" there, with a check that ran as ledger_owner inside capture_v1, or hide from a guard the table it reads.
SET LOCAL ROLE ledger_owner;
ALTER FUNCTION ledger.redact_v1(jsonb, text[]) SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION ledger.capture_v1() SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION ledger.deny_v1() SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION ledger.refuse_status_v1() SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION ledger.signature_v1() SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION ledger.track_v1(regclass, text, text[]) SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION ledger.guard_v1(regclass, text) SET search_path = pg_catalog, pg_temp;
RESET ROLE;
