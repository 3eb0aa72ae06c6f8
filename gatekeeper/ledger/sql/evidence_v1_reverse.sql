-- Only for a database without records: dropping evidence is refused while there is any.
DO $$
BEGIN
  IF EXISTS (SELECT FROM ledger.entry) THEN
    RAISE EXCEPTION 'there is evidence: it stays' USING ERRCODE = '42501';
  END IF;
END
$$;
SET LOCAL ROLE ledger_owner;
DROP SCHEMA ledger CASCADE;
RESET ROLE;
