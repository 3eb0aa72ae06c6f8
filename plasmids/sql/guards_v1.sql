-- A construct and the papers of a received lot never change: lots were judged by them.
CREATE TRIGGER frozen BEFORE UPDATE ON plasmids_plasmid FOR EACH ROW
  EXECUTE FUNCTION ledger.refuse_frozen_v1('code', 'role', 'size_bp', 'sequence_sha256', 'material_id',
    'registered_at', 'registered_by_id');
CREATE TRIGGER frozen BEFORE UPDATE ON plasmids_plasmidlot FOR EACH ROW
  EXECUTE FUNCTION ledger.refuse_frozen_v1('lot_id', 'plasmid_id', 'specification_id', 'certificate_number',
    'sequence_sha256');
ALTER TABLE plasmids_plasmid ENABLE ALWAYS TRIGGER frozen;
ALTER TABLE plasmids_plasmidlot ENABLE ALWAYS TRIGGER frozen;
