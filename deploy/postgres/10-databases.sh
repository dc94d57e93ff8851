#!/bin/sh
# Run once by the image of Postgres, on an empty volume: the platform's database and Dagster's own, and a user
# for dashboards that may read and nothing else.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv writer LM_DB_PASSWORD
\getenv reader LM_READER_PASSWORD
CREATE ROLE lm_assets LOGIN PASSWORD :'writer';
CREATE ROLE lm_reader NOLOGIN;
CREATE ROLE lm_dashboards LOGIN PASSWORD :'reader' IN ROLE lm_reader;
CREATE DATABASE load_metrics OWNER lm_assets ENCODING 'UTF8' TEMPLATE template0;
CREATE DATABASE dagster OWNER lm_assets ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE load_metrics FROM PUBLIC;
REVOKE ALL ON DATABASE dagster FROM PUBLIC;
GRANT CONNECT ON DATABASE load_metrics TO lm_reader;
SQL
