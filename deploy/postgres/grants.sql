-- What the roles `walk_worker` (the worker) and `walk_reader` (`walk status`, `walk session`, ...) may do, and no more.
-- They are made where they are missing; give one to a login: GRANT walk_worker TO somebody.
-- Run it as the owner of the tables after each `walk migrate`:
--
--   psql "$WALK_DATABASE_URL" -f deploy/postgres/grants.sql
--
-- Neither role can change a table or write where the migrations keep their notes. Of upstream's own accounts, users,
-- trees and flow_proposals (an adopted database) the worker reads the id, and may do nothing else: the foreign keys of
-- a walk are checked with the rights of those tables' owner.

DO $grants$
DECLARE
    adopted CONSTANT boolean := EXISTS (
        SELECT FROM l1_walk_adoption WHERE action = 'adopted' AND kind = 'table' AND name = 'accounts');
    role_name text;
    reference_table text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['walk_worker', 'walk_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
        END IF;
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), role_name);
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), role_name);
    END LOOP;

    GRANT SELECT, INSERT, UPDATE, DELETE
        ON l1_walk_sessions, l1_walk_inbox, l1_walk_outbox, l1_walk_dead_letters, l1_walk_held, l1_walk_progress,
           l1_walk_progress_changes, l1_walk_references
        TO walk_worker;
    GRANT SELECT
        ON l1_walk_sessions, l1_walk_inbox, l1_walk_outbox, l1_walk_dead_letters, l1_walk_held, l1_walk_progress,
           l1_walk_progress_changes, l1_walk_references
        TO walk_reader;
    GRANT SELECT ON l1_walk_adoption, l1_walk_alembic_version TO walk_worker, walk_reader;

    FOREACH reference_table IN ARRAY ARRAY['accounts', 'users', 'trees', 'flow_proposals'] LOOP
        EXECUTE format('GRANT SELECT (id) ON %I TO walk_worker', reference_table);
        IF NOT adopted THEN
            EXECUTE format('GRANT INSERT, DELETE ON %I TO walk_worker', reference_table);
        END IF;
    END LOOP;
END
$grants$;
