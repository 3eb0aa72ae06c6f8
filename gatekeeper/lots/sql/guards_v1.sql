-- What a lot is never changes: its number, what it is a lot of, where it lies and who registered it. What it was made or
-- received as is written once, and a material keeps the unit in which its lots are counted.
CREATE TRIGGER frozen BEFORE UPDATE ON lots_lot FOR EACH ROW
  EXECUTE FUNCTION ledger.refuse_frozen_v1('number', 'material_id', 'site_id', 'registered_at', 'registered_by_id');
CREATE TRIGGER frozen_quantity BEFORE UPDATE ON lots_lot FOR EACH ROW WHEN (OLD.quantity > 0)
  EXECUTE FUNCTION ledger.refuse_frozen_v1('quantity', 'expiry_date');
CREATE TRIGGER frozen BEFORE UPDATE ON lots_material FOR EACH ROW
  EXECUTE FUNCTION ledger.refuse_frozen_v1('code', 'kind', 'unit');
ALTER TABLE lots_lot ENABLE ALWAYS TRIGGER frozen;
ALTER TABLE lots_lot ENABLE ALWAYS TRIGGER frozen_quantity;
ALTER TABLE lots_material ENABLE ALWAYS TRIGGER frozen;

-- The family of lots has no circle: the last guard behind actions.genealogy (domain.md 1.5).
CREATE FUNCTION lots_use_guard_v1() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_catalog, pg_temp AS $$
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
