-- One text for SQLite and PostgreSQL: moments are epoch milliseconds in BIGINT, JSON is TEXT, bytes are BYTEA
-- (SQLite takes any type name and keeps a blob a blob), no engine-only type and no automatic id.

-- Every signed delivery, once per GUID.
CREATE TABLE deliveries (
    guid            TEXT NOT NULL PRIMARY KEY,
    event           TEXT NOT NULL,
    action          TEXT,
    repo_id         BIGINT,
    repo            TEXT,
    installation_id BIGINT,
    sender_id       BIGINT,
    sender_login    TEXT,
    sender_kind     TEXT,
    received_at     BIGINT NOT NULL,
    seen            BIGINT NOT NULL,
    state           TEXT NOT NULL,
    unfinished      BIGINT NOT NULL,
    settled_at      BIGINT,
    error_path      TEXT,
    error           TEXT,
    body            BYTEA,
    body_bytes      BIGINT NOT NULL
);
CREATE INDEX deliveries_by_state ON deliveries (state, received_at);
CREATE INDEX deliveries_by_time ON deliveries (received_at, guid);
CREATE INDEX deliveries_by_settling ON deliveries (settled_at);
CREATE INDEX deliveries_with_body ON deliveries (settled_at) WHERE body IS NOT NULL;

-- What a delivery asked to look at again, and the generation it raised the subject to.
CREATE TABLE delivery_work (
    guid        TEXT NOT NULL REFERENCES deliveries (guid) ON DELETE CASCADE,
    subject_key TEXT NOT NULL,
    generation  BIGINT NOT NULL,
    done_at     BIGINT,
    PRIMARY KEY (guid, subject_key)
);
CREATE INDEX delivery_work_by_subject ON delivery_work (subject_key, done_at);

-- One row per subject, kept when idle: its floor and its newest head find it again.
-- `ended` is 1 when only a delivery can bring news, as of a closed pull request.
-- `due_at` is when the row may next be claimed; a lease moves it to the lease's end; NULL is idle.
-- `turn_at` is its place in the queue among those that are due; a lease leaves it alone.
-- `heard_at` is the moment that `subject` is of: a late delivery brings no old name back.
CREATE TABLE work (
    subject_key        TEXT NOT NULL PRIMARY KEY,
    subject            TEXT NOT NULL,
    heard_at           BIGINT NOT NULL,
    repo_id            BIGINT NOT NULL,
    generation         BIGINT NOT NULL,
    done_generation    BIGINT NOT NULL,
    floor_at           BIGINT,
    floor_head         TEXT,
    floor_review       BIGINT,
    floor_review_state TEXT,
    verdict_head       TEXT,
    verdicts           BIGINT NOT NULL,
    due_at             BIGINT,
    turn_at            BIGINT,
    due_since          BIGINT,
    lease_token        TEXT,
    attempts           BIGINT NOT NULL,
    last_error         TEXT,
    ended              BIGINT NOT NULL
);
CREATE INDEX work_by_due ON work (due_at);
CREATE INDEX work_by_turn ON work (turn_at, subject_key, due_at);
CREATE INDEX work_by_floor_head ON work (repo_id, floor_head);
CREATE INDEX work_by_verdict_head ON work (repo_id, verdict_head);

-- Who pushed, according to signed deliveries. Evidence: never pruned.
CREATE TABLE pushers (
    subject_key TEXT NOT NULL,
    guid        TEXT NOT NULL,
    actor_id    BIGINT NOT NULL,
    login       TEXT NOT NULL,
    kind        TEXT NOT NULL,
    head        TEXT,
    at          BIGINT NOT NULL,
    PRIMARY KEY (subject_key, guid)
);

CREATE TABLE verdicts (
    id           TEXT NOT NULL PRIMARY KEY,
    subject_key  TEXT NOT NULL,
    ordinal      BIGINT NOT NULL,
    repo_id      BIGINT NOT NULL,
    repo         TEXT NOT NULL,
    number       BIGINT NOT NULL,
    head         TEXT NOT NULL,
    conclusion   TEXT NOT NULL,
    enforcement  TEXT NOT NULL,
    digest       TEXT NOT NULL,
    rules_digest TEXT NOT NULL,
    facts        BYTEA NOT NULL,
    verdict      BYTEA NOT NULL,
    decided_at   BIGINT NOT NULL,
    replaced_at  BIGINT,
    UNIQUE (subject_key, ordinal)
);
CREATE INDEX verdicts_by_head ON verdicts (repo_id, head);
CREATE INDEX verdicts_by_number ON verdicts (repo, number);
CREATE INDEX verdicts_by_replacing ON verdicts (replaced_at);

CREATE TABLE actions (
    verdict_id  TEXT NOT NULL REFERENCES verdicts (id) ON DELETE CASCADE,
    ordinal     BIGINT NOT NULL,
    subject_key TEXT NOT NULL,
    kind        TEXT NOT NULL,
    once_key    TEXT NOT NULL,
    body        TEXT NOT NULL,
    state       TEXT NOT NULL,
    outcome     TEXT,
    at          BIGINT NOT NULL,
    PRIMARY KEY (verdict_id, ordinal)
);
CREATE INDEX actions_by_subject ON actions (subject_key, state);

-- Small things to remember between runs, such as the last good rules.
CREATE TABLE kv (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
