-- create --
-- What do treaty bodies ask, under which instrument, who leads, and how does each request stand?
CREATE TABLE treaty_requests (
    case_id text NOT NULL,
    request bigint NOT NULL,
    treaty_body text NOT NULL,
    procedure text NOT NULL,
    instrument text,
    reference text,
    received_on date NOT NULL,
    due date,
    rule text,
    verified boolean NOT NULL,
    interim_measures boolean NOT NULL,
    words_at_most bigint,
    lead text,
    transmitter text,
    state text NOT NULL,
    replied_on date,
    PRIMARY KEY (case_id, request)
);

-- remove --
-- Take out the rows of some cases, before they are written anew.
DELETE FROM treaty_requests WHERE case_id = ANY(%s);

-- forget --
-- Take out the rows of a whole partition, before it is folded anew.
DELETE FROM treaty_requests WHERE case_id IN (SELECT case_id FROM case_state WHERE partition = %s);

-- clear --
-- Take out every row, before the model is rebuilt.
DELETE FROM treaty_requests;

-- copy --
-- Take rows in.
COPY treaty_requests FROM STDIN;

-- list --
-- The requests of treaty bodies, of one case or of all, by the day on which the reply is due.
SELECT * FROM treaty_requests
WHERE %(case_id)s::text IS NULL OR case_id = %(case_id)s
ORDER BY replied_on IS NOT NULL, due NULLS LAST, case_id, request;
