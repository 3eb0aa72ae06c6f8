-- Evidence: every write of a record leaves one entry, and nobody who serves people can write, change or delete one.
-- Run once by gk_owner, a member of ledger_owner. Never edited once shipped: a change is a new file and a new version.
-- Every search_path names pg_temp last: one that does not has it searched first, and whoever may connect could put a type
-- or table there that a guard would read.
CREATE SCHEMA ledger AUTHORIZATION ledger_owner;
SET LOCAL ROLE ledger_owner;

CREATE TABLE ledger.entry (
  id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,  -- gaps are normal (rollbacks); not the order of the log
  xid  xid8  NOT NULL,
  tbl  text  NOT NULL,                                   -- tbl and pk are for look-up; the truth is in body
  pk   text  NOT NULL,
  leaf bytea NOT NULL,                                   -- SHA-256(0x00 || body), RFC 9162 2.1.1
  body text  NOT NULL                                    -- the exact text hashed: nobody ever writes it anew
);
CREATE INDEX entry_record ON ledger.entry (tbl, pk, id);
CREATE INDEX entry_xid ON ledger.entry (xid);
CREATE TABLE ledger.leaf (
  idx      bigint PRIMARY KEY,
  entry_id bigint NOT NULL UNIQUE REFERENCES ledger.entry
);
CREATE TABLE ledger.node (
  lvl  smallint,
  idx  bigint,
  hash bytea NOT NULL,
  PRIMARY KEY (lvl, idx)
);
CREATE TABLE ledger.checkpoint (
  size    bigint PRIMARY KEY,
  root    bytea NOT NULL,
  horizon xid8 NOT NULL,    -- every transaction below it had ended when this was sealed
  sysid   bigint NOT NULL,  -- of the database cluster: transaction numbers mean nothing in another one
  note    text NOT NULL,
  at      timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION ledger.redact_v1(image jsonb, columns text[]) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY columns LOOP
    IF image ->> name IS NOT NULL THEN
      image := jsonb_set(image, ARRAY[name],
                         to_jsonb('sha256:' || encode(sha256(convert_to(image ->> name, 'UTF8')), 'hex')));
    END IF;
  END LOOP;
  RETURN image;
END
$$;

-- The session's settings may not change how a value is written down.
CREATE FUNCTION ledger.capture_v1() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET bytea_output = 'hex' SET intervalstyle = 'postgres'
SET extra_float_digits = 1 AS $$
DECLARE
  before jsonb;
  after jsonb;
  body text;
  writer xid8 := pg_current_xact_id();
  record text := TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME;
  key text;
  context jsonb := nullif(current_setting('app.ctx', true), '')::jsonb;
BEGIN
  IF coalesce(context ->> 'actor', '') = '' THEN
    RAISE EXCEPTION 'a write to % names no actor', record USING ERRCODE = '42501';
  END IF;
  IF TG_OP <> 'INSERT' THEN before := to_jsonb(OLD); END IF;
  IF TG_OP <> 'DELETE' THEN after := to_jsonb(NEW); END IF;
  IF TG_OP = 'UPDATE' AND before::text = after::text THEN RETURN NULL; END IF;
  key := coalesce(after, before) ->> TG_ARGV[0];
  IF TG_NARGS > 1 THEN
    before := ledger.redact_v1(before, TG_ARGV[1:]);
    after := ledger.redact_v1(after, TG_ARGV[1:]);
  END IF;
  body := jsonb_build_object('v', 1, 'tbl', record, 'op', TG_OP, 'pk', key, 'old', before, 'new', after,
                             'ctx', context, 'db', session_user, 'xid', writer::text, 'at', clock_timestamp())::text;
  INSERT INTO ledger.entry (xid, tbl, pk, leaf, body)
  VALUES (writer, record, key, sha256('\x00'::bytea || convert_to(body, 'UTF8')), body);
  RETURN NULL;
END
$$;

CREATE FUNCTION ledger.deny_v1() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION '% on %.% is not allowed', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = '42501';
END
$$;

-- Attached with a WHEN that holds the permitted pairs, so that it runs only for what is refused.
CREATE FUNCTION ledger.refuse_status_v1() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'the % of %.% may not become "%"', TG_ARGV[0], TG_TABLE_SCHEMA, TG_TABLE_NAME,
    to_jsonb(NEW) ->> TG_ARGV[0] USING ERRCODE = '23514', CONSTRAINT = TG_NAME;
END
$$;

-- A signature is a human's own, under the name printed, over exactly this text. 21 CFR 11.50, 11.70, 11.100.
CREATE FUNCTION ledger.signature_v1() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  signer record;
BEGIN
  SELECT * INTO signer FROM public.accounts_person WHERE id = NEW.signer_id;
  IF signer.kind IS DISTINCT FROM 'human' OR NOT signer.is_active THEN
    RAISE EXCEPTION 'only an active person signs' USING ERRCODE = '23514', CONSTRAINT = 'signature_signer_is_human';
  END IF;
  IF signer.username IS DISTINCT FROM nullif(current_setting('app.ctx', true), '')::jsonb ->> 'actor' THEN
    RAISE EXCEPTION 'a signature is given by the person who acts'
      USING ERRCODE = '23514', CONSTRAINT = 'signature_signer_acts';
  END IF;
  IF NEW.printed_name IS DISTINCT FROM signer.full_name THEN
    RAISE EXCEPTION 'the printed name is not the signer''s'
      USING ERRCODE = '23514', CONSTRAINT = 'signature_printed_name';
  END IF;
  IF NEW.sha256 IS DISTINCT FROM encode(sha256(convert_to(NEW.content, 'UTF8')), 'hex') THEN
    RAISE EXCEPTION 'the digest is not of the content' USING ERRCODE = '23514', CONSTRAINT = 'signature_digest';
  END IF;
  RETURN NEW;
END
$$;

-- What was approved, received or reviewed never changes: the last guard behind the actions, for every room.
-- Attached BEFORE UPDATE, its arguments the columns that stay as they are; a WHEN says from which status on.
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

-- Attaches evidence to a record table; running it again changes nothing. ENABLE ALWAYS: fires under
-- session_replication_role = replica too.
CREATE FUNCTION ledger.track_v1(target regclass, pk text, redacted text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  arguments text;
BEGIN
  SELECT string_agg(quote_literal(argument), ', ') INTO arguments FROM unnest(pk || redacted) AS argument;
  EXECUTE format('CREATE OR REPLACE TRIGGER evidence AFTER INSERT OR UPDATE OR DELETE ON %s '
                 'FOR EACH ROW EXECUTE FUNCTION ledger.capture_v1(%s)', target, arguments);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER evidence', target);
END
$$;

-- Refuses these events ('DELETE', 'UPDATE OR DELETE', 'TRUNCATE', ...) to everybody, the table's owner included.
CREATE FUNCTION ledger.guard_v1(target regclass, events text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  guard text := 'no_' || replace(lower(events), ' or ', '_');
BEGIN
  EXECUTE format('CREATE OR REPLACE TRIGGER %I BEFORE %s ON %s FOR EACH STATEMENT EXECUTE FUNCTION ledger.deny_v1()',
                 guard, events, target);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', target, guard);
END
$$;

SELECT ledger.guard_v1(name::regclass, 'UPDATE OR DELETE OR TRUNCATE')
FROM unnest(ARRAY['ledger.entry', 'ledger.leaf', 'ledger.node', 'ledger.checkpoint']) AS name;

-- Without this anybody could hang capture_v1 on a table of their own and write entries through it.
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.redact_v1(jsonb, text[]) TO gk_app, gk_auditor;
GRANT USAGE ON SCHEMA ledger TO gk_app, gk_sealer, gk_auditor;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO gk_app, gk_sealer, gk_auditor;
GRANT INSERT ON ledger.leaf, ledger.node, ledger.checkpoint TO gk_sealer;
RESET ROLE;
