-- lock --
-- Only one projector at a time makes or remakes the tables.
SELECT pg_advisory_xact_lock(hashtext('jauap.projections'));

-- exists --
-- Whether this generation's tables were made, here or in no schema: unqualified names are looked for in its own only.
SELECT to_regclass('deployment') IS NOT NULL;

-- partitions --
-- Of how many partitions the tables are.
SELECT partitions FROM deployment;

-- create --
-- What the projector keeps for itself: partition count, positions, folded cases, and records that wait for a release that can read them.
CREATE TABLE deployment (
    generation integer NOT NULL,
    partitions integer NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE positions (
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    fingerprint bytea,
    epoch bigint NOT NULL,
    moved_at timestamptz NOT NULL DEFAULT now(),
    goal bigint,
    reached_at timestamptz,
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
-- Note the generation and the partition count of the tables just made.
INSERT INTO deployment (generation, partitions) VALUES (%s, %s);

-- take_over --
-- Own partitions from now on: the epoch, this transaction's number, is never used again, not even after a drop.
INSERT INTO positions (topic, partition, next_offset, fingerprint, epoch)
SELECT topic, partition, 0, NULL, pg_current_xact_id()::text::bigint
FROM unnest(%(topics)s::text[]) AS topic CROSS JOIN unnest(%(numbers)s::integer[]) AS partition
ORDER BY topic, partition
ON CONFLICT (topic, partition) DO UPDATE SET epoch = excluded.epoch
RETURNING topic, partition, next_offset, fingerprint, reached_at IS NOT NULL, epoch;

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

-- aim --
-- Note where a topic of the log ends, so that everybody can tell how far tables are that are being made.
UPDATE positions SET goal = %s WHERE topic = %s AND partition = %s;

-- reach --
-- Partitions are as far as the log: from now on their rows may be asked for.
UPDATE positions SET reached_at = now() WHERE partition = ANY(%s);

-- reset --
-- A partition is folded from the start again, and can't be asked for until it is as far as the log once more.
UPDATE positions SET next_offset = 0, fingerprint = NULL, moved_at = now(), goal = NULL, reached_at = NULL
WHERE partition = %s;

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

-- standing --
-- How far this generation is: partitions that it is of, places taken over and as far as the log, records folded and to be folded.
SELECT d.partitions, count(p.topic), count(p.reached_at), sum(least(p.next_offset, p.goal)), sum(p.goal)
FROM deployment d LEFT JOIN positions p ON true GROUP BY d.partitions;

-- schemas --
-- The schemas of generations that are there, whether this role may read them, and the bytes that each takes.
SELECT n.nspname, has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(p.oid, 'SELECT')
    AND has_table_privilege(d.oid, 'SELECT'),
    (SELECT sum(pg_total_relation_size(t.oid))::bigint FROM pg_class t WHERE t.relnamespace = n.oid AND t.relkind = 'r')
FROM pg_namespace n
JOIN pg_class p ON p.relnamespace = n.oid AND p.relname = 'positions' AND p.relkind = 'r'
JOIN pg_class d ON d.relnamespace = n.oid AND d.relname = 'deployment' AND d.relkind = 'r'
WHERE n.nspname ~ '^jauap(_[1-9][0-9]{0,5})?$';

-- schema --
-- Whether a schema is there, and whether this role may use it.
SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = %s;

-- sessions --
-- How many others are at work on a generation: every session has the name of its schema.
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = %s AND pid <> pg_backend_pid();

-- role --
-- Whether there is a role of this name.
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s);

-- patience --
-- Give up on a table that somebody holds, within this transaction.
SET LOCAL lock_timeout = '10s';

-- told --
-- What another generation tells of itself; the two names are those of its tables deployment and positions.
SELECT max((d.row->>'partitions')::integer) AS partitions, count(p.row) AS taken, count(p.row->>'reached_at') AS reached,
    sum(least((p.row->>'next_offset')::bigint, (p.row->>'goal')::bigint)) AS folded,
    sum((p.row->>'goal')::bigint) AS goal,
    coalesce(sum((p.row->>'next_offset')::bigint), 0)::bigint AS records,
    max((d.row->>'made_at')::timestamptz) AS made_at,
    max((p.row->>'reached_at')::timestamptz) AS answers_since,
    max((p.row->>'moved_at')::timestamptz) AS moved_at
FROM (SELECT to_jsonb(x) AS row FROM {} x) d LEFT JOIN (SELECT to_jsonb(x) AS row FROM {} x) p ON true;
