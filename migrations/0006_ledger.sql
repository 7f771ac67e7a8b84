-- Where branches and tags stood when they were last seen. What moved since and no delivery told of is found by
-- comparing.
CREATE TABLE ledger (
    repo_id BIGINT NOT NULL,
    name    TEXT NOT NULL,
    tip     TEXT NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (repo_id, name)
);
