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
