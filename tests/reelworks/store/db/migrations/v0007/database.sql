SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;
CREATE FUNCTION public.reelworks_tell_of_job() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'INSERT' OR NEW.status IS DISTINCT FROM OLD.status THEN
        INSERT INTO job_events (job_id, status, attempt, note)
        VALUES (NEW.id, NEW.status, NEW.attempts, NEW.error);
        IF NEW.status <> 'processing' THEN
            PERFORM pg_notify('reelworks_work', '');
        END IF;
    END IF;
    PERFORM pg_notify('reelworks_jobs', CASE WHEN TG_OP = 'INSERT' THEN '' ELSE NEW.id END);
    RETURN NULL;
END $$;
CREATE TEXT SEARCH CONFIGURATION public.reelworks_plain (
    PARSER = pg_catalog."default" );
ALTER TEXT SEARCH CONFIGURATION public.reelworks_plain
    ADD MAPPING FOR asciiword WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.reelworks_plain
    ADD MAPPING FOR word WITH public.unaccent, simple;
ALTER TEXT SEARCH CONFIGURATION public.reelworks_plain
    ADD MAPPING FOR numword WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.reelworks_plain
    ADD MAPPING FOR email WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.reelworks_plain
    ADD MAPPING FOR url WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.reelworks_plain
    ADD MAPPING FOR host WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.reelworks_plain
    ADD MAPPING FOR sfloat WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.reelworks_plain
    ADD MAPPING FOR version WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.reelworks_plain
    ADD MAPPING FOR hword_numpart WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.reelworks_plain
    ADD MAPPING FOR hword_part WITH public.unaccent, simple;
ALTER TEXT SEARCH CONFIGURATION public.reelworks_plain
    ADD MAPPING FOR hword_asciipart WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.reelworks_plain
    ADD MAPPING FOR numhword WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.reelworks_plain
    ADD MAPPING FOR asciihword WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.reelworks_plain
    ADD MAPPING FOR hword WITH public.unaccent, simple;
ALTER TEXT SEARCH CONFIGURATION public.reelworks_plain
    ADD MAPPING FOR url_path WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.reelworks_plain
    ADD MAPPING FOR file WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.reelworks_plain
    ADD MAPPING FOR "float" WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.reelworks_plain
    ADD MAPPING FOR "int" WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.reelworks_plain
    ADD MAPPING FOR uint WITH simple;
