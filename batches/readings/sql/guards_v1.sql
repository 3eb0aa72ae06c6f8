-- What readings were recorded under never changes: the last guard behind the actions.
-- The first argument is the column that names the source; the others stay as they are once it has sent a frame.
-- A tag is not added then either: phases that have been judged would be judged on other signals.
CREATE FUNCTION readings_frozen_once_read_v1() RETURNS trigger LANGUAGE plpgsql
  SET search_path = public, pg_catalog, pg_temp AS $$
DECLARE
  before jsonb := to_jsonb(OLD);
  after jsonb := to_jsonb(NEW);
  name text;
BEGIN
  IF NOT EXISTS (
    SELECT FROM readings_frame
    WHERE source_id IN ((before ->> TG_ARGV[0])::bigint, (after ->> TG_ARGV[0])::bigint)
  ) THEN
    RETURN NEW;
  END IF;
  IF TG_OP = 'INSERT' THEN
    RAISE EXCEPTION 'the source has sent readings: its tags are frozen'
      USING ERRCODE = '23514', CONSTRAINT = TG_TABLE_NAME || '_frozen';
  END IF;
  FOREACH name IN ARRAY TG_ARGV[1:] LOOP
    IF before -> name IS DISTINCT FROM after -> name THEN
      RAISE EXCEPTION '% of % is frozen', name, TG_TABLE_NAME
        USING ERRCODE = '23514', CONSTRAINT = TG_TABLE_NAME || '_frozen', COLUMN = name;
    END IF;
  END LOOP;
  RETURN NEW;
END $$;
CREATE TRIGGER frozen BEFORE INSERT OR UPDATE ON readings_tag FOR EACH ROW
  EXECUTE FUNCTION readings_frozen_once_read_v1('source_id', 'source_id', 'code', 'parameter', 'unit', 'range_low',
    'range_high', 'signal_type', 'sampling_s');
CREATE TRIGGER frozen BEFORE UPDATE ON readings_source FOR EACH ROW
  EXECUTE FUNCTION readings_frozen_once_read_v1('id', 'code', 'site_id', 'equipment_id', 'registered_at',
    'registered_by_id');
ALTER TABLE readings_tag ENABLE ALWAYS TRIGGER frozen;
ALTER TABLE readings_source ENABLE ALWAYS TRIGGER frozen;
