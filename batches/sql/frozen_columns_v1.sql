-- What a record was issued, approved or entered with never changes: the last guard behind the actions.
-- The arguments are the columns that stay as they are.
CREATE FUNCTION batches_frozen_columns_v1() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_catalog AS $$
DECLARE
  before jsonb := to_jsonb(OLD);
  after jsonb := to_jsonb(NEW);
  name text;
BEGIN
  FOREACH name IN ARRAY TG_ARGV LOOP
    IF before -> name IS DISTINCT FROM after -> name THEN
      RAISE EXCEPTION '% of % is frozen', name, TG_TABLE_NAME
        USING ERRCODE = '23514', CONSTRAINT = TG_TABLE_NAME || '_frozen', COLUMN = name;
    END IF;
  END LOOP;
  RETURN NEW;
END $$;
CREATE TRIGGER frozen BEFORE UPDATE ON batches_masterbatchrecord FOR EACH ROW WHEN (OLD.status <> 'draft')
  EXECUTE FUNCTION batches_frozen_columns_v1('code', 'version', 'title', 'material_id', 'content', 'sha256',
    'authored_at', 'authored_by_id', 'approved_at', 'approved_by_id');
CREATE TRIGGER frozen BEFORE UPDATE ON batches_batchrecord FOR EACH ROW
  EXECUTE FUNCTION batches_frozen_columns_v1('number', 'master_id', 'lot_id', 'site_id', 'content', 'sha256',
    'issued_at', 'issued_by_id');
CREATE TRIGGER frozen BEFORE UPDATE ON batches_phase FOR EACH ROW
  EXECUTE FUNCTION batches_frozen_columns_v1('batch_record_id', 'code', 'title', 'position');
-- A correction is a new row; only the check of an entry is added to it, once.
CREATE TRIGGER frozen BEFORE UPDATE ON batches_inprocessresult FOR EACH ROW
  EXECUTE FUNCTION batches_frozen_columns_v1('phase_id', 'control', 'reported', 'value', 'unit', 'verdict', 'not_done',
    'reason', 'entered_at', 'entered_by_id', 'supersedes_id');
CREATE TRIGGER frozen_check BEFORE UPDATE ON batches_inprocessresult FOR EACH ROW WHEN (OLD.verified_by_id IS NOT NULL)
  EXECUTE FUNCTION batches_frozen_columns_v1('verified_at', 'verified_by_id');
CREATE TRIGGER frozen BEFORE UPDATE ON batches_deviation FOR EACH ROW
  EXECUTE FUNCTION batches_frozen_columns_v1('number', 'batch_record_id', 'phase_id', 'origin', 'origin_key', 'severity',
    'title', 'description', 'opened_at', 'opened_by_id');
