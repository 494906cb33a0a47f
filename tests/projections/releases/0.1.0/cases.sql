-- create --
-- Which cases are there, and how does each stand?
CREATE TABLE cases (
    case_id text PRIMARY KEY,
    kind text NOT NULL,
    reference text,
    registry_number text,
    type text,
    mandates text[] NOT NULL,
    state text,
    subject text,
    language text,
    letter_date date,
    received_on date,
    receipt_assumed boolean NOT NULL,
    reply_due date,
    original_reply_due date,
    status text NOT NULL,
    reply text NOT NULL,
    full_response_on date,
    merged_into text,
    officer text,
    deputy text,
    open_deadlines integer NOT NULL,
    missed_deadlines integer NOT NULL,
    findings integer NOT NULL,
    stands_still_since timestamptz,
    stands_still_why text,
    last_recorded_at timestamptz
);
CREATE INDEX cases_reference ON cases (reference);

-- remove --
-- Take out the rows of some cases, before they are written anew.
DELETE FROM cases WHERE case_id = ANY(%s);

-- forget --
-- Take out the rows of a whole partition, before it is folded anew.
DELETE FROM cases WHERE case_id IN (SELECT case_id FROM case_state WHERE partition = %s);

-- clear --
-- Take out every row, before the model is rebuilt.
DELETE FROM cases;

-- copy --
-- Take rows in.
COPY cases FROM STDIN;

-- list --
-- All cases, the last received first, with the cases that hold the same reference; the calendar only if it stands still.
SELECT c.*, ARRAY(
    SELECT o.case_id FROM cases o
    WHERE o.reference = c.reference AND o.case_id <> c.case_id
      AND o.merged_into IS NULL AND c.merged_into IS NULL
    ORDER BY o.case_id
) AS also
FROM cases c
WHERE (%(status)s::text IS NULL OR c.status = %(status)s)
  AND (c.kind <> 'calendar' OR c.stands_still_since IS NOT NULL)
ORDER BY c.received_on DESC NULLS LAST, c.case_id;

-- one --
-- One case, with the cases that hold the same reference.
SELECT c.*, ARRAY(
    SELECT o.case_id FROM cases o
    WHERE o.reference = c.reference AND o.case_id <> c.case_id
      AND o.merged_into IS NULL AND c.merged_into IS NULL
    ORDER BY o.case_id
) AS also
FROM cases c
WHERE c.case_id = %(case_id)s;
