-- Once in each new database, by a superuser. What each role may do with a table is granted after each migration
-- (gatekeeper/ledger/attach.py): until then nobody but its owner may do anything.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO gk_app, gk_sealer, gk_auditor;
