-- Without the rights of pg_read_all_stats, a role sees the sessions of other roles but not their start times.
SELECT
  pg_database_size(current_database())::float8 AS database_bytes,
  (SELECT count(usesysid) FROM pg_stat_activity)::int AS connections,
  current_setting('max_connections')::int AS connections_limit,
  CASE WHEN pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') THEN (
    SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float8 FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
  ) END AS oldest_transaction_seconds,
  CASE WHEN pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AND NOT pg_is_in_recovery() THEN (
    SELECT json_build_object(
      'streaming', count(*) FILTER (WHERE state = 'streaming'),
      'lagBytes', coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)), 0)
    ) FROM pg_stat_replication HAVING count(*) > 0
  ) END AS standbys
