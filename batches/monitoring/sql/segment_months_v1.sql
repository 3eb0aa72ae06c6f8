-- Readings by the month of their frame's first time, keys led by the source: a month leaves as a whole, sources spread
-- over machines. The key to the frame holds that time too, so that one segment a frame and tag stays one in all months.
ALTER TABLE monitoring_segment RENAME TO monitoring_segment_in_one;
CREATE TABLE monitoring_segment (
  source_id bigint NOT NULL,
  frame_id  bigint NOT NULL,
  tag_id    bigint NOT NULL REFERENCES monitoring_tag,
  frame_at  timestamptz NOT NULL,
  first_us  bigint NOT NULL,
  last_us   bigint NOT NULL,
  count     integer NOT NULL CHECK (count >= 0),
  times     bytea NOT NULL,
  values    bytea NOT NULL,
  quality   bytea,
  CONSTRAINT segment_place PRIMARY KEY (source_id, frame_id, tag_id, frame_at),
  CONSTRAINT segment_of_frame FOREIGN KEY (source_id, frame_id, frame_at)
    REFERENCES monitoring_frame (source_id, id, first_at)
) PARTITION BY RANGE (frame_at);
-- Columns of samples are written and read whole: compressing them on the way costs more than the disk it saves.
ALTER TABLE monitoring_segment
  ALTER COLUMN times SET STORAGE EXTERNAL,
  ALTER COLUMN values SET STORAGE EXTERNAL,
  ALTER COLUMN quality SET STORAGE EXTERNAL;
CREATE INDEX segment_when ON monitoring_segment (tag_id, first_us, last_us);
-- Who looks for what touches a time looks a day back, and here for the few that are longer than a day.
CREATE INDEX segment_long ON monitoring_segment (tag_id, last_us) WHERE last_us - first_us > 86400000000;
CREATE TABLE monitoring_segment_before PARTITION OF monitoring_segment
  FOR VALUES FROM (MINVALUE) TO ('2000-01-01 00:00:00+00');
CREATE TABLE monitoring_segment_after PARTITION OF monitoring_segment
  FOR VALUES FROM ('2100-01-01 00:00:00+00') TO (MAXVALUE);

-- Makes the partition of a month when it is missing and returns whether it did. Attaching lets readers and writers of
-- the other months go on; call it before writing to monitoring_frame in the same transaction, because it waits there.
CREATE FUNCTION monitoring_segment_month_v1(at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  month timestamptz := date_trunc('month', at);
  name text := 'monitoring_segment_' || to_char(month, 'YYYY_MM');
BEGIN
  IF at < '2000-01-01 00:00:00+00' OR at >= '2100-01-01 00:00:00+00' OR to_regclass('public.' || name) IS NOT NULL THEN
    RETURN false;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('monitoring_segment_month', 0));
  IF to_regclass('public.' || name) IS NOT NULL THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE public.%I (LIKE public.monitoring_segment INCLUDING ALL)', name);
  EXECUTE format('ALTER TABLE public.monitoring_segment ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                 name, month, month + interval '1 month');
  RETURN true;
END
$$;
REVOKE EXECUTE ON FUNCTION monitoring_segment_month_v1(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION monitoring_segment_month_v1(timestamptz) TO gk_app;

SELECT monitoring_segment_month_v1(month)
FROM (SELECT DISTINCT date_trunc('month', first_at, 'UTC') AS month FROM monitoring_frame) AS months;
INSERT INTO monitoring_segment (source_id, frame_id, tag_id, frame_at, first_us, last_us, count, times, values, quality)
SELECT f.source_id, g.frame_id, g.tag_id, f.first_at, g.first_us, g.last_us, g.count, g.times, g.values, g.quality
FROM monitoring_segment_in_one g JOIN monitoring_frame f ON f.id = g.frame_id;
DROP TABLE monitoring_segment_in_one;

CREATE TABLE monitoring_envelope (
  source_id bigint NOT NULL REFERENCES monitoring_source,
  tag_id    bigint NOT NULL REFERENCES monitoring_tag,
  first_us  bigint NOT NULL,
  low       double precision NOT NULL,
  high      double precision NOT NULL,
  total     double precision NOT NULL,
  minute    integer NOT NULL,
  count     integer NOT NULL,
  PRIMARY KEY (source_id, tag_id, minute)
) WITH (fillfactor = 80);
-- What was recorded before has no envelope yet: its frames are looked at once more, which changes no evaluation.
INSERT INTO ledger_outbox (queue, kind, payload, posted_at, due_at, attempts, error)
SELECT 'detection', 'readings_recorded', jsonb_build_object('frame', id), now(), now(), 0, ''
FROM monitoring_frame ORDER BY id;
