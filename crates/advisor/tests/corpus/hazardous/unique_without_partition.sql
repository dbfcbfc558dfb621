-- expect: unique-without-partition-column
CREATE UNIQUE INDEX events_id ON events (tenant_id, id);
