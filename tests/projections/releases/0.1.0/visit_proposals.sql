-- create --
-- Which visits were proposed, on what basis, who must still agree, and what came of each?
CREATE TABLE visit_proposals (
    case_id text NOT NULL,
    proposal bigint NOT NULL,
    basis text NOT NULL,
    proposed_by text NOT NULL,
    proposed_on date NOT NULL,
    competent_bodies text[] NOT NULL,
    mandates text[] NOT NULL,
    subject text,
    waiting_for text[] NOT NULL,
    refused_by text[] NOT NULL,
    invited_on date,
    state text NOT NULL,
    since date NOT NULL,
    at_its_end boolean NOT NULL,
    PRIMARY KEY (case_id, proposal)
);

-- remove --
-- Take out the rows of some cases, before they are written anew.
DELETE FROM visit_proposals WHERE case_id = ANY(%s);

-- forget --
-- Take out the rows of a whole partition, before it is folded anew.
DELETE FROM visit_proposals WHERE case_id IN (SELECT case_id FROM case_state WHERE partition = %s);

-- clear --
-- Take out every row, before the model is rebuilt.
DELETE FROM visit_proposals;

-- copy --
-- Take rows in.
COPY visit_proposals FROM STDIN;

-- list --
-- The proposals of visits, of one case or of all, those not at their end first.
SELECT * FROM visit_proposals
WHERE %(case_id)s::text IS NULL OR case_id = %(case_id)s
ORDER BY at_its_end, proposed_on, case_id, proposal;
