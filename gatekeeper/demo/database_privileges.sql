-- Once in each new database, by a superuser. Tables that gk_owner will create can be read, extended and changed by
-- the application, never deleted from; a migration grants DELETE where deleting is harmless, and takes UPDATE away
-- where rows are append-only.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO gk_app, gk_sealer, gk_auditor;
ALTER DEFAULT PRIVILEGES FOR ROLE gk_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE ON TABLES TO gk_app;
ALTER DEFAULT PRIVILEGES FOR ROLE gk_owner IN SCHEMA public GRANT USAGE ON SEQUENCES TO gk_app;
ALTER DEFAULT PRIVILEGES FOR ROLE gk_owner IN SCHEMA public GRANT SELECT ON TABLES TO gk_auditor;
