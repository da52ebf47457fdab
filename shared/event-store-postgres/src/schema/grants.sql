-- The rights of the roles that services use. The owner runs this file after each migration, and repeating it is
-- harmless. A role that does not exist is skipped, so a database with one role for everything works as well. The names
-- may belong to roles that log in, or to groups of such roles.
--
-- The writer (consumers) changes every table, but deletes no event. The reader (queries) keeps the result of an audit and
-- the subscriptions, and writes nothing else. Neither creates, changes or drops a table.
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'tidemark_writer') THEN
    GRANT USAGE ON SCHEMA public TO tidemark_writer;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO tidemark_writer;
    REVOKE DELETE ON events FROM tidemark_writer;
    REVOKE INSERT, UPDATE, DELETE ON migrations FROM tidemark_writer;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO tidemark_writer;
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'tidemark_reader') THEN
    GRANT USAGE ON SCHEMA public TO tidemark_reader;
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO tidemark_reader;
    GRANT INSERT, UPDATE ON last_audit TO tidemark_reader;
    IF to_regclass('subscriptions') IS NOT NULL THEN -- not yet in the tables of an earlier version
      GRANT INSERT, UPDATE, DELETE ON subscriptions TO tidemark_reader;
    END IF;
  END IF;
END $$
