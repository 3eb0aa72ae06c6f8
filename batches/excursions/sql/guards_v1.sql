-- What was approved never changes: the last guard behind the actions.
CREATE TRIGGER frozen BEFORE UPDATE ON excursions_ruleset FOR EACH ROW WHEN (OLD.status <> 'draft')
  EXECUTE FUNCTION ledger.refuse_frozen_v1('code', 'version', 'title', 'content', 'sha256', 'authored_at',
    'authored_by_id', 'approved_at', 'approved_by_id');
ALTER TABLE excursions_ruleset ENABLE ALWAYS TRIGGER frozen;
