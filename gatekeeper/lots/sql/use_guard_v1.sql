-- The family of lots has no circle: the last guard behind actions.genealogy (domain.md 1.5).
CREATE FUNCTION lots_use_guard_v1() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_catalog AS $$
BEGIN
  -- Two edges that close a circle together may be written at once: one writer at a time looks and writes.
  PERFORM pg_advisory_xact_lock(7002);
  IF EXISTS (
    WITH RECURSIVE below(lot) AS (
      SELECT NEW.child_id
      UNION
      SELECT u.child_id FROM lots_use u JOIN below b ON u.parent_id = b.lot
    ) SELECT 1 FROM below WHERE lot = NEW.parent_id
  ) THEN
    RAISE EXCEPTION 'lot % would be made from itself', NEW.parent_id USING ERRCODE = '23514', CONSTRAINT = 'use_makes_no_circle';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER use_guard BEFORE INSERT ON lots_use FOR EACH ROW EXECUTE FUNCTION lots_use_guard_v1();
