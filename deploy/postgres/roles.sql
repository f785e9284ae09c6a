-- The roles of a database of our own: the owner migrates, the worker works, a reader looks. What the two may do
-- stands in grants.sql, which the owner runs after each migration.
\set ON_ERROR_STOP on
\getenv owner_password WALK_OWNER_PASSWORD
\getenv worker_password WALK_WORKER_PASSWORD
CREATE ROLE walk_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE walk_worker LOGIN PASSWORD :'worker_password';
CREATE ROLE walk_reader;
ALTER DATABASE walk OWNER TO walk_owner;
REVOKE ALL ON DATABASE walk FROM PUBLIC;
