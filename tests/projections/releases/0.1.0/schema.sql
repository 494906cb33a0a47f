-- lock --
-- Only one projector at a time makes or remakes the tables.
SELECT pg_advisory_xact_lock(hashtext('jauap.projections'));

-- exists --
-- Whether the tables were made.
SELECT to_regclass('jauap.deployment') IS NOT NULL;

-- version --
-- Which release's tables these are, and of how many partitions.
SELECT version, partitions FROM deployment;

-- drop --
-- PostgreSQL is derived: another version's tables are dropped and folded anew.
DROP SCHEMA IF EXISTS jauap CASCADE;

-- create --
-- What the projector keeps for itself: version, positions, folded cases, and records that wait for a release that can read them.
CREATE SCHEMA jauap;
CREATE TABLE deployment (
    version integer NOT NULL,
    partitions integer NOT NULL
);
CREATE TABLE positions (
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    fingerprint bytea,
    epoch bigint NOT NULL,
    moved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition)
);
CREATE TABLE case_state (
    case_id text PRIMARY KEY,
    partition integer NOT NULL,
    chains bytea NOT NULL,
    latest text NOT NULL,
    parked text,
    since jsonb NOT NULL,
    folded bytea NOT NULL
);
CREATE INDEX case_state_partition ON case_state (partition);
CREATE INDEX case_state_parked ON case_state (partition) WHERE parked IS NOT NULL;
CREATE TABLE parked_records (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    log_offset bigint NOT NULL,
    key bytea NOT NULL,
    value bytea NOT NULL,
    headers bytea NOT NULL,
    appended_ms bigint NOT NULL,
    leader_epoch integer NOT NULL
);
CREATE INDEX parked_records_case ON parked_records (case_id);

-- enrol --
-- Note the version and the partition count of the tables just made.
INSERT INTO deployment (version, partitions) VALUES (%s, %s);

-- take_over --
-- Own partitions from now on: the epoch, this transaction's number, is never used again, not even after a drop.
INSERT INTO positions (topic, partition, next_offset, fingerprint, epoch)
SELECT topic, partition, 0, NULL, pg_current_xact_id()::text::bigint
FROM unnest(%(topics)s::text[]) AS topic CROSS JOIN unnest(%(numbers)s::integer[]) AS partition
ORDER BY topic, partition
ON CONFLICT (topic, partition) DO UPDATE SET epoch = excluded.epoch
RETURNING topic, partition, next_offset, fingerprint, epoch;

-- hold --
-- Lock positions for this transaction, to compare them before anything is written.
SELECT topic, partition, next_offset, epoch FROM positions
WHERE partition = ANY(%s) ORDER BY topic, partition FOR UPDATE;

-- hold_all --
-- Lock all positions for a rebuild: a running projector waits.
SELECT topic, partition, next_offset, fingerprint FROM positions ORDER BY topic, partition FOR UPDATE;

-- move --
-- Set a position that is held.
UPDATE positions SET next_offset = %s, fingerprint = %s, moved_at = now() WHERE topic = %s AND partition = %s;

-- reset --
-- A partition is folded from the start again.
UPDATE positions SET next_offset = 0, fingerprint = NULL, moved_at = now() WHERE partition = %s;

-- load --
-- Folded cases of a partition.
SELECT case_id, chains, latest, parked, since, folded FROM case_state WHERE case_id = ANY(%s) AND partition = %s;

-- still --
-- The cases that are broken or parked.
SELECT case_id, chains, latest, parked, since, folded FROM case_state WHERE partition = %s AND since <> '{}';

-- heads --
-- The heads of all cases of some partitions, to compare them with the log.
SELECT case_id, partition, chains, parked IS NOT NULL FROM case_state WHERE partition = ANY(%s);

-- remove_state --
-- Take out folded cases, before they are written anew.
DELETE FROM case_state WHERE case_id = ANY(%s);

-- copy_state --
-- Take folded cases in.
COPY case_state FROM STDIN;

-- forget_state --
-- Take out the folded cases of a whole partition.
DELETE FROM case_state WHERE partition = %s;

-- copy_parked --
-- Keep records of parked cases, in the order in which they were read.
COPY parked_records (case_id, topic, partition, log_offset, key, value, headers, appended_ms, leader_epoch) FROM STDIN;

-- parked --
-- The records of a partition that wait for a release that can read them, in order.
SELECT topic, partition, log_offset, key, value, headers, appended_ms, leader_epoch
FROM parked_records WHERE partition = %s ORDER BY number;

-- unpark --
-- Take out the waiting records of cases that were tried again.
DELETE FROM parked_records WHERE case_id = ANY(%s);

-- forget_parked --
-- Take out the waiting records of a whole partition.
DELETE FROM parked_records WHERE partition = %s;

-- count_parked --
-- How many cases are parked.
SELECT count(*) FROM case_state WHERE parked IS NOT NULL AND partition = ANY(%s);

-- positions --
-- How far each partition is projected.
SELECT topic, partition, next_offset, epoch, moved_at FROM positions ORDER BY topic, partition;

-- alone --
-- Whether this session is the only one at work under a name; asking again costs nothing.
SELECT EXISTS (
    SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
      AND classid = hashtext('jauap.at_work')::oid AND objid = hashtext(%(name)s)::oid AND granted
) OR pg_try_advisory_lock(hashtext('jauap.at_work'), hashtext(%(name)s));
