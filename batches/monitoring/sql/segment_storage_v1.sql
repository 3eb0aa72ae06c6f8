-- Columns of samples are written and read whole: compressing them on the way costs more than the disk it saves.
ALTER TABLE monitoring_segment
  ALTER COLUMN times SET STORAGE EXTERNAL,
  ALTER COLUMN values SET STORAGE EXTERNAL,
  ALTER COLUMN quality SET STORAGE EXTERNAL;
