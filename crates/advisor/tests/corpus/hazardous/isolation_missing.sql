-- expect: tenant-isolation-missing
CREATE TABLE reviews (
    tenant_id uuid NOT NULL,
    id bigint NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
