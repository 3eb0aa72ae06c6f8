-- What a record was issued or entered with never changes: the last guard behind the actions.
CREATE TRIGGER frozen BEFORE UPDATE ON batches_batchrecord FOR EACH ROW
  EXECUTE FUNCTION ledger.refuse_frozen_v1('number', 'master_id', 'lot_id', 'site_id', 'content', 'sha256',
    'issued_at', 'issued_by_id');
CREATE TRIGGER frozen BEFORE UPDATE ON batches_phase FOR EACH ROW
  EXECUTE FUNCTION ledger.refuse_frozen_v1('batch_record_id', 'code', 'title', 'position');
-- A correction is a new row; only the check of an entry is added to it, once.
CREATE TRIGGER frozen BEFORE UPDATE ON batches_inprocessresult FOR EACH ROW
  EXECUTE FUNCTION ledger.refuse_frozen_v1('phase_id', 'control', 'reported', 'value', 'unit', 'verdict', 'not_done',
    'reason', 'entered_at', 'entered_by_id', 'supersedes_id');
CREATE TRIGGER frozen_check BEFORE UPDATE ON batches_inprocessresult FOR EACH ROW WHEN (OLD.verified_by_id IS NOT NULL)
  EXECUTE FUNCTION ledger.refuse_frozen_v1('verified_at', 'verified_by_id');
CREATE TRIGGER frozen BEFORE UPDATE ON batches_deviation FOR EACH ROW
  EXECUTE FUNCTION ledger.refuse_frozen_v1('number', 'batch_record_id', 'phase_id', 'origin', 'origin_key', 'severity',
    'title', 'description', 'title_code', 'title_params', 'opened_at', 'opened_by_id');
ALTER TABLE batches_batchrecord ENABLE ALWAYS TRIGGER frozen;
ALTER TABLE batches_phase ENABLE ALWAYS TRIGGER frozen;
ALTER TABLE batches_inprocessresult ENABLE ALWAYS TRIGGER frozen;
ALTER TABLE batches_deviation ENABLE ALWAYS TRIGGER frozen;
ALTER TABLE batches_inprocessresult ENABLE ALWAYS TRIGGER frozen_check;
