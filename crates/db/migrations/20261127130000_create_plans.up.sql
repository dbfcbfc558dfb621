-- What is to be changed in the schema, or removed, written down before it is done: the exact statements,
-- what they lock and touch, and the schema that they were written for. People approve it, and it is applied
-- once. It is about the whole database: no tenant's role has a right here.
create table shelfops.plans (
    plan_id bigint generated always as identity primary key,
    kind text not null check (kind ~ '^[a-z][a-z-]{0,62}$'),
    title text not null check (length(title) between 1 and 300),
    environment text not null check (environment in ('development', 'staging', 'production')),
    effect text not null check (effect in ('additive', 'heavy', 'destructive')),
    -- Statements run as they stand; migrations by their runner, which keeps the ledger.
    runs text not null check (runs in ('statements', 'migrations-up', 'migrations-down')),
    touches jsonb not null default '{}',
    reversal text not null check (reversal <> ''),
    schema_fingerprint text not null check (schema_fingerprint ~ '^[0-9a-f]{64}$'),
    content_hash text not null check (content_hash ~ '^[0-9a-f]{64}$'),
    state text not null default 'proposed'
        check (state in ('proposed', 'approved', 'rejected', 'applying', 'applied', 'failed')),
    created_by text not null check (created_by <> ''),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    decided_by text,
    decided_at timestamptz,
    decision_reason text,
    applied_by text,
    applied_at timestamptz,
    finished_at timestamptz,
    result jsonb,
    constraint plans_lifetime check (expires_at > created_at),
    constraint plans_decided check (state = 'proposed' or decided_by is not null),
    -- What is lost in production is lost by two people.
    constraint plans_two_people check (
        environment <> 'production' or effect <> 'destructive'
        or state in ('proposed', 'rejected') or decided_by <> created_by
    )
);
comment on table shelfops.plans is 'Changes that are approved before they are made, and made once.';
-- The list that people see: what waits, newest first.
create index plans_open on shelfops.plans (created_at desc) where state in ('proposed', 'approved');

create table shelfops.plan_steps (
    plan_id bigint not null references shelfops.plans on delete cascade,
    position integer not null check (position > 0),
    statement text not null check (statement <> ''),
    weight text not null check (weight in ('light', 'heavy', 'destroys')),
    -- A statement that the server refuses in a transaction, or whose lock a transaction would hold too long.
    is_alone boolean not null,
    locks jsonb not null default '[]',
    finished_at timestamptz,
    duration_ms bigint check (duration_ms >= 0),
    primary key (plan_id, position)
);
comment on table shelfops.plan_steps is 'The statements of a plan, in order.';

create table shelfops.plan_events (
    plan_event_id bigint generated always as identity primary key,
    plan_id bigint not null references shelfops.plans,
    event text not null
        check (event in ('proposed', 'approved', 'rejected', 'refused', 'applying', 'applied', 'failed')),
    principal text not null check (principal <> ''),
    detail text,
    occurred_at timestamptz not null default now()
);
comment on table shelfops.plan_events is 'Who did what with a plan, when; nothing in it is ever changed.';
create index plan_events_plan on shelfops.plan_events (plan_id, plan_event_id);

-- The owner could take the trigger away; nobody changes an entry by accident.
create function shelfops.refuse_plan_event_change() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    raise insufficient_privilege using
        message = format('entries of %s are never changed', tg_table_name);
end
$$;
create trigger plan_events_stay before update or delete or truncate on shelfops.plan_events
for each statement execute function shelfops.refuse_plan_event_change();

-- What was approved is what is applied: neither the statements nor what they rest on can change.
create function shelfops.refuse_other_content() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if (old.kind, old.title, old.environment, old.effect, old.runs, old.touches, old.reversal,
            old.schema_fingerprint, old.content_hash, old.created_by, old.created_at, old.expires_at)
        is distinct from
        (new.kind, new.title, new.environment, new.effect, new.runs, new.touches, new.reversal,
            new.schema_fingerprint, new.content_hash, new.created_by, new.created_at, new.expires_at)
    then
        raise insufficient_privilege using message = 'the content of a plan is never changed';
    end if;
    return new;
end
$$;
create trigger plans_keep_content before update on shelfops.plans
for each row execute function shelfops.refuse_other_content();
