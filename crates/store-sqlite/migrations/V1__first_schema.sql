-- Times are milliseconds since 1970. Ids are UUIDs as 16 bytes; new ones are UUIDv7, so tables grow at their end.

CREATE TABLE users (
  namespace        TEXT    NOT NULL,
  id               BLOB    NOT NULL,
  email            TEXT    NOT NULL,
  email_verified   INTEGER NOT NULL,
  status           TEXT    NOT NULL,
  credential_epoch INTEGER NOT NULL,
  password         TEXT    NOT NULL,
  created_at       INTEGER NOT NULL,
  updated_at       INTEGER NOT NULL,
  last_sign_in_at  INTEGER,
  PRIMARY KEY (namespace, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX users_by_email ON users (namespace, email);

-- What an address without an account is verified against.
CREATE TABLE decoys (
  namespace TEXT NOT NULL PRIMARY KEY,
  id        BLOB NOT NULL,
  password  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- No foreign key to users: the sessions of a deleted account stay until they are purged, so that their
-- tokens get a precise answer.
CREATE TABLE sessions (
  id                         BLOB    NOT NULL PRIMARY KEY,
  namespace                  TEXT    NOT NULL,
  user_id                    BLOB    NOT NULL,
  salt                       BLOB    NOT NULL,
  mac_key                    INTEGER NOT NULL,
  credential_epoch           INTEGER NOT NULL,
  body_generation            INTEGER NOT NULL,
  body_rotated_at            INTEGER NOT NULL,
  body_previous_rotated_at   INTEGER NOT NULL,
  cookie_generation          INTEGER NOT NULL,
  cookie_rotated_at          INTEGER NOT NULL,
  cookie_previous_rotated_at INTEGER NOT NULL,
  created_at                 INTEGER NOT NULL,
  last_proof_at              INTEGER NOT NULL,
  idle_deadline              INTEGER NOT NULL,
  absolute_deadline          INTEGER NOT NULL,
  revoked_at                 INTEGER,
  revoke_reason              TEXT,
  user_agent                 TEXT,
  address                    TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (user_id) WHERE revoked_at IS NULL;

CREATE TABLE resets (
  id               BLOB    NOT NULL PRIMARY KEY,
  order_id         BLOB    NOT NULL UNIQUE,
  namespace        TEXT    NOT NULL,
  user_id          BLOB    NOT NULL,
  email            TEXT    NOT NULL,
  credential_epoch INTEGER NOT NULL,
  mac_key          INTEGER NOT NULL,
  expires_at       INTEGER NOT NULL,
  -- Whether an attempt is under way, and whether an earlier one may have reached the mail server. In either
  -- case a resend carries the same link.
  is_attempted     INTEGER NOT NULL,
  may_have_left    INTEGER NOT NULL,
  void_at          INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX resets_by_user ON resets (user_id);

CREATE TABLE outbox (
  id              BLOB    NOT NULL PRIMARY KEY,
  namespace       TEXT    NOT NULL,
  locale          TEXT    NOT NULL,
  kind            TEXT    NOT NULL,
  user_id         BLOB,
  email           TEXT,
  redirect_to     TEXT,
  -- Fills the row up to one size, whatever the address and the target are.
  padding         BLOB    NOT NULL,
  state           TEXT    NOT NULL,
  attempts        INTEGER NOT NULL,
  created_at      INTEGER NOT NULL,
  -- While an order is leased, the end of the lease; once it is sent or dead, that moment.
  next_attempt_at INTEGER NOT NULL,
  last_error      TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_by_state ON outbox (state, next_attempt_at);

CREATE TABLE root_keys (
  id          INTEGER NOT NULL PRIMARY KEY,
  fingerprint BLOB    NOT NULL
) STRICT;

CREATE TABLE signing_keys (
  kid          TEXT    NOT NULL PRIMARY KEY,
  namespace    TEXT    NOT NULL,
  algorithm    TEXT    NOT NULL,
  sealed       BLOB    NOT NULL,
  created_at   INTEGER NOT NULL,
  activates_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- User ids and no addresses of mailboxes: deleting a user needs no edit here.
CREATE TABLE events (
  id         BLOB    NOT NULL PRIMARY KEY,
  at         INTEGER NOT NULL,
  kind       TEXT    NOT NULL,
  namespace  TEXT,
  user_id    BLOB,
  session_id BLOB,
  actor      TEXT    NOT NULL,
  request_id TEXT,
  address    TEXT,
  detail     TEXT
) STRICT, WITHOUT ROWID;

-- Written by the readiness check.
CREATE TABLE pulse (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  at INTEGER NOT NULL
) STRICT;
INSERT INTO pulse VALUES (1, 0);
