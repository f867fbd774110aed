-- Run once, by the PostgreSQL image on an empty volume: Prefect's own database beside ours.
CREATE DATABASE prefect;
\connect prefect
CREATE EXTENSION IF NOT EXISTS pg_trgm;
