-- Who had a part in a lot does not release it: the last guard behind rules.separation (domain.md 7.5, G-12).
CREATE FUNCTION release_disposition_guard_v1() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.decision = 'released' AND (
    EXISTS (
      SELECT FROM batches_batchrecord r WHERE r.lot_id = NEW.lot_id AND r.reviewed_by_id = NEW.decided_by_id
    ) OR EXISTS (
      SELECT FROM batches_phase p JOIN batches_batchrecord r ON r.id = p.batch_record_id
      WHERE r.lot_id = NEW.lot_id AND NEW.decided_by_id IN (p.started_by_id, p.performed_by_id, p.verified_by_id)
    ) OR EXISTS (
      SELECT FROM batches_inprocessresult i JOIN batches_phase p ON p.id = i.phase_id
      JOIN batches_batchrecord r ON r.id = p.batch_record_id
      WHERE r.lot_id = NEW.lot_id AND NEW.decided_by_id IN (i.entered_by_id, i.verified_by_id)
    ) OR EXISTS (
      SELECT FROM lots_use u JOIN batches_batchrecord r ON r.number = u.batch_record
      WHERE r.lot_id = NEW.lot_id AND u.used_by_id = NEW.decided_by_id
    ) OR EXISTS (
      SELECT FROM release_result t
      WHERE t.lot_id = NEW.lot_id AND NEW.decided_by_id IN (t.entered_by_id, t.reviewed_by_id)
    ) OR EXISTS (
      SELECT FROM release_review v JOIN batches_batchrecord r ON r.id = v.batch_record_id
      WHERE r.lot_id = NEW.lot_id AND v.reviewed_by_id = NEW.decided_by_id
    )
  ) THEN
    RAISE EXCEPTION 'who had a part in lot % does not release it', NEW.lot_id
      USING ERRCODE = '23514', CONSTRAINT = 'disposition_releaser_is_not_maker';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER disposition_guard BEFORE INSERT ON release_disposition
  FOR EACH ROW EXECUTE FUNCTION release_disposition_guard_v1();

-- A correction of a result is a new row; a review and an invalidation are added to it, each once.
CREATE TRIGGER frozen BEFORE UPDATE ON release_result FOR EACH ROW
  EXECUTE FUNCTION ledger.refuse_frozen_v1('lot_id', 'test', 'method', 'sample', 'reported', 'unit', 'replicates',
    'measured_at', 'analyst', 'instrument_file_id', 'locator', 'entered_at', 'entered_by_id', 'supersedes_id');
CREATE TRIGGER frozen_review BEFORE UPDATE ON release_result FOR EACH ROW WHEN (OLD.status <> 'entered')
  EXECUTE FUNCTION ledger.refuse_frozen_v1('reviewed_at', 'reviewed_by_id');
CREATE TRIGGER frozen_reason BEFORE UPDATE ON release_result FOR EACH ROW
  WHEN (OLD.status = 'invalidated' OR NEW.status <> 'invalidated')
  EXECUTE FUNCTION ledger.refuse_frozen_v1('reason');
ALTER TABLE release_result ENABLE ALWAYS TRIGGER frozen;
ALTER TABLE release_result ENABLE ALWAYS TRIGGER frozen_review;
ALTER TABLE release_result ENABLE ALWAYS TRIGGER frozen_reason;
