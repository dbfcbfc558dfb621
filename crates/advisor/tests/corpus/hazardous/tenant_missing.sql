-- expect: tenant-column-missing
CREATE TABLE reviews (
    id bigint PRIMARY KEY,
    body text NOT NULL
);
