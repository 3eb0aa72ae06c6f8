-- The five roles of the system. Run by a superuser; running it again changes nothing.
-- gk_owner owns the database and its tables and migrates; gk_app serves people and machines and owns nothing;
-- gk_sealer appends to the sealed log; gk_auditor reads; ledger_owner owns the evidence and cannot log in.
DO $$
DECLARE
  wanted record;
BEGIN
  FOR wanted IN
    SELECT * FROM (VALUES
      ('gk_owner', true), ('gk_app', true), ('gk_sealer', true), ('gk_auditor', true), ('ledger_owner', false)
    ) AS role(name, may_log_in)
  LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted.name) THEN
      EXECUTE format('CREATE ROLE %I NOSUPERUSER NOCREATEROLE NOCREATEDB NOBYPASSRLS %s',
                     wanted.name, CASE WHEN wanted.may_log_in THEN 'LOGIN' ELSE 'NOLOGIN' END);
    END IF;
  END LOOP;
END
$$;
-- Migrations create the ledger's schema and hand it to its owner.
GRANT ledger_owner TO gk_owner;
