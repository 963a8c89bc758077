-- What a refused client was told, and how many a row stands for.
ALTER TABLE events ADD COLUMN IF NOT EXISTS problem TEXT;
ALTER TABLE events ADD COLUMN IF NOT EXISTS times BIGINT;

-- The place in the chain, the key and the seal. Empty until the sealer has been there.
ALTER TABLE events ADD COLUMN IF NOT EXISTS seq BIGINT;
ALTER TABLE events ADD COLUMN IF NOT EXISTS seal_key BIGINT;
ALTER TABLE events ADD COLUMN IF NOT EXISTS seal BYTEA;
CREATE INDEX IF NOT EXISTS events_unsealed ON events (id) WHERE seq IS NULL;
CREATE UNIQUE INDEX IF NOT EXISTS events_by_seq ON events (seq) WHERE seq IS NOT NULL;

-- The two ends of the chain, signed.
CREATE TABLE IF NOT EXISTS audit_marks (
  name    TEXT   NOT NULL PRIMARY KEY,
  seq     BIGINT NOT NULL,
  seal    BYTEA  NOT NULL,
  mac_key BIGINT NOT NULL,
  mac     BYTEA  NOT NULL
);

-- Work that one node does at a time.
CREATE TABLE IF NOT EXISTS leases (
  name    TEXT   NOT NULL PRIMARY KEY,
  ends_at BIGINT NOT NULL
);
