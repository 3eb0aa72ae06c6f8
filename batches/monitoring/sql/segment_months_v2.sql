-- Two first frames of a month at once: who waited for the other saw in a cache that the month was missing, and made it
-- again. A query of the catalogue sees what was committed meanwhile. All else is as in version 1.
CREATE FUNCTION monitoring_segment_month_v2(at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  month timestamptz := date_trunc('month', at);
  name text := 'monitoring_segment_' || to_char(month, 'YYYY_MM');
BEGIN
  IF at < '2000-01-01 00:00:00+00' OR at >= '2100-01-01 00:00:00+00' OR to_regclass('public.' || name) IS NOT NULL THEN
    RETURN false;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('monitoring_segment_month', 0));
  IF EXISTS (SELECT FROM pg_class WHERE relname = name AND relnamespace = 'public'::regnamespace) THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE public.%I (LIKE public.monitoring_segment INCLUDING ALL)', name);
  EXECUTE format('ALTER TABLE public.monitoring_segment ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                 name, month, month + interval '1 month');
  RETURN true;
END
$$;
REVOKE EXECUTE ON FUNCTION monitoring_segment_month_v2(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION monitoring_segment_month_v2(timestamptz) TO gk_app;
DROP FUNCTION monitoring_segment_month_v1(timestamptz);

-- What waits from before names its frames as a list and its source as its share.
UPDATE ledger_outbox AS waiting SET payload = jsonb_build_object('frames', jsonb_build_array(f.id)), share = s.code
FROM monitoring_frame f JOIN monitoring_source s ON s.id = f.source_id
WHERE waiting.kind = 'readings_recorded' AND waiting.done_at IS NULL AND f.id = (waiting.payload ->> 'frame')::bigint;
