-- Readings by the month of their frame's first time, keys led by the source: a month leaves as a whole, sources spread
-- over machines. The key to the frame holds that time too, so that one segment a frame and tag stays one in all months.
CREATE TABLE readings_segment (
  source_id bigint NOT NULL,
  frame_id  bigint NOT NULL,
  tag_id    bigint NOT NULL REFERENCES readings_tag,
  frame_at  timestamptz NOT NULL,
  first_us  bigint NOT NULL,
  last_us   bigint NOT NULL,
  count     integer NOT NULL CHECK (count >= 0),
  times     bytea NOT NULL,
  values    bytea NOT NULL,
  quality   bytea,
  CONSTRAINT segment_place PRIMARY KEY (source_id, frame_id, tag_id, frame_at),
  CONSTRAINT segment_of_frame FOREIGN KEY (source_id, frame_id, frame_at)
    REFERENCES readings_frame (source_id, id, first_at)
) PARTITION BY RANGE (frame_at);
-- Columns of samples are written and read whole: compressing them on the way costs more than the disk it saves.
ALTER TABLE readings_segment
  ALTER COLUMN times SET STORAGE EXTERNAL,
  ALTER COLUMN values SET STORAGE EXTERNAL,
  ALTER COLUMN quality SET STORAGE EXTERNAL;
CREATE INDEX segment_when ON readings_segment (tag_id, first_us, last_us);
-- Who looks for what touches a time looks a day back, and here for the few that are longer than a day.
CREATE INDEX segment_long ON readings_segment (tag_id, last_us) WHERE last_us - first_us > 86400000000;
CREATE TABLE readings_segment_before PARTITION OF readings_segment
  FOR VALUES FROM (MINVALUE) TO ('2000-01-01 00:00:00+00');
CREATE TABLE readings_segment_after PARTITION OF readings_segment
  FOR VALUES FROM ('2100-01-01 00:00:00+00') TO (MAXVALUE);

-- Makes the partition of a month when it is missing and returns whether it did. Attaching lets readers and writers of
-- the other months go on; call it before writing to readings_frame in the same transaction, because it waits there.
-- Of two first frames of a month at once the second waits; a query of the catalogue sees what was committed meanwhile.
CREATE FUNCTION readings_segment_month_v1(at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  month timestamptz := date_trunc('month', at);
  name text := 'readings_segment_' || to_char(month, 'YYYY_MM');
BEGIN
  IF at < '2000-01-01 00:00:00+00' OR at >= '2100-01-01 00:00:00+00' OR to_regclass('public.' || name) IS NOT NULL THEN
    RETURN false;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('readings_segment_month', 0));
  IF EXISTS (SELECT FROM pg_class WHERE relname = name AND relnamespace = 'public'::regnamespace) THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE public.%I (LIKE public.readings_segment INCLUDING ALL)', name);
  EXECUTE format('ALTER TABLE public.readings_segment ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                 name, month, month + interval '1 month');
  RETURN true;
END
$$;
REVOKE EXECUTE ON FUNCTION readings_segment_month_v1(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION readings_segment_month_v1(timestamptz) TO gk_app;

CREATE TABLE readings_envelope (
  source_id bigint NOT NULL REFERENCES readings_source,
  tag_id    bigint NOT NULL REFERENCES readings_tag,
  first_us  bigint NOT NULL,
  low       double precision NOT NULL,
  high      double precision NOT NULL,
  total     double precision NOT NULL,
  minute    integer NOT NULL,
  count     integer NOT NULL,
  PRIMARY KEY (source_id, tag_id, minute)
) WITH (fillfactor = 80);

-- Empties the partition of a month whose readings lie in files. Only the owner of the tables may call it: who serves
-- people has no way to take a reading out of the database. The partition stays: what comes late goes into it, and
-- emptying it locks this month alone, where detaching one would lock all months and the table of frames.
-- ``archives`` are the parts (readings_archivedmonth) that hold it, exactly it: each is recorded as dropped, and the
-- evidence of its manifest and of the dropping is sealed, before anything goes. Returns the number of segments.
CREATE FUNCTION readings_segment_month_emptied_v1(at timestamptz, archives bigint[]) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '5s' AS $$
DECLARE
  month timestamptz := date_trunc('month', at);
  partition text := 'public.readings_segment_' || to_char(month, 'YYYY_MM');
  differing bigint;
  held bigint;
BEGIN
  IF to_regclass(partition) IS NULL THEN
    RAISE EXCEPTION 'the month of % has no readings', at USING ERRCODE = '22023';
  END IF;
  IF EXISTS (
    SELECT FROM unnest(archives) AS wanted(id)
    LEFT JOIN public.readings_archivedmonth a ON a.id = wanted.id AND a.month_date = month::date
    LEFT JOIN LATERAL (SELECT m.id, m.kind FROM public.readings_archivemove m WHERE m.archive_id = a.id
                       ORDER BY m.id DESC LIMIT 1) AS newest ON true
    WHERE newest.kind IS DISTINCT FROM 'dropped' OR (
      SELECT count(*) FROM ledger.entry e JOIN ledger.leaf l ON l.entry_id = e.id
      WHERE (e.tbl, e.pk) IN (('public.readings_archivedmonth', a.id::text),
                              ('public.readings_archivemove', newest.id::text))) < 2
  ) THEN
    RAISE EXCEPTION 'a part is of another month, not recorded as dropped, or its evidence is not sealed'
      USING ERRCODE = '55000';
  END IF;
  EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', partition);
  EXECUTE format(
    'WITH here AS (SELECT source_id, count(*) AS segments, sum(count)::bigint AS samples FROM %s GROUP BY source_id),
          filed AS (SELECT source_id, sum(segments)::bigint AS segments, sum(samples)::bigint AS samples
                    FROM public.readings_archivedmonth WHERE id = ANY($1) GROUP BY source_id)
     SELECT count(*) FILTER (WHERE (here.segments, here.samples) IS DISTINCT FROM (filed.segments, filed.samples)),
            coalesce(sum(here.segments), 0)
     FROM here FULL JOIN filed USING (source_id)', partition) USING archives INTO differing, held;
  IF differing > 0 THEN
    RAISE EXCEPTION 'the readings of % are not exactly those of these parts', to_char(month, 'YYYY-MM')
      USING ERRCODE = '55000';
  END IF;
  EXECUTE format('TRUNCATE %s', partition);
  RETURN held;
END
$$;
REVOKE EXECUTE ON FUNCTION readings_segment_month_emptied_v1(timestamptz, bigint[]) FROM PUBLIC;
