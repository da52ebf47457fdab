-- The rights of the roles that services use. Run by the owner after each migration, and harmless to repeat. A role that does
-- not exist is left out, so a database with one role for everything works as well. The names may be those of roles that log
-- in, or of groups that such roles are members of.
--
-- The writer (consumers) changes every table, but deletes no event. The reader (queries) keeps the result of an audit, and
-- writes nothing else. Neither makes, changes or drops a table.
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
  END IF;
END $$
