-- create --
-- Of what is somebody to be told, whom did it reach, and who took notice? (Open alerts; the rest is history.)
CREATE TABLE alerts (
    case_id text NOT NULL,
    alert bigint NOT NULL,
    clock text NOT NULL,
    kind text NOT NULL,
    step integer,
    paragraph text,
    body text,
    reference text,
    due date,
    act_by date,
    previous date,
    because text[] NOT NULL,
    estimated boolean NOT NULL,
    absent text,
    level integer NOT NULL,
    officer text,
    deputy text,
    acknowledged_by text,
    acknowledged_on date,
    deliveries jsonb NOT NULL,
    last_recorded_at timestamptz,
    stands_still boolean NOT NULL,
    PRIMARY KEY (case_id, alert)
);

-- remove --
-- Take out the rows of some cases, before they are written anew.
DELETE FROM alerts WHERE case_id = ANY(%s);

-- forget --
-- Take out the rows of a whole partition, before it is folded anew.
DELETE FROM alerts WHERE case_id IN (SELECT case_id FROM case_state WHERE partition = %s);

-- clear --
-- Take out every row, before the model is rebuilt.
DELETE FROM alerts;

-- copy --
-- Take rows in.
COPY alerts FROM STDIN;

-- list --
-- Open alerts by the day to act by: of all cases or of one, those taken notice of only if asked for.
SELECT * FROM alerts
WHERE (%(case_id)s::text IS NULL OR case_id = %(case_id)s)
  AND (%(all)s OR acknowledged_by IS NULL)
ORDER BY act_by NULLS FIRST, case_id, alert;
