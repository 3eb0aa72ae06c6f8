-- Of one kind and scope one version is in force at a time. btree_gist, a trusted extension, compares texts in the index.
CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;
ALTER TABLE documents_document ADD CONSTRAINT document_one_in_force EXCLUDE USING gist (
  kind WITH =, scope WITH =, tstzrange(effective_from, effective_until) WITH &&) WHERE (effective_from IS NOT NULL);
-- A version is never edited: what is wrong in a draft is put right in the next version.
CREATE TRIGGER frozen BEFORE UPDATE ON documents_document FOR EACH ROW
  EXECUTE FUNCTION ledger.refuse_frozen_v1('kind', 'code', 'version', 'title', 'scope', 'content', 'sha256', 'source',
    'media_type', 'reason', 'authored_at', 'authored_by_id');
CREATE TRIGGER frozen_approval BEFORE UPDATE ON documents_document FOR EACH ROW WHEN (OLD.status <> 'draft')
  EXECUTE FUNCTION ledger.refuse_frozen_v1('approved_at', 'approved_by_id', 'supersedes_id', 'effective_from');
-- The end of a version is set once: by the version that supersedes it, or by its retirement.
CREATE TRIGGER frozen_end BEFORE UPDATE ON documents_document FOR EACH ROW WHEN (OLD.effective_until IS NOT NULL)
  EXECUTE FUNCTION ledger.refuse_frozen_v1('effective_until');
CREATE TRIGGER frozen_retirement BEFORE UPDATE ON documents_document FOR EACH ROW WHEN (OLD.status = 'retired')
  EXECUTE FUNCTION ledger.refuse_frozen_v1('retired_at', 'retired_by_id', 'retired_reason');
ALTER TABLE documents_document ENABLE ALWAYS TRIGGER frozen;
ALTER TABLE documents_document ENABLE ALWAYS TRIGGER frozen_approval;
ALTER TABLE documents_document ENABLE ALWAYS TRIGGER frozen_end;
ALTER TABLE documents_document ENABLE ALWAYS TRIGGER frozen_retirement;
