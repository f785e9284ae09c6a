-- Two roles for one database: the owner migrates, the worker reads and writes rows and can change no table.
\set ON_ERROR_STOP on
\getenv owner_password WALK_OWNER_PASSWORD
\getenv worker_password WALK_WORKER_PASSWORD
CREATE ROLE walk_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE walk_worker LOGIN PASSWORD :'worker_password';
ALTER DATABASE walk OWNER TO walk_owner;
REVOKE ALL ON DATABASE walk FROM PUBLIC;
GRANT CONNECT ON DATABASE walk TO walk_worker;
ALTER DEFAULT PRIVILEGES FOR ROLE walk_owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO walk_worker;
