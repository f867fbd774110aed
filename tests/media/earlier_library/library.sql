--
-- PostgreSQL database dump
--


-- Dumped from database version 18.6
-- Dumped by pg_dump version 18.6

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: pg_trgm; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;


--
-- Name: EXTENSION pg_trgm; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';


--
-- Name: unaccent; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA public;


--
-- Name: EXTENSION unaccent; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION unaccent IS 'text search dictionary that removes accents';


--
-- Name: vector; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;


--
-- Name: EXTENSION vector; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION vector IS 'vector data type and ivfflat and hnsw access methods';


--
-- Name: reelworks_tell_of_job(); Type: FUNCTION; Schema: public; Owner: -
--

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


--
-- Name: reelworks_plain; Type: TEXT SEARCH CONFIGURATION; Schema: public; Owner: -
--

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


--
-- Name: reelworks_unspaced(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.reelworks_unspaced(words text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN (words ~ '[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003fffd]'::text) THEN ((COALESCE((SELECT string_agg(((((''''::text || pairs.pair) || ''''::text) || chr(58)) || LEAST(pairs.place, (16383)::bigint)), ' '::text) AS string_agg FROM (SELECT one.letter, one.place, (one.letter || CASE WHEN (lead(one.letter) OVER (ORDER BY one.place) ~ '[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003fffd]'::text) THEN lead(one.letter) OVER (ORDER BY one.place) ELSE ''::text END) AS pair FROM unnest(string_to_array(reelworks_unspaced.words, NULL::text)) WITH ORDINALITY one(letter, place)) pairs WHERE (pairs.letter ~ '[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003fffd]'::text)), ''::text))::tsvector || to_tsvector('public.reelworks_plain'::regconfig, regexp_replace(words, '[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003fffd]+'::text, ' '::text, 'g'::text))) ELSE ''::tsvector END;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: alembic_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);


--
-- Name: backfill_waits; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.backfill_waits (
    flow_run_id text NOT NULL,
    backfill_id text NOT NULL,
    woken_at timestamp with time zone
);


--
-- Name: backfills; Type: TABLE; Schema: public; Owner: -
--

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


--
-- Name: caption_vectors; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.caption_vectors (
    model text NOT NULL,
    embedding public.vector NOT NULL,
    row_id text NOT NULL
);


--
-- Name: deliveries; Type: TABLE; Schema: public; Owner: -
--

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


--
-- Name: deliveries_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.deliveries ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.deliveries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: dispatchers; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.dispatchers (
    name text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: embedding_models; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.embedding_models (
    model text NOT NULL,
    place text NOT NULL,
    live boolean DEFAULT false NOT NULL,
    fills boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    live_since timestamp with time zone,
    CONSTRAINT ck_embedding_models_place CHECK ((place = ANY (ARRAY['rows'::text, 'beside'::text])))
);


--
-- Name: frame_captions; Type: TABLE; Schema: public; Owner: -
--

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


--
-- Name: frames; Type: TABLE; Schema: public; Owner: -
--

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


--
-- Name: intake; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.intake (
    id integer NOT NULL,
    paused boolean NOT NULL,
    note text,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_intake_one CHECK ((id = 1))
);


--
-- Name: job_events; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.job_events (
    id bigint NOT NULL,
    job_id text NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    status text NOT NULL,
    attempt integer NOT NULL,
    note text
);


--
-- Name: job_events_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.job_events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.job_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: jobs; Type: TABLE; Schema: public; Owner: -
--

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


--
-- Name: paces; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.paces (
    name text NOT NULL,
    next_at timestamp with time zone NOT NULL
);


--
-- Name: requests; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.requests (
    caller text NOT NULL,
    key text NOT NULL,
    fingerprint text NOT NULL,
    status integer,
    answer jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: scenes; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.scenes (
    t_start double precision NOT NULL,
    t_end double precision NOT NULL,
    id text NOT NULL,
    model text NOT NULL,
    revision text DEFAULT ''::text NOT NULL,
    video_id text NOT NULL,
    CONSTRAINT ck_scenes_times CHECK ((t_start <= t_end))
);


--
-- Name: search_pages; Type: TABLE; Schema: public; Owner: -
--

CREATE UNLOGGED TABLE public.search_pages (
    id text NOT NULL,
    content text NOT NULL,
    expires_at timestamp with time zone NOT NULL
);


--
-- Name: segment_vectors; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.segment_vectors (
    model text NOT NULL,
    embedding public.vector NOT NULL,
    row_id text NOT NULL
);


--
-- Name: sources; Type: TABLE; Schema: public; Owner: -
--

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


--
-- Name: tokens; Type: TABLE; Schema: public; Owner: -
--

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


--
-- Name: transcript_segments; Type: TABLE; Schema: public; Owner: -
--

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


--
-- Name: videos; Type: TABLE; Schema: public; Owner: -
--

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


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.alembic_version VALUES ('0007');


--
-- Data for Name: backfill_waits; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: backfills; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.backfills VALUES ('bf-20261127-3af21a', '{"only": [], "limit": null, "source": "/tmp/films/more", "stages": [], "library": "more", "language": null}', '{"budget": "1", "per_hour": null, "in_flight": 8, "calls_per_minute": null}', '{"cost": "0", "hours": 0.0014, "notes": ["The time is for 1 run at once on this machine."], "to_do": 1, "usage": {}, "stages": [{"cost": "0", "todo": 1, "calls": 0, "stage": "ingest", "cached": 0, "seconds": 0.021166666666666667}, {"cost": "0", "todo": 1, "calls": 0, "stage": "extract_audio", "cached": 0, "seconds": 0.035277777777777776}, {"cost": "0", "todo": 1, "calls": 0, "stage": "normalize", "cached": 0, "seconds": 1.0442222222222224}, {"cost": "0", "todo": 1, "calls": 0, "stage": "transcribe", "cached": 0, "seconds": 0.39511111111111114}, {"cost": "0", "todo": 1, "calls": 0, "stage": "scenes", "cached": 0, "seconds": 0.16933333333333334}, {"cost": "0", "todo": 1, "calls": 0, "stage": "frames", "cached": 0, "seconds": 0.1552222222222222}, {"cost": "0", "todo": 1, "calls": 0, "stage": "vision", "cached": 0, "seconds": 0.3527777777777778}, {"cost": "0", "todo": 1, "calls": 0, "stage": "embed_speech", "cached": 0, "seconds": 0.011288888888888888}, {"cost": "0", "todo": 1, "calls": 0, "stage": "embed_picture", "cached": 0, "seconds": 0.008466666666666667}], "videos": 1, "unpriced": [], "model_calls": 0, "passed_over": 0, "fully_cached": 0, "work_seconds": 2.2, "elapsed_seconds": 9.8}', 'running', NULL, '2026-11-27 01:14:57.229097+00', NULL);


--
-- Data for Name: caption_vectors; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: deliveries; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: dispatchers; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.dispatchers VALUES ('intake:vm:8579:937ef282', '2026-11-27 01:13:48.950684+00', '2026-11-27 01:25:09.772328+00');


--
-- Data for Name: embedding_models; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.embedding_models VALUES ('local/minilm-l6-v2-int8@8199be6f699a', 'rows', true, false, '2026-11-27 01:13:58.929997+00', '2026-11-27 01:13:58.929997+00');


--
-- Data for Name: frame_captions; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.frame_captions VALUES ('rot90_frame_000', NULL, '{"text": [], "objects": [], "controls": []}', '', '', 'english', 'rot90_frame_000_caption', 'local/rapidocr', '3.10.0-read2-controls1', 'rot90', NULL, NULL, DEFAULT, DEFAULT);


--
-- Data for Name: frames; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.frames VALUES ('rot90_scene_000', 4.7, 'c7c33838e3c3cd38', 'frames/rot90/scene_000.jpg', '5273207da24bd12249b1a2b09bc64decd675b63c9bd07bbccfef181c981a7547', 180, 320, 260.68833333333333, NULL, 'rot90_frame_000', 'local/sharpest-frame', '', 'rot90', DEFAULT);


--
-- Data for Name: intake; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.intake VALUES (1, true, NULL, '2026-11-27 01:14:30.743359+00');


--
-- Data for Name: job_events; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.job_events OVERRIDING SYSTEM VALUE VALUES (1, 'job-9bab3c8577dbae64', '2026-11-27 01:14:13.37663+00', 'pending', 0, NULL);
INSERT INTO public.job_events OVERRIDING SYSTEM VALUE VALUES (2, 'job-9bab3c8577dbae64', '2026-11-27 01:14:13.456677+00', 'processing', 1, NULL);
INSERT INTO public.job_events OVERRIDING SYSTEM VALUE VALUES (3, 'job-9bab3c8577dbae64', '2026-11-27 01:14:23.465871+00', 'failed', 1, '/tmp/films/text.mp4 is not a video or sound file that can be read; is it damaged?');
INSERT INTO public.job_events OVERRIDING SYSTEM VALUE VALUES (4, 'job-039ef2f230e5fb29', '2026-11-27 01:14:33.562571+00', 'pending', 0, NULL);
INSERT INTO public.job_events OVERRIDING SYSTEM VALUE VALUES (5, 'job-7447265b1f0a51a6', '2026-11-27 01:14:37.700435+00', 'pending', 0, NULL);
INSERT INTO public.job_events OVERRIDING SYSTEM VALUE VALUES (6, 'bf-20261127-3af21a-no-audio-acc0dd1e', '2026-11-27 01:14:57.23188+00', 'pending', 0, NULL);


--
-- Data for Name: jobs; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.jobs VALUES ('job-9bab3c8577dbae64', 'index', 'text', '{"source": "/tmp/films/text.mp4"}', 'failed', 1, '/tmp/films/text.mp4 is not a video or sound file that can be read; is it damaged?', '67d322cd-7713-416f-825c-d96451205332', NULL, NULL, '2026-11-27 01:14:13.374318+00', '2026-11-27 01:14:23.464346+00', 0, 'unsupported_media', 'ingest', '2026-11-27 01:14:23.131158+00', '2026-11-27 01:14:23.464346+00', NULL, NULL, 0, NULL, NULL, '{"ingest": {"done": 0.0, "note": "/tmp/films/text.mp4 is not a video or sound file that can be read; is it damaged?", "unit": "", "items": 0, "model": null, "state": "failed", "total": 0.0, "seconds": 0.283}}', '{}', 0.000000, '{}', 0);
INSERT INTO public.jobs VALUES ('job-039ef2f230e5fb29', 'index', 'rot90', '{"again": ["vision"]}', 'pending', 0, NULL, NULL, NULL, NULL, '2026-11-27 01:14:33.561002+00', '2026-11-27 01:14:33.561002+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, '{}', '{}', 0.000000, '{}', 0);
INSERT INTO public.jobs VALUES ('job-7447265b1f0a51a6', 'index', 'rot90', '{"source": "/tmp/films/rot90.mp4"}', 'pending', 0, NULL, NULL, NULL, NULL, '2026-11-27 01:14:37.697027+00', '2026-11-27 01:14:37.697027+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, '{}', '{}', 0.000000, '{}', 0);
INSERT INTO public.jobs VALUES ('bf-20261127-3af21a-no-audio-acc0dd1e', 'index', 'no-audio-acc0dd1e', '{"source": "/tmp/films/more/no_audio.mp4", "library": "more"}', 'pending', 0, NULL, NULL, NULL, NULL, '2026-11-27 01:14:57.230864+00', '2026-11-27 01:14:57.230864+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, -10, 'bf-20261127-3af21a', NULL, '{}', '{}', 0.000000, '{}', 0);


--
-- Data for Name: paces; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: requests; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: scenes; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.scenes VALUES (0, 5.133333333333334, 'rot90_scene_000', 'local/adaptive-detector', '', 'rot90');


--
-- Data for Name: search_pages; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: segment_vectors; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: sources; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.sources VALUES ('more', '/tmp/films/more/no_audio.mp4', '/tmp/films/more', 23652, '1795742005142261945', 'acc0dd1e2435fffcd58103daee077a8aa863dfc1b11bf837e3ce10a640555d57', 5.08, 'no-audio-acc0dd1e', '2026-11-27 01:14:57.210126+00', '2026-11-27 01:14:57.237006+00', NULL);


--
-- Data for Name: tokens; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.tokens VALUES ('old', 'e3f623c14bd7f8bf819565a1677c27fd2e1f519138e524b4f3d62e81d8e1c947', '{submit}', '2026-11-27 01:14:39.169125+00', NULL, NULL, NULL);


--
-- Data for Name: transcript_segments; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.transcript_segments VALUES (0.336, 4.516, 'This is the optical and science segment of the web space telescope.', '[{"text": "This", "t_end": 0.876, "t_start": 0.336, "confidence": 0.917}, {"text": "is", "t_end": 1.116, "t_start": 0.876, "confidence": 0.997}, {"text": "the", "t_end": 1.316, "t_start": 1.116, "confidence": 0.986}, {"text": "optical", "t_end": 1.676, "t_start": 1.316, "confidence": 0.956}, {"text": "and", "t_end": 1.936, "t_start": 1.676, "confidence": 0.953}, {"text": "science", "t_end": 2.356, "t_start": 1.936, "confidence": 0.968}, {"text": "segment", "t_end": 2.896, "t_start": 2.356, "confidence": 0.993}, {"text": "of", "t_end": 3.196, "t_start": 2.896, "confidence": 0.997}, {"text": "the", "t_end": 3.336, "t_start": 3.196, "confidence": 0.988}, {"text": "web", "t_end": 3.596, "t_start": 3.336, "confidence": 0.5}, {"text": "space", "t_end": 3.976, "t_start": 3.596, "confidence": 0.877}, {"text": "telescope.", "t_end": 4.516, "t_start": 3.976, "confidence": 0.998}]', NULL, 'en', 'english', 'rot90_segment_000', 'local/whisper-base', 'd01c3014881c', 'rot90', '[0.0054977345,-0.033194616,-0.063153125,-0.011893886,-0.017434942,-0.11296083,-0.0030513944,0.016623389,-0.013464754,-0.012823216,0.035988603,-0.0037745605,-0.03241738,-0.02991674,-0.020308876,0.013964902,-0.0078050653,-0.09361593,0.035210136,-0.04461685,0.076225504,0.049620524,-0.042738024,-0.044062056,0.007173904,0.08392501,-0.05232317,-0.017292723,0.029013988,-0.03524635,-0.010112347,0.037232198,0.007072159,0.06309354,-0.03266634,0.015495677,0.02077138,-0.092453755,-0.010437133,0.0038297002,0.0026787499,-0.057538413,0.027290132,-0.0015003387,-0.030010251,0.0063265627,-0.046519246,-0.06714745,-0.012202409,-0.019316778,-0.08053779,-0.07982975,-0.042014066,-0.00508506,0.040466454,0.06613868,-0.0020607573,-0.047334705,0.04543996,-0.024811264,0.08353472,-0.005826895,-0.0057626185,0.038916968,0.050819162,0.032472324,-0.051802073,-0.116688326,0.07286302,-0.11512044,-0.05368718,0.025169408,-0.010904136,0.05021266,0.00048803972,-0.036300812,0.118653424,0.043529112,0.099360354,0.021588853,0.060533777,-0.03759418,-0.02197093,0.06504289,0.03119307,-0.015980175,-0.04578101,-0.0058079697,-0.025458954,-0.05384633,-0.056483556,-0.07924787,-0.029243,-0.02348922,-0.10915974,-0.03964122,0.04531405,-0.09304233,0.011083863,0.075371735,0.046651427,-0.05257615,0.00029028193,0.018341076,-0.1249174,-0.06464976,0.03602077,0.08212267,0.05049215,-0.049682442,-0.023215579,0.035942897,-0.096397445,-0.065951385,-0.09325599,-0.021445815,-0.037491966,0.085491404,0.09905683,0.024767712,0.0023079074,0.0411569,-0.021192348,0.046921045,0.070792064,-0.095332794,-0.045728628,-6.653449e-33,0.05550951,0.02655473,0.009104217,-0.09397591,0.019960798,0.04209304,-0.006555501,0.069636196,-0.060465284,-0.08396122,0.0022111395,0.025249286,-0.014148479,0.030271117,0.042834662,-0.077351786,0.025479121,0.067638755,0.0041605947,0.0023772304,-0.07163225,0.043494735,-0.0024029575,0.014454042,0.032438233,0.03781744,-0.025416946,0.08146097,-0.013271611,0.057778154,0.05977281,0.089878045,-0.048734397,-0.015403754,0.03768056,-0.009618087,-0.07041453,-0.00441951,-0.027703,0.012174527,-0.008743513,0.034965787,-0.017756764,-0.008089867,-0.058846354,0.0010678918,-0.025883874,0.00031573055,0.056642238,0.05965902,-0.0073013124,-0.014293509,-0.0104957605,-0.0021077576,0.05175163,0.05280729,0.01370136,0.022950748,-0.036957394,-0.0088358205,0.024019381,-0.048994713,0.0049014734,0.016511414,-0.026270766,0.031461485,0.037632845,0.006350356,0.025668336,0.022450408,-0.08975457,0.03371118,0.05479819,0.0012963376,-0.013979526,-0.014782283,-0.04206837,0.016128542,-0.05342796,0.06466176,-0.08074295,-0.068350784,0.049134556,-0.07988217,-0.05399994,0.020259192,-0.0063921334,-0.012200834,-0.018921547,-0.048496783,-0.034306552,0.002784361,-0.04566723,0.034877103,-0.0187739,3.0737026e-33,-0.0049031083,0.00462605,-0.01783828,0.049477976,-0.007498263,0.04552362,0.051482223,0.055245586,-0.06657614,0.12444146,0.051548325,0.029405348,-0.036696706,-0.07738458,0.0013969839,0.012871822,-0.024109809,-0.11114653,-0.0772831,0.0010277794,0.05934882,5.6298504e-05,0.002972707,-0.08198063,0.01607331,0.016825056,0.07321219,-0.06756561,-0.053249724,0.02303454,-0.060712688,-0.077655025,-0.014835502,-0.023544325,0.0027745764,0.035555158,0.062452823,-0.08773191,-0.02600299,-0.099200316,-0.022851579,0.06376961,0.05392922,0.025550395,-0.032697685,-0.012862168,0.04973911,0.13514973,-0.06631265,-0.0027523423,-0.033249497,-0.015733432,0.03744283,-0.013518594,0.001967164,0.082776405,-0.07670717,0.08544219,0.0398435,0.045846332,0.05481746,-0.01902222,-0.06498728,0.068431884,0.0470796,-0.016785411,-0.015992692,0.0870634,-0.029836452,0.07939841,0.13909262,0.0030122243,-0.004581265,0.021252751,0.029838588,-0.018703818,0.07518109,0.03275246,0.02235022,0.072091,0.036107305,0.02079723,0.041165784,0.09792721,0.06156227,-0.027480096,-0.0044042747,-0.009643189,-0.055738058,-0.008130506,-0.05923033,-0.0075722337,-0.0827295,0.028579777,0.04246846,-1.8012047e-08,-0.00062041305,-0.028428312,-0.09918433,0.004131641,0.049637545,-0.059389852,0.009483812,0.04680263,-0.022365054,-0.02806015,0.04115794,-0.017037813,-0.050115578,0.0011559188,0.008828933,-0.06364146,0.017763255,-0.015294449,0.0069610463,0.05683277,0.0063821254,-0.073376074,0.11527355,-0.059522416,0.03231541,0.03903133,0.0006250621,0.1392666,-0.00017857588,-0.06912559,-0.04062772,0.007562769,-0.046679713,-0.008179833,-0.011296722,0.047745034,-0.1477689,0.016766068,0.020790316,0.02903833,0.021881891,0.037822776,0.0784901,0.103386536,0.02181437,0.1487554,-0.0018884595,-0.042827256,-0.012608695,-0.0056489664,-0.04372284,0.024717653,0.016978147,0.027970787,-0.12646316,0.012280022,0.06566547,-0.039869968,-0.09595915,0.07463774,0.031940117,0.059230413,-0.03613006,0.0070019215]', 'local/minilm-l6-v2-int8@8199be6f699a', DEFAULT);


--
-- Data for Name: videos; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.videos VALUES ('text', '/tmp/films/text.mp4', NULL, NULL, NULL, 'failed', '/tmp/films/text.mp4 is not a video or sound file that can be read; is it damaged?', 'text', 'default', NULL, '{"source": "0a835f30fa1f3ecbe987a8000abf03a846766c3e33de0ebf40f19f43cc2b47fc"}', '{}', '{}', '2026-11-27 01:14:13.353748+00', '2026-11-27 01:14:23.444457+00', NULL, NULL, NULL);
INSERT INTO public.videos VALUES ('rot90', '/tmp/films/rot90.mp4', 'uploads/rot90_rot90.mp4', 'processed/rot90/normalized.mp4', 5.133333333333334, 'ready', NULL, 'rot90', 'films', 'en', '{"source": "3846592a9c552f56cce4af9ff27deab5fcf96844fa767ffe50807675979ce0c5"}', '{"audio": {"codec": "aac", "index": 1, "start": 0.0, "default": true, "channels": 2, "duration": 5.12, "language": "eng", "sample_rate": 8000}, "title": null, "video": {"hdr": false, "codec": "h264", "index": 0, "start": 0.0, "width": 320, "height": 180, "default": true, "profile": "High", "duration": 5.08, "mirrored": false, "rotation": 270, "frame_rate": 25.0, "interlaced": false, "pixel_aspect": "1:1", "pixel_format": "yuv420p", "variable_rate": false}, "duration": 5.12, "container": "mov,mp4,m4a,3gp,3g2,mj2", "audio_tracks": [{"codec": "aac", "index": 1, "start": 0.0, "default": true, "channels": 2, "duration": 5.12, "language": "eng", "sample_rate": 8000}], "video_tracks": [{"hdr": false, "codec": "h264", "index": 0, "start": 0.0, "width": 320, "height": 180, "default": true, "profile": "High", "duration": 5.08, "mirrored": false, "rotation": 270, "frame_rate": 25.0, "interlaced": false, "pixel_aspect": "1:1", "pixel_format": "yuv420p", "variable_rate": false}]}', '{}', '2026-11-27 01:13:55.178523+00', '2026-11-27 01:13:59.762396+00', '2026-11-27 01:13:59.762396+00', NULL, NULL);
INSERT INTO public.videos VALUES ('no-audio-acc0dd1e', '/tmp/films/more/no_audio.mp4', NULL, NULL, NULL, 'pending', NULL, NULL, 'more', NULL, '{}', '{}', '{}', '2026-11-27 01:14:57.229097+00', '2026-11-27 01:14:57.229097+00', NULL, NULL, NULL);


--
-- Name: deliveries_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.deliveries_id_seq', 1, false);


--
-- Name: job_events_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.job_events_id_seq', 6, true);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: backfill_waits pk_backfill_waits; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.backfill_waits
    ADD CONSTRAINT pk_backfill_waits PRIMARY KEY (flow_run_id);


--
-- Name: backfills pk_backfills; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.backfills
    ADD CONSTRAINT pk_backfills PRIMARY KEY (id);


--
-- Name: caption_vectors pk_caption_vectors; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.caption_vectors
    ADD CONSTRAINT pk_caption_vectors PRIMARY KEY (model, row_id);


--
-- Name: deliveries pk_deliveries; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT pk_deliveries PRIMARY KEY (id);


--
-- Name: dispatchers pk_dispatchers; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.dispatchers
    ADD CONSTRAINT pk_dispatchers PRIMARY KEY (name);


--
-- Name: embedding_models pk_embedding_models; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.embedding_models
    ADD CONSTRAINT pk_embedding_models PRIMARY KEY (model);


--
-- Name: frame_captions pk_frame_captions; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.frame_captions
    ADD CONSTRAINT pk_frame_captions PRIMARY KEY (id);


--
-- Name: frames pk_frames; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.frames
    ADD CONSTRAINT pk_frames PRIMARY KEY (id);


--
-- Name: intake pk_intake; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.intake
    ADD CONSTRAINT pk_intake PRIMARY KEY (id);


--
-- Name: job_events pk_job_events; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job_events
    ADD CONSTRAINT pk_job_events PRIMARY KEY (id);


--
-- Name: jobs pk_jobs; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT pk_jobs PRIMARY KEY (id);


--
-- Name: paces pk_paces; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.paces
    ADD CONSTRAINT pk_paces PRIMARY KEY (name);


--
-- Name: requests pk_requests; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.requests
    ADD CONSTRAINT pk_requests PRIMARY KEY (caller, key);


--
-- Name: scenes pk_scenes; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.scenes
    ADD CONSTRAINT pk_scenes PRIMARY KEY (id);


--
-- Name: search_pages pk_search_pages; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.search_pages
    ADD CONSTRAINT pk_search_pages PRIMARY KEY (id);


--
-- Name: segment_vectors pk_segment_vectors; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.segment_vectors
    ADD CONSTRAINT pk_segment_vectors PRIMARY KEY (model, row_id);


--
-- Name: sources pk_sources; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sources
    ADD CONSTRAINT pk_sources PRIMARY KEY (library, locator);


--
-- Name: tokens pk_tokens; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT pk_tokens PRIMARY KEY (name);


--
-- Name: transcript_segments pk_transcript_segments; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.transcript_segments
    ADD CONSTRAINT pk_transcript_segments PRIMARY KEY (id);


--
-- Name: videos pk_videos; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.videos
    ADD CONSTRAINT pk_videos PRIMARY KEY (id);


--
-- Name: tokens uq_tokens_sha256; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT uq_tokens_sha256 UNIQUE (sha256);


--
-- Name: ix_caption_vectors_row_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_caption_vectors_row_id ON public.caption_vectors USING btree (row_id);


--
-- Name: ix_deliveries_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_deliveries_due ON public.deliveries USING btree (next_at) WHERE (next_at IS NOT NULL);


--
-- Name: ix_deliveries_job_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_deliveries_job_id ON public.deliveries USING btree (job_id);


--
-- Name: ix_frame_captions_embedding_model; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_frame_captions_embedding_model ON public.frame_captions USING btree (embedding_model);


--
-- Name: ix_frame_captions_frame_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_frame_captions_frame_id ON public.frame_captions USING btree (frame_id);


--
-- Name: ix_frame_captions_hnsw_7d001c24d6bd7aef; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_frame_captions_hnsw_7d001c24d6bd7aef ON public.frame_captions USING hnsw (((embedding)::public.vector(384)) public.vector_cosine_ops) WHERE ((embedding_model = 'local/minilm-l6-v2-int8@8199be6f699a'::text) AND (public.vector_dims(embedding) = 384));


--
-- Name: ix_frame_captions_screen_text; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_frame_captions_screen_text ON public.frame_captions USING gin (screen_text public.gin_trgm_ops);


--
-- Name: ix_frame_captions_screen_tsv; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_frame_captions_screen_tsv ON public.frame_captions USING gin (screen_tsv);


--
-- Name: ix_frame_captions_seen_tsv; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_frame_captions_seen_tsv ON public.frame_captions USING gin (seen_tsv);


--
-- Name: ix_frame_captions_video_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_frame_captions_video_id ON public.frame_captions USING btree (video_id);


--
-- Name: ix_frames_duplicate_of; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_frames_duplicate_of ON public.frames USING btree (duplicate_of);


--
-- Name: ix_frames_phash_bits; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_frames_phash_bits ON public.frames USING hnsw (phash_bits public.bit_hamming_ops);


--
-- Name: ix_frames_scene_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_frames_scene_id ON public.frames USING btree (scene_id);


--
-- Name: ix_frames_video_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_frames_video_id ON public.frames USING btree (video_id);


--
-- Name: ix_job_events_job_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_job_events_job_id ON public.job_events USING btree (job_id);


--
-- Name: ix_job_events_status_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_job_events_status_at ON public.job_events USING btree (status, at);


--
-- Name: ix_jobs_backfill_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_jobs_backfill_id ON public.jobs USING btree (backfill_id, status) WHERE (backfill_id IS NOT NULL);


--
-- Name: ix_jobs_leased; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_jobs_leased ON public.jobs USING btree (expires_at) WHERE (status = 'processing'::text);


--
-- Name: ix_jobs_newest; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_jobs_newest ON public.jobs USING btree (created_at DESC, id DESC);


--
-- Name: ix_jobs_status_created_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_jobs_status_created_at ON public.jobs USING btree (status, created_at);


--
-- Name: ix_jobs_to_stop; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_jobs_to_stop ON public.jobs USING btree (id) WHERE ((status = 'cancelled'::text) AND (lease IS NOT NULL));


--
-- Name: ix_jobs_video_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_jobs_video_id ON public.jobs USING btree (video_id);


--
-- Name: ix_jobs_waiting; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_jobs_waiting ON public.jobs USING btree (priority DESC, created_at, id) WHERE (status = 'pending'::text);


--
-- Name: ix_requests_created_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_requests_created_at ON public.requests USING btree (created_at);


--
-- Name: ix_scenes_video_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_scenes_video_id ON public.scenes USING btree (video_id);


--
-- Name: ix_search_pages_expires_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_search_pages_expires_at ON public.search_pages USING btree (expires_at);


--
-- Name: ix_segment_vectors_row_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_segment_vectors_row_id ON public.segment_vectors USING btree (row_id);


--
-- Name: ix_sources_sha256; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_sources_sha256 ON public.sources USING btree (sha256);


--
-- Name: ix_sources_video_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_sources_video_id ON public.sources USING btree (video_id);


--
-- Name: ix_transcript_segments_embedding_model; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_transcript_segments_embedding_model ON public.transcript_segments USING btree (embedding_model);


--
-- Name: ix_transcript_segments_hnsw_7d001c24d6bd7aef; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_transcript_segments_hnsw_7d001c24d6bd7aef ON public.transcript_segments USING hnsw (((embedding)::public.vector(384)) public.vector_cosine_ops) WHERE ((embedding_model = 'local/minilm-l6-v2-int8@8199be6f699a'::text) AND (public.vector_dims(embedding) = 384));


--
-- Name: ix_transcript_segments_language; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_transcript_segments_language ON public.transcript_segments USING btree (language);


--
-- Name: ix_transcript_segments_speaker; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_transcript_segments_speaker ON public.transcript_segments USING btree (speaker) WHERE (speaker IS NOT NULL);


--
-- Name: ix_transcript_segments_tsv; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_transcript_segments_tsv ON public.transcript_segments USING gin (tsv);


--
-- Name: ix_transcript_segments_video_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_transcript_segments_video_id ON public.transcript_segments USING btree (video_id);


--
-- Name: ix_videos_hidden; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_videos_hidden ON public.videos USING btree (id) WHERE (ready_at IS NULL);


--
-- Name: ix_videos_library_created_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_videos_library_created_at ON public.videos USING btree (library, created_at);


--
-- Name: ix_videos_source_digest; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_videos_source_digest ON public.videos USING btree (((digests ->> 'source'::text)));


--
-- Name: uq_embedding_models_live; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX uq_embedding_models_live ON public.embedding_models USING btree (live) WHERE live;


--
-- Name: uq_embedding_models_rows; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX uq_embedding_models_rows ON public.embedding_models USING btree (place) WHERE (place = 'rows'::text);


--
-- Name: jobs reelworks_tell_of_job; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER reelworks_tell_of_job AFTER INSERT OR UPDATE OF status, progress, priority ON public.jobs FOR EACH ROW EXECUTE FUNCTION public.reelworks_tell_of_job();


--
-- Name: caption_vectors fk_caption_vectors_row_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.caption_vectors
    ADD CONSTRAINT fk_caption_vectors_row_id FOREIGN KEY (row_id) REFERENCES public.frame_captions(id) ON DELETE CASCADE;


--
-- Name: deliveries fk_deliveries_job_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT fk_deliveries_job_id FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;


--
-- Name: frame_captions fk_frame_captions_frame_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.frame_captions
    ADD CONSTRAINT fk_frame_captions_frame_id FOREIGN KEY (frame_id) REFERENCES public.frames(id) ON DELETE CASCADE;


--
-- Name: frame_captions fk_frame_captions_video_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.frame_captions
    ADD CONSTRAINT fk_frame_captions_video_id FOREIGN KEY (video_id) REFERENCES public.videos(id) ON DELETE CASCADE;


--
-- Name: frames fk_frames_duplicate_of; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.frames
    ADD CONSTRAINT fk_frames_duplicate_of FOREIGN KEY (duplicate_of) REFERENCES public.frames(id) ON DELETE SET NULL;


--
-- Name: frames fk_frames_scene_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.frames
    ADD CONSTRAINT fk_frames_scene_id FOREIGN KEY (scene_id) REFERENCES public.scenes(id) ON DELETE CASCADE;


--
-- Name: frames fk_frames_video_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.frames
    ADD CONSTRAINT fk_frames_video_id FOREIGN KEY (video_id) REFERENCES public.videos(id) ON DELETE CASCADE;


--
-- Name: job_events fk_job_events_job_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job_events
    ADD CONSTRAINT fk_job_events_job_id FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;


--
-- Name: jobs fk_jobs_backfill_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT fk_jobs_backfill_id FOREIGN KEY (backfill_id) REFERENCES public.backfills(id) ON DELETE SET NULL;


--
-- Name: jobs fk_jobs_video_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT fk_jobs_video_id FOREIGN KEY (video_id) REFERENCES public.videos(id) ON DELETE CASCADE;


--
-- Name: scenes fk_scenes_video_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.scenes
    ADD CONSTRAINT fk_scenes_video_id FOREIGN KEY (video_id) REFERENCES public.videos(id) ON DELETE CASCADE;


--
-- Name: segment_vectors fk_segment_vectors_row_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.segment_vectors
    ADD CONSTRAINT fk_segment_vectors_row_id FOREIGN KEY (row_id) REFERENCES public.transcript_segments(id) ON DELETE CASCADE;


--
-- Name: sources fk_sources_video_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sources
    ADD CONSTRAINT fk_sources_video_id FOREIGN KEY (video_id) REFERENCES public.videos(id) ON DELETE SET NULL;


--
-- Name: transcript_segments fk_transcript_segments_video_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.transcript_segments
    ADD CONSTRAINT fk_transcript_segments_video_id FOREIGN KEY (video_id) REFERENCES public.videos(id) ON DELETE CASCADE;


--
-- PostgreSQL database dump complete
--


