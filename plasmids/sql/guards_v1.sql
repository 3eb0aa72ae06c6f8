-- A construct, the papers of a received lot and an approved specification never change: lots were judged by them.
CREATE TRIGGER frozen BEFORE UPDATE ON plasmids_plasmid FOR EACH ROW
  EXECUTE FUNCTION ledger.refuse_frozen_v1('code', 'role', 'size_bp', 'sequence_sha256', 'material_id',
    'registered_at', 'registered_by_id');
CREATE TRIGGER frozen BEFORE UPDATE ON plasmids_plasmidlot FOR EACH ROW
  EXECUTE FUNCTION ledger.refuse_frozen_v1('lot_id', 'plasmid_id', 'specification_id', 'certificate_number',
    'sequence_sha256');
-- The very write that approves it may not change it either: the signature is on what was shown.
CREATE TRIGGER frozen BEFORE UPDATE ON plasmids_incomingspecification FOR EACH ROW
  WHEN (OLD.status <> 'draft' OR NEW.status <> 'draft')
  EXECUTE FUNCTION ledger.refuse_frozen_v1('code', 'version', 'title', 'content', 'sha256', 'authored_at',
    'authored_by_id');
CREATE TRIGGER frozen_approval BEFORE UPDATE ON plasmids_incomingspecification FOR EACH ROW
  WHEN (OLD.status <> 'draft')
  EXECUTE FUNCTION ledger.refuse_frozen_v1('approved_at', 'approved_by_id');
ALTER TABLE plasmids_plasmid ENABLE ALWAYS TRIGGER frozen;
ALTER TABLE plasmids_plasmidlot ENABLE ALWAYS TRIGGER frozen;
ALTER TABLE plasmids_incomingspecification ENABLE ALWAYS TRIGGER frozen;
ALTER TABLE plasmids_incomingspecification ENABLE ALWAYS TRIGGER frozen_approval;
