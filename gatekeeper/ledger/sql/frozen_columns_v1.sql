-- What was approved, received or reviewed never changes: the last guard behind the actions, for every room.
-- Attached BEFORE UPDATE, its arguments the columns that stay as they are; a WHEN says from which status on.
SET LOCAL ROLE ledger_owner;
CREATE FUNCTION ledger.refuse_frozen_v1() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  before jsonb := to_jsonb(OLD);
  after jsonb := to_jsonb(NEW);
  name text;
BEGIN
  FOREACH name IN ARRAY TG_ARGV LOOP
    -- A misspelt name would be equal to itself for ever and guard nothing.
    IF NOT before ? name THEN
      RAISE EXCEPTION '%.% has no column "%"', TG_TABLE_SCHEMA, TG_TABLE_NAME, name USING ERRCODE = '42703';
    END IF;
    IF before -> name IS DISTINCT FROM after -> name THEN
      RAISE EXCEPTION '% of %.% is frozen', name, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = '23514', CONSTRAINT = TG_TABLE_NAME || '_frozen', COLUMN = name;
    END IF;
  END LOOP;
  RETURN NEW;
END
$$;
REVOKE EXECUTE ON FUNCTION ledger.refuse_frozen_v1() FROM PUBLIC;
RESET ROLE;
