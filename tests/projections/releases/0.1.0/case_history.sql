-- create --
-- What happened in a case, in whose hands, when, and when was it recorded?
CREATE TABLE case_history (
    case_id text NOT NULL,
    service text NOT NULL,
    sequence bigint NOT NULL,
    event text NOT NULL,
    recorded_at timestamptz NOT NULL,
    happened_on date,
    actor text,
    command_id text,
    event_id text NOT NULL,
    refused boolean NOT NULL,
    withdraws bigint,
    sentence text NOT NULL,
    data jsonb NOT NULL,
    seen text,
    PRIMARY KEY (case_id, service, sequence)
);
CREATE INDEX case_history_command ON case_history (command_id);

-- receiving --
-- Where a batch's rows arrive, before those that are not there yet are taken over.
CREATE TEMPORARY TABLE IF NOT EXISTS arriving (LIKE case_history) ON COMMIT DELETE ROWS;

-- receive --
-- Take a batch's rows in.
COPY arriving FROM STDIN;

-- merge --
-- Take over what is not there yet: a record has one row, for ever the same.
INSERT INTO case_history SELECT * FROM arriving ON CONFLICT DO NOTHING;

-- forget --
-- Take out the rows of a whole partition, before it is folded anew.
DELETE FROM case_history WHERE case_id IN (SELECT case_id FROM case_state WHERE partition = %s);

-- clear --
-- Take out every row, before the model is rebuilt.
DELETE FROM case_history;

-- copy --
-- Take rows in.
COPY case_history FROM STDIN;

-- list --
-- A case's history in the order in which it was recorded; of one moment, in the order of the services.
SELECT h.*, (
    SELECT min(w.sequence) FROM case_history w
    WHERE w.case_id = h.case_id AND w.service = h.service AND w.withdraws = h.sequence AND w.sequence > h.sequence
) AS withdrawn_by
FROM case_history h
WHERE h.case_id = %(case_id)s
ORDER BY h.recorded_at, array_position(ARRAY['intake', 'routing', 'deadlines', 'publication'], h.service), h.sequence;

-- of_command --
-- The record that a command made.
SELECT h.*, (
    SELECT min(w.sequence) FROM case_history w
    WHERE w.case_id = h.case_id AND w.service = h.service AND w.withdraws = h.sequence AND w.sequence > h.sequence
) AS withdrawn_by
FROM case_history h
WHERE h.command_id = %(command_id)s
ORDER BY h.recorded_at, h.service
LIMIT 1;

-- clock_changes --
-- How often each clock of some cases was set, and when last.
SELECT case_id, data->>'clock' AS clock, count(*) - 1 AS changes, max(recorded_at) AS changed_at
FROM case_history
WHERE case_id = ANY(%(case_ids)s) AND service = 'deadlines' AND event = ANY(%(events)s)
GROUP BY case_id, data->>'clock';
