-- create --
-- Where does what is on record fall short of the decree, and what was done about it late?
CREATE TABLE findings (
    case_id text NOT NULL,
    finding text NOT NULL,
    code text NOT NULL,
    paragraph text,
    expected text NOT NULL,
    found text NOT NULL,
    body text,
    basis text NOT NULL,
    cured_on date,
    cured_by text,
    PRIMARY KEY (case_id, finding)
);

-- remove --
-- Take out the rows of some cases, before they are written anew.
DELETE FROM findings WHERE case_id = ANY(%s);

-- forget --
-- Take out the rows of a whole partition, before it is folded anew.
DELETE FROM findings WHERE case_id IN (SELECT case_id FROM case_state WHERE partition = %s);

-- clear --
-- Take out every row, before the model is rebuilt.
DELETE FROM findings;

-- copy --
-- Take rows in.
COPY findings FROM STDIN;

-- list --
-- The findings, of one case or of all.
SELECT * FROM findings
WHERE %(case_id)s::text IS NULL OR case_id = %(case_id)s
ORDER BY case_id, paragraph NULLS LAST, finding;
