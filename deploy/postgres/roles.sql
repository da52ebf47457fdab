-- Creates the roles of the stack and sets their passwords. The superuser runs this file over the socket of the server
-- at each start of the stack, and repeating it is harmless. The rights to the tables follow when the owner migrates
-- (grants.sql).

-- A role that may see the statements of other sessions would see the passwords in the statements below.
SET track_activities = off;

\set superuser_password `cat /run/secrets/tidemark`
\set owner_password `cat /run/secrets/tidemark_owner`
\set writer_password `cat /run/secrets/tidemark_writer`
\set reader_password `cat /run/secrets/tidemark_reader`

SELECT format('CREATE ROLE %I', name) FROM (VALUES ('tidemark_owner'), ('tidemark_writer'), ('tidemark_reader')) AS roles (name)
WHERE name NOT IN (SELECT rolname FROM pg_roles) \gexec

ALTER ROLE tidemark_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'owner_password';
ALTER ROLE tidemark_writer LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'writer_password';
ALTER ROLE tidemark_reader LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'reader_password';
-- Earlier releases had a known password here. No part of the stack uses this role.
ALTER ROLE tidemark PASSWORD :'superuser_password';

REVOKE ALL ON DATABASE tidemark FROM PUBLIC;
ALTER DATABASE tidemark OWNER TO tidemark_owner;
GRANT CONNECT ON DATABASE tidemark TO tidemark_writer, tidemark_reader;

-- /metrics needs this right for the age of the oldest transaction and the lag of standbys. The right also shows the
-- statements of other sessions, whose parameters contain the events.
GRANT pg_read_all_stats TO tidemark_reader;

-- In earlier releases everything belonged to the superuser.
DO $$
DECLARE
  command text;
BEGIN
  FOR command IN
    SELECT format('ALTER TABLE %s OWNER TO tidemark_owner', oid::regclass) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relowner <> 'tidemark_owner'::regrole
    UNION ALL
    SELECT format('ALTER TYPE %s OWNER TO tidemark_owner', reltype::regtype) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'c' AND relowner <> 'tidemark_owner'::regrole
    UNION ALL
    SELECT format('ALTER ROUTINE %s OWNER TO tidemark_owner', oid::regprocedure) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND proowner <> 'tidemark_owner'::regrole
  LOOP
    EXECUTE command;
  END LOOP;
END $$;
