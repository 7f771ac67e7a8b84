-- What only a signed delivery tells of a subject, such as who moved a branch. `judged_at` is NULL until a look has
-- judged it. Evidence: never pruned.
CREATE TABLE evidence (
    subject_key TEXT NOT NULL,
    id          TEXT NOT NULL,
    body        TEXT NOT NULL,
    at          BIGINT NOT NULL,
    judged_at   BIGINT,
    PRIMARY KEY (subject_key, id)
);
CREATE INDEX evidence_open ON evidence (subject_key, at) WHERE judged_at IS NULL;

-- What went past the gate or was taken back. `group_key` holds those together that belong together.
CREATE TABLE incidents (
    id           TEXT NOT NULL PRIMARY KEY,
    group_key    TEXT,
    kind         TEXT NOT NULL,
    repo_id      BIGINT NOT NULL,
    repo         TEXT NOT NULL,
    title        TEXT NOT NULL,
    who_id       BIGINT,
    who_login    TEXT,
    agent        TEXT,
    state        TEXT NOT NULL,
    reason       TEXT,
    state_by     TEXT,
    opened_at    BIGINT NOT NULL,
    last_at      BIGINT NOT NULL,
    state_at     BIGINT NOT NULL,
    parts        BIGINT NOT NULL
);
CREATE INDEX incidents_by_state ON incidents (state, opened_at);
CREATE INDEX incidents_by_group ON incidents (group_key, last_at);

-- Each thing that an incident is about, once.
CREATE TABLE incident_parts (
    once_key    TEXT NOT NULL PRIMARY KEY,
    incident_id TEXT NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    subject_key TEXT NOT NULL,
    verdict_id  TEXT NOT NULL,
    title       TEXT NOT NULL,
    body        TEXT NOT NULL,
    at          BIGINT NOT NULL
);
CREATE INDEX incident_parts_by_incident ON incident_parts (incident_id, at);
CREATE INDEX incident_parts_by_subject ON incident_parts (subject_key);
