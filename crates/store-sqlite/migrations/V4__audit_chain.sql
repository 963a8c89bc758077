-- What a refused client was told, and how many a row stands for.
ALTER TABLE events ADD COLUMN problem TEXT;
ALTER TABLE events ADD COLUMN times INTEGER;

-- The place in the chain, the key and the seal. Empty until the sealer has been there.
ALTER TABLE events ADD COLUMN seq INTEGER;
ALTER TABLE events ADD COLUMN seal_key INTEGER;
ALTER TABLE events ADD COLUMN seal BLOB;
CREATE INDEX events_unsealed ON events (id) WHERE seq IS NULL;
CREATE UNIQUE INDEX events_by_seq ON events (seq) WHERE seq IS NOT NULL;

-- The two ends of the chain, signed.
CREATE TABLE audit_marks (
  name    TEXT    NOT NULL PRIMARY KEY,
  seq     INTEGER NOT NULL,
  seal    BLOB    NOT NULL,
  mac_key INTEGER NOT NULL,
  mac     BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

-- Work that one process does at a time.
CREATE TABLE leases (
  name    TEXT    NOT NULL PRIMARY KEY,
  ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
