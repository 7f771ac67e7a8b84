-- Agents that may do nothing for now. At most one row of an agent is in force: that without `ended_at`.
CREATE TABLE suspensions (
    id       TEXT NOT NULL PRIMARY KEY,
    agent    TEXT NOT NULL,
    reason   TEXT NOT NULL,
    by_whom  TEXT NOT NULL,
    at       BIGINT NOT NULL,
    ended_at BIGINT,
    ended_by TEXT
);
CREATE UNIQUE INDEX suspensions_in_force ON suspensions (agent) WHERE ended_at IS NULL;
CREATE INDEX suspensions_by_agent ON suspensions (agent, at);

-- A receipt for each step of a suspension: how many subjects it concerns, on how many it has taken effect, and on how
-- many it could not. `at` is when it was complete.
CREATE TABLE suspension_steps (
    suspension_id TEXT NOT NULL REFERENCES suspensions (id) ON DELETE CASCADE,
    ordinal       BIGINT NOT NULL,
    step          TEXT NOT NULL,
    concerned     BIGINT NOT NULL,
    done          BIGINT NOT NULL,
    failed        BIGINT NOT NULL,
    at            BIGINT,
    PRIMARY KEY (suspension_id, ordinal)
);

-- Moves of a branch or tag by a registered agent that were put back, once each.
CREATE TABLE strikes (
    subject_key TEXT NOT NULL,
    id          TEXT NOT NULL,
    agent       TEXT NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (subject_key, id)
);
CREATE INDEX strikes_by_agent ON strikes (subject_key, agent, at);

-- Incidents on their way out, once for each target. A post under way is due again when its time has run out.
CREATE TABLE incident_posts (
    incident_id TEXT NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    target      TEXT NOT NULL,
    state       TEXT NOT NULL,
    attempts    BIGINT NOT NULL,
    due_at      BIGINT NOT NULL,
    posted_at   BIGINT,
    outcome     TEXT,
    PRIMARY KEY (incident_id, target)
);
CREATE INDEX incident_posts_by_due ON incident_posts (target, state, due_at);
