CREATE TABLE principals (
  name TEXT PRIMARY KEY,
  agency TEXT NOT NULL,
  source_system TEXT NOT NULL,
  roles TEXT NOT NULL,                 -- words with a blank between them
  disabled INTEGER NOT NULL DEFAULT 0,
  setup_hash BLOB,                     -- SHA-256 of the one-time set-up secret, until it is used
  setup_until_ms INTEGER NOT NULL DEFAULT 0,
  salt BLOB,                           -- argon2id
  password BLOB,
  totp_secret BLOB,                    -- the second factor, where a role needs one
  totp_step INTEGER NOT NULL DEFAULT 0 -- the last step that was used: a code works once
) STRICT;
CREATE TABLE sessions (
  token BLOB PRIMARY KEY,              -- SHA-256
  csrf BLOB NOT NULL,                  -- SHA-256
  name TEXT NOT NULL REFERENCES principals(name) ON DELETE CASCADE,
  made_ms INTEGER NOT NULL,
  seen_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  token BLOB NOT NULL UNIQUE,          -- SHA-256
  agency TEXT NOT NULL,
  source_system TEXT NOT NULL,
  scopes TEXT NOT NULL,                -- words with a blank between them
  certificate BLOB,                    -- SHA-256 of the client certificate it is bound to
  until_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE agencies (
  id TEXT PRIMARY KEY,
  priority_ceiling INTEGER NOT NULL,
  corridors_max INTEGER NOT NULL
) STRICT;
CREATE TABLE reply_targets (
  agency TEXT NOT NULL,
  url TEXT NOT NULL,
  PRIMARY KEY (agency, url)
) STRICT;
CREATE TABLE requests (
  key TEXT PRIMARY KEY,                -- agency/request_id
  nonce TEXT NOT NULL UNIQUE,
  body BLOB NOT NULL,                  -- SHA-256
  at_ms INTEGER NOT NULL,
  answer TEXT                          -- JSON, once there is one
) STRICT;
CREATE INDEX requests_by_time ON requests(at_ms);
CREATE TABLE audit_heads (
  seq INTEGER PRIMARY KEY,
  hash TEXT NOT NULL,
  line TEXT NOT NULL
) STRICT;
