-- Empties the partition of a month whose readings lie in files. Only the owner of the tables may call it: who serves
-- people has no way to take a reading out of the database. The partition stays: what comes late goes into it, and
-- emptying it locks this month alone, where detaching one would lock all months and the table of frames.
-- ``archives`` are the parts (monitoring_archivedmonth) that hold it, exactly it: each is recorded as dropped, and the
-- evidence of its manifest and of the dropping is sealed, before anything goes. Returns the number of segments.
CREATE FUNCTION monitoring_segment_month_emptied_v1(at timestamptz, archives bigint[]) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '5s' AS $$
DECLARE
  month timestamptz := date_trunc('month', at);
  partition text := 'public.monitoring_segment_' || to_char(month, 'YYYY_MM');
  differing bigint;
  held bigint;
BEGIN
  IF to_regclass(partition) IS NULL THEN
    RAISE EXCEPTION 'the month of % has no readings', at USING ERRCODE = '22023';
  END IF;
  IF EXISTS (
    SELECT FROM unnest(archives) AS wanted(id)
    LEFT JOIN public.monitoring_archivedmonth a ON a.id = wanted.id AND a.month_date = month::date
    LEFT JOIN LATERAL (SELECT m.id, m.kind FROM public.monitoring_archivemove m WHERE m.archive_id = a.id
                       ORDER BY m.id DESC LIMIT 1) AS newest ON true
    WHERE newest.kind IS DISTINCT FROM 'dropped' OR (
      SELECT count(*) FROM ledger.entry e JOIN ledger.leaf l ON l.entry_id = e.id
      WHERE (e.tbl, e.pk) IN (('public.monitoring_archivedmonth', a.id::text),
                              ('public.monitoring_archivemove', newest.id::text))) < 2
  ) THEN
    RAISE EXCEPTION 'a part is of another month, not recorded as dropped, or its evidence is not sealed'
      USING ERRCODE = '55000';
  END IF;
  EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', partition);
  EXECUTE format(
    'WITH here AS (SELECT source_id, count(*) AS segments, sum(count)::bigint AS samples FROM %s GROUP BY source_id),
          filed AS (SELECT source_id, sum(segments)::bigint AS segments, sum(samples)::bigint AS samples
                    FROM public.monitoring_archivedmonth WHERE id = ANY($1) GROUP BY source_id)
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
REVOKE EXECUTE ON FUNCTION monitoring_segment_month_emptied_v1(timestamptz, bigint[]) FROM PUBLIC;
