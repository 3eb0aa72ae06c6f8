-- What readings were recorded under stays: now also what happens between two of them, and how often they come.
DROP TRIGGER frozen ON monitoring_tag;
CREATE TRIGGER frozen BEFORE INSERT OR UPDATE ON monitoring_tag FOR EACH ROW
  EXECUTE FUNCTION monitoring_frozen_once_read_v1('source_id', 'source_id', 'code', 'parameter', 'unit', 'range_low',
    'range_high', 'signal_type', 'sampling_s');
ALTER TABLE monitoring_tag ENABLE ALWAYS TRIGGER frozen;
