-- What quotas count of an agent: its pull requests and its runs, open ones and those of the last days. Only kept of
-- agents that have a quota. `lines` is JSON, lines by change class; NULL when they could not be counted. `seen_at` is when
-- a look saw it last.
CREATE TABLE quota_uses (
    subject_key TEXT NOT NULL,
    account_id  BIGINT NOT NULL,
    kind        TEXT NOT NULL,
    repo_id     BIGINT NOT NULL,
    repo        TEXT NOT NULL,
    number      BIGINT NOT NULL,
    begun_at    BIGINT NOT NULL,
    state       TEXT NOT NULL,
    ended_at    BIGINT,
    lines       TEXT,
    seen_at     BIGINT NOT NULL,
    PRIMARY KEY (subject_key, account_id)
);
CREATE INDEX quota_uses_by_account ON quota_uses (account_id, kind, begun_at);
CREATE INDEX quota_uses_by_end ON quota_uses (ended_at) WHERE ended_at IS NOT NULL;

-- Whose doing a piece of evidence tells of, where it is a push.
ALTER TABLE evidence ADD COLUMN actor_id BIGINT;
CREATE INDEX evidence_by_actor ON evidence (actor_id, at, id) WHERE actor_id IS NOT NULL;
