-- How much of a repository waits: whoever has much waiting stands further back with what comes next.
CREATE INDEX work_by_repository ON work (repo_id, turn_at);
