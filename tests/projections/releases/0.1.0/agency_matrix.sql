-- create --
-- Which body was asked what, by when, and what came of it?
CREATE TABLE agency_matrix (
    case_id text NOT NULL,
    body text NOT NULL,
    asked_on date NOT NULL,
    asked_due date,
    questions text[] NOT NULL,
    answered_on date,
    answers text[] NOT NULL,
    open_questions text[] NOT NULL,
    declined_on date,
    competent_body text,
    returned_on date,
    signatory_capacity text,
    state text NOT NULL,
    PRIMARY KEY (case_id, body)
);

-- remove --
-- Take out the rows of some cases, before they are written anew.
DELETE FROM agency_matrix WHERE case_id = ANY(%s);

-- forget --
-- Take out the rows of a whole partition, before it is folded anew.
DELETE FROM agency_matrix WHERE case_id IN (SELECT case_id FROM case_state WHERE partition = %s);

-- clear --
-- Take out every row, before the model is rebuilt.
DELETE FROM agency_matrix;

-- copy --
-- Take rows in.
COPY agency_matrix FROM STDIN;

-- list --
-- The bodies asked, of one case or of all.
SELECT * FROM agency_matrix
WHERE %(case_id)s::text IS NULL OR case_id = %(case_id)s
ORDER BY case_id, asked_on, body;
