-- What guards a repository or an installation, as the last look that found a change kept it. `turn` counts those.
CREATE TABLE guards (
    subject_key TEXT NOT NULL PRIMARY KEY,
    turn        BIGINT NOT NULL,
    body        TEXT NOT NULL,
    at          BIGINT NOT NULL
);
