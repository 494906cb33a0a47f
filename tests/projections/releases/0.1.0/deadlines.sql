-- create --
-- What is due when, for whom, and how does each clock stand?
CREATE TABLE deadlines (
    case_id text NOT NULL,
    clock text NOT NULL,
    paragraph text,
    body text,
    rule text NOT NULL,
    policy text NOT NULL,
    starts_on date NOT NULL,
    due date,
    safe date,
    estimated boolean NOT NULL,
    verified boolean NOT NULL,
    absent text,
    original date,
    receipt text,
    acts text[] NOT NULL,
    calendar bigint,
    known_on date,
    state text NOT NULL,
    met_on date,
    met_by text,
    basis text NOT NULL,
    PRIMARY KEY (case_id, clock)
);
CREATE INDEX deadlines_due ON deadlines (due);

-- remove --
-- Take out the rows of some cases, before they are written anew.
DELETE FROM deadlines WHERE case_id = ANY(%s);

-- forget --
-- Take out the rows of a whole partition, before it is folded anew.
DELETE FROM deadlines WHERE case_id IN (SELECT case_id FROM case_state WHERE partition = %s);

-- clear --
-- Take out every row, before the model is rebuilt.
DELETE FROM deadlines;

-- copy --
-- Take rows in.
COPY deadlines FROM STDIN;

-- list --
-- Clocks by due date: what is still to be done, what comes due within some days, what was missed, or all of one case.
SELECT d.*, coalesce(safe, due) - %(today)s::date AS days_left
FROM deadlines d
WHERE (%(case_id)s::text IS NULL OR case_id = %(case_id)s)
  AND (%(case_id)s::text IS NOT NULL OR %(missed)s OR state IN ('open', 'missed'))
  AND (NOT %(missed)s OR state IN ('missed', 'met-late'))
  AND (%(within)s::integer IS NULL OR coalesce(safe, due) <= %(today)s::date + %(within)s::integer)
ORDER BY due NULLS LAST, case_id, clock;
