-- Since when a pull request has had its newest head, as far as looks could tell.
CREATE TABLE heads (
    subject_key TEXT NOT NULL PRIMARY KEY,
    head        TEXT NOT NULL,
    since       BIGINT NOT NULL
);

-- In which pull request a commit was seen first, and the agent that opened it; NULL when a person did. Evidence: never
-- pruned.
CREATE TABLE lineage (
    repo_id BIGINT NOT NULL,
    sha     TEXT NOT NULL,
    number  BIGINT NOT NULL,
    agent   TEXT,
    at      BIGINT NOT NULL,
    PRIMARY KEY (repo_id, sha)
);