CREATE FUNCTION public.reelworks_unspaced(words text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN (words ~ '[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003fffd]'::text) THEN ((COALESCE((SELECT string_agg(((((''''::text || pairs.pair) || ''''::text) || chr(58)) || LEAST(pairs.place, (16383)::bigint)), ' '::text) AS string_agg FROM (SELECT one.letter, one.place, (one.letter || CASE WHEN (lead(one.letter) OVER (ORDER BY one.place) ~ '[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003fffd]'::text) THEN lead(one.letter) OVER (ORDER BY one.place) ELSE ''::text END) AS pair FROM unnest(string_to_array(reelworks_unspaced.words, NULL::text)) WITH ORDINALITY one(letter, place)) pairs WHERE (pairs.letter ~ '[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003fffd]'::text)), ''::text))::tsvector || to_tsvector('public.reelworks_plain'::regconfig, regexp_replace(words, '[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003fffd]+'::text, ' '::text, 'g'::text))) ELSE ''::tsvector END;
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.backfill_waits (
    flow_run_id text NOT NULL,
    backfill_id text NOT NULL,
    woken_at timestamp with time zone
);
CREATE TABLE public.backfills (
    id text NOT NULL,
    selection jsonb DEFAULT '{}'::jsonb NOT NULL,
    limits jsonb DEFAULT '{}'::jsonb NOT NULL,
    plan jsonb DEFAULT '{}'::jsonb NOT NULL,
    status text DEFAULT 'running'::text NOT NULL,
    reason text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT ck_backfills_status CHECK ((status = ANY (ARRAY['running'::text, 'paused'::text, 'stopped'::text, 'done'::text, 'cancelled'::text])))
);
CREATE TABLE public.caption_vectors (
    model text NOT NULL,
    embedding public.vector NOT NULL,
    row_id text NOT NULL
);
CREATE TABLE public.deliveries (
    id bigint NOT NULL,
    job_id text NOT NULL,
    url text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_at timestamp with time zone,
    delivered_at timestamp with time zone,
    status integer,
    error text
);
ALTER TABLE public.deliveries ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.deliveries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.dispatchers (
    name text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.embedding_models (
    model text NOT NULL,
    place text NOT NULL,
    live boolean DEFAULT false NOT NULL,
    fills boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    live_since timestamp with time zone,
    CONSTRAINT ck_embedding_models_place CHECK ((place = ANY (ARRAY['rows'::text, 'beside'::text])))
);
CREATE TABLE public.frame_captions (
    frame_id text NOT NULL,
    caption text,
    entities jsonb DEFAULT '{}'::jsonb NOT NULL,
    seen_text text DEFAULT ''::text NOT NULL,
    screen_text text DEFAULT ''::text NOT NULL,
    ts_config regconfig DEFAULT 'simple'::regconfig NOT NULL,
    id text NOT NULL,
    model text NOT NULL,
    revision text DEFAULT ''::text NOT NULL,
    video_id text NOT NULL,
    embedding public.vector,
    embedding_model text,
    seen_tsv tsvector GENERATED ALWAYS AS (((to_tsvector('english'::regconfig, seen_text) || to_tsvector('public.reelworks_plain'::regconfig, seen_text)) || public.reelworks_unspaced(seen_text))) STORED NOT NULL,
    screen_tsv tsvector GENERATED ALWAYS AS (((to_tsvector(ts_config, screen_text) || to_tsvector('public.reelworks_plain'::regconfig, screen_text)) || public.reelworks_unspaced(screen_text))) STORED NOT NULL,
    CONSTRAINT ck_frame_captions_embedding_has_model CHECK (((embedding IS NULL) = (embedding_model IS NULL)))
);
ALTER TABLE ONLY public.frame_captions ALTER COLUMN seen_text SET STATISTICS 0;
ALTER TABLE ONLY public.frame_captions ALTER COLUMN screen_text SET STATISTICS 0;
CREATE TABLE public.frames (
    scene_id text NOT NULL,
    t double precision NOT NULL,
    phash text NOT NULL,
    path text NOT NULL,
    sha256 text NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    sharpness double precision NOT NULL,
    duplicate_of text,
    id text NOT NULL,
    model text NOT NULL,
    revision text DEFAULT ''::text NOT NULL,
    video_id text NOT NULL,
    phash_bits bit(64) GENERATED ALWAYS AS ((('x'::text || phash))::bit(64)) STORED NOT NULL
);
CREATE TABLE public.intake (
    id integer NOT NULL,
    paused boolean NOT NULL,
    note text,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_intake_one CHECK ((id = 1))
);
CREATE TABLE public.job_events (
    id bigint NOT NULL,
    job_id text NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    status text NOT NULL,
    attempt integer NOT NULL,
    note text
);
ALTER TABLE public.job_events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.job_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.jobs (
    id text NOT NULL,
    kind text DEFAULT 'index'::text NOT NULL,
    video_id text,
    params jsonb DEFAULT '{}'::jsonb NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    error text,
    flow_run_id text,
    lease text,
    expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    attempts_before integer DEFAULT 0 NOT NULL,
    error_code text,
    error_stage text,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    not_before timestamp with time zone,
    pool text,
    priority integer DEFAULT 0 NOT NULL,
    backfill_id text,
    requested_by text,
    progress jsonb DEFAULT '{}'::jsonb NOT NULL,
    usage jsonb DEFAULT '{}'::jsonb NOT NULL,
    cost numeric(14,6) DEFAULT '0'::numeric NOT NULL,
    result jsonb DEFAULT '{}'::jsonb NOT NULL,
    requeues integer DEFAULT 0 NOT NULL,
    CONSTRAINT ck_jobs_index_has_video CHECK (((kind <> 'index'::text) OR (video_id IS NOT NULL))),
    CONSTRAINT ck_jobs_status CHECK ((status = ANY (ARRAY['pending'::text, 'processing'::text, 'done'::text, 'failed'::text, 'cancelled'::text])))
);
CREATE TABLE public.paces (
    name text NOT NULL,
    next_at timestamp with time zone NOT NULL
);
CREATE TABLE public.requests (
    caller text NOT NULL,
    key text NOT NULL,
    fingerprint text NOT NULL,
    status integer,
    answer jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.scenes (
    t_start double precision NOT NULL,
    t_end double precision NOT NULL,
    id text NOT NULL,
    model text NOT NULL,
    revision text DEFAULT ''::text NOT NULL,
    video_id text NOT NULL,
    CONSTRAINT ck_scenes_times CHECK ((t_start <= t_end))
);
CREATE UNLOGGED TABLE public.search_pages (
    id text NOT NULL,
    content text NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE public.segment_vectors (
    model text NOT NULL,
    embedding public.vector NOT NULL,
    row_id text NOT NULL
);
CREATE TABLE public.sources (
    library text NOT NULL,
    locator text NOT NULL,
    root text NOT NULL,
    size bigint NOT NULL,
    stamp text NOT NULL,
    sha256 text,
    duration_sec double precision,
    video_id text,
    first_seen timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    gone_at timestamp with time zone
);
CREATE TABLE public.tokens (
    name text NOT NULL,
    sha256 text NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    used_at timestamp with time zone,
    CONSTRAINT ck_tokens_scopes CHECK ((scopes <@ ARRAY['read'::text, 'submit'::text, 'admin'::text]))
);
CREATE TABLE public.transcript_segments (
    t_start double precision NOT NULL,
    t_end double precision NOT NULL,
    text text NOT NULL,
    words jsonb DEFAULT '[]'::jsonb NOT NULL,
    speaker text,
    language text,
    ts_config regconfig DEFAULT 'simple'::regconfig NOT NULL,
    id text NOT NULL,
    model text NOT NULL,
    revision text DEFAULT ''::text NOT NULL,
    video_id text NOT NULL,
    embedding public.vector,
    embedding_model text,
    tsv tsvector GENERATED ALWAYS AS (((to_tsvector(ts_config, text) || to_tsvector('public.reelworks_plain'::regconfig, text)) || public.reelworks_unspaced(text))) STORED NOT NULL,
    CONSTRAINT ck_transcript_segments_embedding_has_model CHECK (((embedding IS NULL) = (embedding_model IS NULL))),
    CONSTRAINT ck_transcript_segments_times CHECK ((t_start <= t_end))
);
ALTER TABLE ONLY public.transcript_segments ALTER COLUMN text SET STATISTICS 0;
CREATE TABLE public.videos (
    id text NOT NULL,
    original_path text NOT NULL,
    upload_path text,
    normalized_path text,
    duration_sec double precision,
    status text DEFAULT 'pending'::text NOT NULL,
    error text,
    title text,
    library text DEFAULT 'default'::text NOT NULL,
    language text,
    digests jsonb DEFAULT '{}'::jsonb NOT NULL,
    probe jsonb DEFAULT '{}'::jsonb NOT NULL,
    warnings jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    ready_at timestamp with time zone,
    stated_language text,
    added_by text,
    CONSTRAINT ck_videos_status CHECK ((status = ANY (ARRAY['pending'::text, 'processing'::text, 'ready'::text, 'failed'::text])))
);
INSERT INTO public.alembic_version (version_num) VALUES
	('0007');
INSERT INTO public.backfills (id, selection, limits, plan, status, reason, created_at, ended_at) VALUES
	('summer', '{"only": [], "limit": null, "source": "/videos", "stages": [], "library": "films", "language": "en"}', '{"budget": "5", "per_hour": null, "in_flight": 8, "calls_per_minute": null}', '{"cost": "0.03", "hours": 0.0167, "notes": [], "usage": {"openai/gpt-5": {"calls": 3}}, "stages": [{"cost": "0.03", "todo": 1, "calls": 3, "stage": "vision", "cached": 0, "seconds": 9.0}], "videos": 1, "unpriced": [], "model_calls": 3, "passed_over": 7, "fully_cached": 0, "work_seconds": 9.0, "elapsed_seconds": 30.0}', 'running', NULL, '2026-11-27 00:59:27.967595+00', NULL);
INSERT INTO public.caption_vectors (model, embedding, row_id) VALUES
	('openai/text-embedding-3-small', '[0.5,0,1,1]', 'talk_frame_000_caption'),
	('openai/text-embedding-3-small', '[0.5,1,1,1]', 'talk_frame_001_caption');
INSERT INTO public.deliveries (id, job_id, url, attempts, next_at, delivered_at, status, error) OVERRIDING SYSTEM VALUE VALUES
	(1, 'job-done', 'https://example.org/hook', 1, '2026-11-27 00:59:37.815437+00', NULL, 503, 'The receiver answered 503.');
INSERT INTO public.embedding_models (model, place, live, fills, created_at, live_since) VALUES
	('local/minilm@1', 'rows', true, false, '2026-11-27 00:59:27.56129+00', '2026-11-27 00:59:27.56129+00'),
	('openai/text-embedding-3-small', 'beside', false, false, '2026-11-27 00:59:27.670746+00', NULL);
INSERT INTO public.frame_captions (frame_id, caption, entities, seen_text, screen_text, ts_config, id, model, revision, video_id, embedding, embedding_model) VALUES
	('talk_frame_000', 'A white tower by the sea.', '{"text": [{"box": {"h": 0.4, "w": 0.3, "x": 0.1, "y": 0.2}, "text": "Harbour map", "confidence": 0.9}], "objects": ["tower"], "controls": [{"box": {"h": 0.4, "w": 0.3, "x": 0.1, "y": 0.2}, "kind": "button", "label": "Save", "confidence": 0.5}]}', 'A white tower by the sea.
tower
Save button', 'Harbour map', 'english', 'talk_frame_000_caption', 'local/rapidocr', '3.10', 'talk', '[0.5,0,1]', 'local/minilm@1'),
	('talk_frame_001', 'A ship at night.', '{"text": [{"box": {"h": 0.4, "w": 0.3, "x": 0.1, "y": 0.2}, "text": "Log book", "confidence": 0.9}], "objects": ["tower"], "controls": [{"box": {"h": 0.4, "w": 0.3, "x": 0.1, "y": 0.2}, "kind": "button", "label": "Save", "confidence": 0.5}]}', 'A ship at night.
tower
Save button', 'Log book', 'english', 'talk_frame_001_caption', 'local/rapidocr', '3.10', 'talk', '[0.5,1,1]', 'local/minilm@1');
INSERT INTO public.frames (scene_id, t, phash, path, sha256, width, height, sharpness, duplicate_of, id, model, revision, video_id) VALUES
	('talk_scene_000', 1, 'f00dface12345670', 'frames/talk/scene_000.jpg', '0000000000000000000000000000000000000000000000000000000000000000', 1280, 720, 99.5, NULL, 'talk_frame_000', 'local/sharpest-frame', '', 'talk'),
	('talk_scene_001', 4, 'f00dface12345671', 'frames/talk/scene_001.jpg', '1111111111111111111111111111111111111111111111111111111111111111', 1280, 720, 99.5, NULL, 'talk_frame_001', 'local/sharpest-frame', '', 'talk');
INSERT INTO public.intake (id, paused, note, changed_at) VALUES
	(1, true, 'maintenance', '2026-11-27 00:59:28.047336+00');
INSERT INTO public.job_events (id, job_id, at, status, attempt, note) OVERRIDING SYSTEM VALUE VALUES
	(1, 'job-done', '2026-11-27 00:59:27.760495+00', 'pending', 0, NULL),
	(2, 'job-done', '2026-11-27 00:59:27.776983+00', 'processing', 1, NULL),
	(3, 'job-done', '2026-11-27 00:59:27.796274+00', 'done', 1, NULL),
	(4, 'job-refused', '2026-11-27 00:59:27.817481+00', 'pending', 0, NULL),
	(5, 'job-refused', '2026-11-27 00:59:27.832179+00', 'processing', 1, NULL),
	(6, 'job-refused', '2026-11-27 00:59:27.843949+00', 'failed', 1, 'The flow index does not take the job''s parameters: colour.'),
	(7, 'job-undeployed', '2026-11-27 00:59:27.848252+00', 'pending', 0, NULL),
	(8, 'job-undeployed', '2026-11-27 00:59:27.855847+00', 'processing', 1, NULL),
	(9, 'job-undeployed', '2026-11-27 00:59:27.863315+00', 'failed', 1, 'Nothing is deployed that does jobs of the kind index; run reelworks deploy or reelworks up.'),
	(10, 'job-mismatch', '2026-11-27 00:59:27.867277+00', 'pending', 0, NULL),
	(11, 'job-mismatch', '2026-11-27 00:59:27.872914+00', 'processing', 1, NULL),
	(12, 'job-mismatch', '2026-11-27 00:59:27.883144+00', 'failed', 1, 'This worker would answer another vision question than asked.'),
	(13, 'job-running', '2026-11-27 00:59:27.887321+00', 'pending', 0, NULL),
	(14, 'job-running', '2026-11-27 00:59:27.896118+00', 'processing', 1, NULL),
	(15, 'job-queued', '2026-11-27 00:59:27.911309+00', 'pending', 0, NULL),
	(16, 'job-queued', '2026-11-27 00:59:27.915978+00', 'processing', 1, NULL),
	(17, 'job-claimed', '2026-11-27 00:59:27.927274+00', 'pending', 0, NULL),
	(18, 'job-claimed', '2026-11-27 00:59:27.931753+00', 'processing', 1, NULL),
	(19, 'job-cancelled', '2026-11-27 00:59:27.939364+00', 'pending', 0, NULL),
	(20, 'job-cancelled', '2026-11-27 00:59:27.943712+00', 'processing', 1, NULL),
	(21, 'job-cancelled', '2026-11-27 00:59:27.956795+00', 'cancelled', 1, 'Somebody cancelled it.'),
	(22, 'summer-a', '2026-11-27 00:59:27.9726+00', 'pending', 0, NULL),
	(23, 'summer-b', '2026-11-27 00:59:27.972667+00', 'pending', 0, NULL),
	(24, 'summer-a', '2026-11-27 00:59:28.0079+00', 'processing', 1, NULL),
	(25, 'summer-a', '2026-11-27 00:59:28.027973+00', 'failed', 1, 'The flow index does not take the job''s parameters: colour.'),
	(26, 'job-plan', '2026-11-27 00:59:28.032761+00', 'pending', 0, NULL),
	(27, 'job-waiting', '2026-11-27 00:59:28.039701+00', 'pending', 0, NULL);
INSERT INTO public.jobs (id, kind, video_id, params, status, attempts, error, flow_run_id, lease, expires_at, created_at, updated_at, attempts_before, error_code, error_stage, started_at, ended_at, not_before, pool, priority, backfill_id, requested_by, progress, usage, cost, result, requeues) VALUES
	('job-done', 'index', 'talk', '{"again": ["vision"], "language": "en"}', 'done', 1, NULL, 'run-done', NULL, NULL, '2026-11-27 00:59:27.759075+00', '2026-11-27 00:59:27.795773+00', 0, NULL, NULL, '2026-11-27 00:59:27.787759+00', '2026-11-27 00:59:27.795773+00', NULL, NULL, 0, NULL, 'newsroom', '{"ingest": {"done": 0.0, "note": null, "unit": "file", "items": 1, "model": null, "state": "cached", "total": 0.0, "seconds": 0.01}, "vision": {"done": 2.0, "note": "One frame was described without a caption.", "unit": "frames", "items": 2, "model": "openai/gpt-5", "state": "retried", "total": 2.0, "seconds": 4.25}, "transcribe": {"done": 6.0, "note": null, "unit": "segments", "items": 2, "model": "local/whisper-base@ebe41f70", "state": "done", "total": 6.0, "seconds": 2.5}}', '{"openai/gpt-5": {"cost": "0.0125", "calls": 2, "input_tokens": 2400, "output_tokens": 120}, "openai/unknown": {"cost": null, "calls": 1}}', 0.012500, '{"video_id": "talk"}', 0),
	('job-refused', 'index', 'talk', '{"again": ["scenes", "frames"]}', 'failed', 1, 'The flow index does not take the job''s parameters: colour.', 'run-refused', NULL, NULL, '2026-11-27 00:59:27.817068+00', '2026-11-27 00:59:27.843521+00', 0, 'job_refused', NULL, '2026-11-27 00:59:27.839216+00', '2026-11-27 00:59:27.843521+00', NULL, NULL, 0, NULL, NULL, '{"vision": {"note": "The flow index does not take the job''s parameters: colour.", "state": "failed"}}', '{}', 0.000000, '{}', 0),
	('job-undeployed', 'index', 'talk', '{}', 'failed', 1, 'Nothing is deployed that does jobs of the kind index; run reelworks deploy or reelworks up.', 'run-undeployed', NULL, NULL, '2026-11-27 00:59:27.847945+00', '2026-11-27 00:59:27.862986+00', 0, 'nothing_deployed', NULL, '2026-11-27 00:59:27.859088+00', '2026-11-27 00:59:27.862986+00', NULL, NULL, 0, NULL, NULL, '{"vision": {"note": "Nothing is deployed that does jobs of the kind index; run reelworks deploy or reelworks up.", "state": "failed"}}', '{}', 0.000000, '{}', 0),
	('job-mismatch', 'index', 'talk', '{}', 'failed', 1, 'This worker would answer another vision question than asked.', 'run-mismatch', NULL, NULL, '2026-11-27 00:59:27.866954+00', '2026-11-27 00:59:27.882087+00', 0, 'other_question', 'vision', '2026-11-27 00:59:27.879297+00', '2026-11-27 00:59:27.882087+00', NULL, NULL, 0, NULL, NULL, '{"vision": {"note": "This worker would answer another vision question than asked.", "state": "failed"}}', '{}', 0.000000, '{}', 0),
	('job-cancelled', 'index', 'talk', '{}', 'cancelled', 1, 'Somebody cancelled it.', 'run-cancelled', 'stop', NULL, '2026-11-27 00:59:27.939034+00', '2026-11-27 00:59:27.95523+00', 0, 'cancelled', NULL, NULL, '2026-11-27 00:59:27.95523+00', NULL, NULL, 0, NULL, NULL, '{}', '{}', 0.000000, '{}', 0),
	('summer-b', 'index', 'b', '{"again": ["vision"], "source": "/videos/b.mp4", "library": "films", "language": "en"}', 'pending', 0, NULL, NULL, NULL, NULL, '2026-11-27 00:59:27.972033+00', '2026-11-27 00:59:27.972033+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, -10, 'summer', 'newsroom', '{}', '{}', 0.000000, '{}', 0),
	('summer-a', 'index', 'a', '{"again": ["vision"], "source": "/videos/a.mp4", "library": "films", "language": "en"}', 'failed', 1, 'The flow index does not take the job''s parameters: colour.', 'run-a', NULL, NULL, '2026-11-27 00:59:27.972033+00', '2026-11-27 00:59:28.027438+00', 0, 'job_refused', NULL, '2026-11-27 00:59:28.017897+00', '2026-11-27 00:59:28.027438+00', NULL, NULL, -10, 'summer', 'newsroom', '{"ingest": {"done": 0.0, "note": null, "unit": "file", "items": 1, "model": null, "state": "cached", "total": 0.0, "seconds": 0.01}, "vision": {"done": 2.0, "note": "One frame was described without a caption.", "unit": "frames", "items": 2, "model": "openai/gpt-5", "state": "retried", "total": 2.0, "seconds": 4.25}, "transcribe": {"done": 6.0, "note": null, "unit": "segments", "items": 2, "model": "local/whisper-base@ebe41f70", "state": "done", "total": 6.0, "seconds": 2.5}}', '{"openai/gpt-5": {"cost": "0.0125", "calls": 2, "input_tokens": 2400, "output_tokens": 120}, "openai/unknown": {"cost": null, "calls": 1}}', 0.012500, '{}', 0),
	('job-plan', 'backfill', NULL, '{"again": ["vision"], "selection": {"source": "/videos"}}', 'pending', 0, NULL, NULL, NULL, NULL, '2026-11-27 00:59:28.03223+00', '2026-11-27 00:59:28.03223+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, '{}', '{}', 0.000000, '{}', 0),
	('job-waiting', 'index', 'talk', '{"again": ["vision"]}', 'pending', 0, NULL, NULL, NULL, NULL, '2026-11-27 00:59:28.039252+00', '2026-11-27 00:59:28.039252+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, '{}', '{}', 0.000000, '{}', 0),
	('job-running', 'index', 'talk', '{}', 'processing', 1, NULL, 'run-running', 'run:run-running', '2020-01-01 00:00:00+00', '2026-11-27 00:59:27.887008+00', '2026-11-27 00:59:27.907329+00', 0, NULL, NULL, '2026-11-27 00:59:27.903102+00', NULL, NULL, NULL, 0, NULL, NULL, '{"vision": {"done": 1.0, "note": "waits for the pool gpu", "state": "running", "total": 2.0}}', '{}', 0.000000, '{}', 0),
	('job-queued', 'index', 'talk', '{}', 'processing', 1, NULL, 'run-queued', 'queue', '2020-01-01 00:00:00+00', '2026-11-27 00:59:27.911006+00', '2026-11-27 00:59:27.914757+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, '{}', '{}', 0.000000, '{}', 0),
	('job-claimed', 'index', 'talk', '{}', 'processing', 1, NULL, NULL, 'intake:studio:4711:0badcafe', '2020-01-01 00:00:00+00', '2026-11-27 00:59:27.926976+00', '2026-11-27 00:59:27.930774+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, '{}', '{}', 0.000000, '{}', 0);
INSERT INTO public.paces (name, next_at) VALUES
	('openai', '2026-11-27 00:59:29.064135+00');
INSERT INTO public.requests (caller, key, fingerprint, status, answer, created_at) VALUES
	('newsroom', 'key-1', 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', 202, '{"id": "job-done", "params": {"again": ["vision"]}}', '2026-11-27 00:59:28.051204+00');
INSERT INTO public.scenes (t_start, t_end, id, model, revision, video_id) VALUES
	(0, 3, 'talk_scene_000', 'local/adaptive-detector', '', 'talk'),
	(3, 6, 'talk_scene_001', 'local/adaptive-detector', '', 'talk');
INSERT INTO public.segment_vectors (model, embedding, row_id) VALUES
	('openai/text-embedding-3-small', '[1,0,0.25,0.25]', 'talk_segment_000'),
	('openai/text-embedding-3-small', '[1,1,0.25,0.25]', 'talk_segment_001');
INSERT INTO public.sources (library, locator, root, size, stamp, sha256, duration_sec, video_id, first_seen, seen_at, gone_at) VALUES
	('films', '/videos/a.mp4', '/videos', 1000, '2026-11-01T00:00:00', '5555555555555555555555555555555555555555555555555555555555555555', 60, 'a', '2026-11-27 00:59:28.067701+00', '2026-11-27 00:59:28.067701+00', NULL);
INSERT INTO public.tokens (name, sha256, scopes, created_at, expires_at, revoked_at, used_at) VALUES
	('newsroom', '78ee4c11ef03aeb44c0d864ea403fe8c8aab280f517920a374456acde87760ff', '{read,submit}', '2026-11-27 00:59:28.075516+00', NULL, NULL, NULL);
INSERT INTO public.transcript_segments (t_start, t_end, text, words, speaker, language, ts_config, id, model, revision, video_id, embedding, embedding_model) VALUES
	(0, 1.5, 'The lighthouse stands on a cliff.', '[{"text": "The", "t_end": 0.4, "t_start": 0.0, "confidence": 0.9}]', NULL, 'en', 'english', 'talk_segment_000', 'local/whisper-base', 'ebe41f70', 'talk', '[1,0,0.25]', 'local/minilm@1'),
	(2, 3.5, 'Ships see it from afar.', '[{"text": "Ships", "t_end": 2.4, "t_start": 2.0, "confidence": 0.9}]', NULL, 'en', 'english', 'talk_segment_001', 'local/whisper-base', 'ebe41f70', 'talk', '[1,1,0.25]', 'local/minilm@1');
INSERT INTO public.videos (id, original_path, upload_path, normalized_path, duration_sec, status, error, title, library, language, digests, probe, warnings, created_at, updated_at, ready_at, stated_language, added_by) VALUES
	('talk', '/videos/A talk.mp4', 'uploads/talk_A_talk.mp4', 'processed/talk/normalized.mp4', 6, 'ready', NULL, 'A talk about lighthouses', 'default', 'en', '{"source": "5555555555555555555555555555555555555555555555555555555555555555"}', '{"audio": null, "title": "A talk about lighthouses", "video": null, "duration": 6.0, "container": "mp4", "audio_tracks": [], "video_tracks": [{"hdr": false, "codec": "h264", "index": 0, "start": 0.0, "width": 1920, "height": 1080, "default": false, "profile": "", "duration": null, "mirrored": false, "rotation": 0, "frame_rate": null, "interlaced": false, "pixel_aspect": "1:1", "pixel_format": "", "variable_rate": false}]}', '{"extract_audio": ["The sound was short."]}', '2026-11-27 00:59:27.398223+00', '2026-11-27 00:59:27.75584+00', '2026-11-27 00:59:27.75584+00', NULL, NULL),
	('a', '/videos/a.mp4', NULL, NULL, NULL, 'pending', NULL, NULL, 'films', NULL, '{}', '{}', '{}', '2026-11-27 00:59:27.967595+00', '2026-11-27 00:59:27.967595+00', NULL, NULL, NULL),
	('b', '/videos/b.mp4', NULL, NULL, NULL, 'pending', NULL, NULL, 'films', NULL, '{}', '{}', '{}', '2026-11-27 00:59:27.967595+00', '2026-11-27 00:59:27.967595+00', NULL, NULL, NULL);
SELECT pg_catalog.setval('public.deliveries_id_seq', 1, true);
SELECT pg_catalog.setval('public.job_events_id_seq', 27, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.backfill_waits
    ADD CONSTRAINT pk_backfill_waits PRIMARY KEY (flow_run_id);
ALTER TABLE ONLY public.backfills
    ADD CONSTRAINT pk_backfills PRIMARY KEY (id);
ALTER TABLE ONLY public.caption_vectors
    ADD CONSTRAINT pk_caption_vectors PRIMARY KEY (model, row_id);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT pk_deliveries PRIMARY KEY (id);
ALTER TABLE ONLY public.dispatchers
    ADD CONSTRAINT pk_dispatchers PRIMARY KEY (name);
ALTER TABLE ONLY public.embedding_models
    ADD CONSTRAINT pk_embedding_models PRIMARY KEY (model);
ALTER TABLE ONLY public.frame_captions
    ADD CONSTRAINT pk_frame_captions PRIMARY KEY (id);
ALTER TABLE ONLY public.frames
    ADD CONSTRAINT pk_frames PRIMARY KEY (id);
ALTER TABLE ONLY public.intake
    ADD CONSTRAINT pk_intake PRIMARY KEY (id);
ALTER TABLE ONLY public.job_events
    ADD CONSTRAINT pk_job_events PRIMARY KEY (id);
ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT pk_jobs PRIMARY KEY (id);
ALTER TABLE ONLY public.paces
    ADD CONSTRAINT pk_paces PRIMARY KEY (name);
ALTER TABLE ONLY public.requests
    ADD CONSTRAINT pk_requests PRIMARY KEY (caller, key);
ALTER TABLE ONLY public.scenes
    ADD CONSTRAINT pk_scenes PRIMARY KEY (id);
ALTER TABLE ONLY public.search_pages
    ADD CONSTRAINT pk_search_pages PRIMARY KEY (id);
ALTER TABLE ONLY public.segment_vectors
    ADD CONSTRAINT pk_segment_vectors PRIMARY KEY (model, row_id);
ALTER TABLE ONLY public.sources
    ADD CONSTRAINT pk_sources PRIMARY KEY (library, locator);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT pk_tokens PRIMARY KEY (name);
ALTER TABLE ONLY public.transcript_segments
    ADD CONSTRAINT pk_transcript_segments PRIMARY KEY (id);
ALTER TABLE ONLY public.videos
    ADD CONSTRAINT pk_videos PRIMARY KEY (id);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT uq_tokens_sha256 UNIQUE (sha256);
CREATE INDEX ix_caption_vectors_hnsw_9e75e7f06165f281 ON public.caption_vectors USING hnsw (((embedding)::public.vector(4)) public.vector_cosine_ops) WHERE ((model = 'openai/text-embedding-3-small'::text) AND (public.vector_dims(embedding) = 4));
CREATE INDEX ix_caption_vectors_row_id ON public.caption_vectors USING btree (row_id);
CREATE INDEX ix_deliveries_due ON public.deliveries USING btree (next_at) WHERE (next_at IS NOT NULL);
CREATE INDEX ix_deliveries_job_id ON public.deliveries USING btree (job_id);
CREATE INDEX ix_frame_captions_embedding_model ON public.frame_captions USING btree (embedding_model);
CREATE INDEX ix_frame_captions_frame_id ON public.frame_captions USING btree (frame_id);
CREATE INDEX ix_frame_captions_hnsw_579084526ce7843d ON public.frame_captions USING hnsw (((embedding)::public.vector(3)) public.vector_cosine_ops) WHERE ((embedding_model = 'local/minilm@1'::text) AND (public.vector_dims(embedding) = 3));
CREATE INDEX ix_frame_captions_screen_text ON public.frame_captions USING gin (screen_text public.gin_trgm_ops);
CREATE INDEX ix_frame_captions_screen_tsv ON public.frame_captions USING gin (screen_tsv);
CREATE INDEX ix_frame_captions_seen_tsv ON public.frame_captions USING gin (seen_tsv);
CREATE INDEX ix_frame_captions_video_id ON public.frame_captions USING btree (video_id);
CREATE INDEX ix_frames_duplicate_of ON public.frames USING btree (duplicate_of);
CREATE INDEX ix_frames_phash_bits ON public.frames USING hnsw (phash_bits public.bit_hamming_ops);
CREATE INDEX ix_frames_scene_id ON public.frames USING btree (scene_id);
CREATE INDEX ix_frames_video_id ON public.frames USING btree (video_id);
CREATE INDEX ix_job_events_job_id ON public.job_events USING btree (job_id);
CREATE INDEX ix_job_events_status_at ON public.job_events USING btree (status, at);
CREATE INDEX ix_jobs_backfill_id ON public.jobs USING btree (backfill_id, status) WHERE (backfill_id IS NOT NULL);
CREATE INDEX ix_jobs_leased ON public.jobs USING btree (expires_at) WHERE (status = 'processing'::text);
CREATE INDEX ix_jobs_newest ON public.jobs USING btree (created_at DESC, id DESC);
CREATE INDEX ix_jobs_status_created_at ON public.jobs USING btree (status, created_at);
CREATE INDEX ix_jobs_to_stop ON public.jobs USING btree (id) WHERE ((status = 'cancelled'::text) AND (lease IS NOT NULL));
CREATE INDEX ix_jobs_video_id ON public.jobs USING btree (video_id);
CREATE INDEX ix_jobs_waiting ON public.jobs USING btree (priority DESC, created_at, id) WHERE (status = 'pending'::text);
CREATE INDEX ix_requests_created_at ON public.requests USING btree (created_at);
CREATE INDEX ix_scenes_video_id ON public.scenes USING btree (video_id);
CREATE INDEX ix_search_pages_expires_at ON public.search_pages USING btree (expires_at);
CREATE INDEX ix_segment_vectors_hnsw_9e75e7f06165f281 ON public.segment_vectors USING hnsw (((embedding)::public.vector(4)) public.vector_cosine_ops) WHERE ((model = 'openai/text-embedding-3-small'::text) AND (public.vector_dims(embedding) = 4));
CREATE INDEX ix_segment_vectors_row_id ON public.segment_vectors USING btree (row_id);
CREATE INDEX ix_sources_sha256 ON public.sources USING btree (sha256);
CREATE INDEX ix_sources_video_id ON public.sources USING btree (video_id);
CREATE INDEX ix_transcript_segments_embedding_model ON public.transcript_segments USING btree (embedding_model);
CREATE INDEX ix_transcript_segments_hnsw_579084526ce7843d ON public.transcript_segments USING hnsw (((embedding)::public.vector(3)) public.vector_cosine_ops) WHERE ((embedding_model = 'local/minilm@1'::text) AND (public.vector_dims(embedding) = 3));
CREATE INDEX ix_transcript_segments_language ON public.transcript_segments USING btree (language);
CREATE INDEX ix_transcript_segments_speaker ON public.transcript_segments USING btree (speaker) WHERE (speaker IS NOT NULL);
CREATE INDEX ix_transcript_segments_tsv ON public.transcript_segments USING gin (tsv);
CREATE INDEX ix_transcript_segments_video_id ON public.transcript_segments USING btree (video_id);
CREATE INDEX ix_videos_hidden ON public.videos USING btree (id) WHERE (ready_at IS NULL);
CREATE INDEX ix_videos_library_created_at ON public.videos USING btree (library, created_at);
CREATE INDEX ix_videos_source_digest ON public.videos USING btree (((digests ->> 'source'::text)));
CREATE UNIQUE INDEX uq_embedding_models_live ON public.embedding_models USING btree (live) WHERE live;
CREATE UNIQUE INDEX uq_embedding_models_rows ON public.embedding_models USING btree (place) WHERE (place = 'rows'::text);
CREATE TRIGGER reelworks_tell_of_job AFTER INSERT OR UPDATE OF status, progress, priority ON public.jobs FOR EACH ROW EXECUTE FUNCTION public.reelworks_tell_of_job();
ALTER TABLE ONLY public.caption_vectors
    ADD CONSTRAINT fk_caption_vectors_row_id FOREIGN KEY (row_id) REFERENCES public.frame_captions(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT fk_deliveries_job_id FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.frame_captions
    ADD CONSTRAINT fk_frame_captions_frame_id FOREIGN KEY (frame_id) REFERENCES public.frames(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.frame_captions
    ADD CONSTRAINT fk_frame_captions_video_id FOREIGN KEY (video_id) REFERENCES public.videos(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.frames
    ADD CONSTRAINT fk_frames_duplicate_of FOREIGN KEY (duplicate_of) REFERENCES public.frames(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.frames
    ADD CONSTRAINT fk_frames_scene_id FOREIGN KEY (scene_id) REFERENCES public.scenes(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.frames
    ADD CONSTRAINT fk_frames_video_id FOREIGN KEY (video_id) REFERENCES public.videos(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.job_events
    ADD CONSTRAINT fk_job_events_job_id FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT fk_jobs_backfill_id FOREIGN KEY (backfill_id) REFERENCES public.backfills(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT fk_jobs_video_id FOREIGN KEY (video_id) REFERENCES public.videos(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.scenes
    ADD CONSTRAINT fk_scenes_video_id FOREIGN KEY (video_id) REFERENCES public.videos(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.segment_vectors
    ADD CONSTRAINT fk_segment_vectors_row_id FOREIGN KEY (row_id) REFERENCES public.transcript_segments(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.sources
    ADD CONSTRAINT fk_sources_video_id FOREIGN KEY (video_id) REFERENCES public.videos(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.transcript_segments
    ADD CONSTRAINT fk_transcript_segments_video_id FOREIGN KEY (video_id) REFERENCES public.videos(id) ON DELETE CASCADE;
