-- What whoever looks after the platform should look at. Tenants' alerts are the tenants' own, and so is the
-- audit log; a schema that somebody changed by hand is nobody's among them.
create table shelfops.platform_alerts (
    alert_id uuid primary key,
    kind text not null check (kind ~ '^[a-z][a-z-]{0,62}$'),
    severity text not null check (severity in ('info', 'warning', 'critical')),
    message text not null check (message <> ''),
    evidence jsonb not null default '{}',
    raised_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    resolved_at timestamptz
);
comment on table shelfops.platform_alerts is
    'What somebody should look at who looks after the platform: one open alert a kind.';

-- One that is still so is the same alert, seen again.
create unique index platform_alerts_open on shelfops.platform_alerts (kind) where resolved_at is null;

insert into shelfops.upkeep_schedules (kind, every_seconds) values ('schema-drift', 86400);
