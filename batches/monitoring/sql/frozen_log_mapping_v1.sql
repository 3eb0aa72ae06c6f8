-- An approved mapping never changes: logs were read by it. The very write that approves it may not change it either.
CREATE TRIGGER frozen BEFORE UPDATE ON monitoring_logmapping FOR EACH ROW
  WHEN (OLD.status <> 'draft' OR NEW.status <> 'draft')
  EXECUTE FUNCTION ledger.refuse_frozen_v1('code', 'version', 'title', 'content', 'sha256', 'authored_at',
    'authored_by_id');
CREATE TRIGGER frozen_approval BEFORE UPDATE ON monitoring_logmapping FOR EACH ROW WHEN (OLD.status <> 'draft')
  EXECUTE FUNCTION ledger.refuse_frozen_v1('approved_at', 'approved_by_id');
ALTER TABLE monitoring_logmapping ENABLE ALWAYS TRIGGER frozen;
ALTER TABLE monitoring_logmapping ENABLE ALWAYS TRIGGER frozen_approval;
