-- What is done again and again, and when next. A schedule has a phase of its own, which follows from its
-- id: a thousand tenants whose sales are read every five minutes are spread over the five minutes.
create table schedules (
    customer_id uuid not null references customers,
    schedule_id uuid not null,
    kind text not null check (kind ~ '^[a-z][a-z-]{0,62}$'),
    -- Of no integration: work on the tenant's own tables.
    integration_id uuid,
    stream text check (stream ~ '^[a-z][a-z-]{0,62}$'),
    every_seconds integer not null check (every_seconds between 60 and 2678400),
    -- By the tenant's own clock; with it, every_seconds is a day.
    daily_at time,
    is_paused boolean not null default false,
    next_due_at timestamptz not null,
    last_enqueued_at timestamptz,
    created_at timestamptz not null default now(),
    primary key (customer_id, schedule_id),
    foreign key (customer_id, integration_id) references integrations on delete cascade,
    -- Its prefix stands behind the reference to integrations.
    unique nulls not distinct (customer_id, integration_id, kind, stream),
    constraint schedules_daily check (daily_at is null or every_seconds = 86400)
);
comment on table schedules is 'What is done again and again, and when next.';

-- What is due is asked for every few seconds, tenant by tenant.
create index schedules_due on schedules (customer_id, next_due_at) where not is_paused;

select shelfops.protect_tenant_table('schedules');

-- Work that belongs to no tenant, such as partitions.
create table shelfops.upkeep_schedules (
    kind text primary key check (kind ~ '^[a-z][a-z-]{0,62}$'),
    every_seconds integer not null check (every_seconds between 60 and 2678400),
    is_paused boolean not null default false,
    next_due_at timestamptz not null default now(),
    last_enqueued_at timestamptz
);
comment on table shelfops.upkeep_schedules is 'What is done again and again for the whole database.';
insert into shelfops.upkeep_schedules (kind, every_seconds) values ('timeseries-upkeep', 3600);

-- The first due time after a moment. It lies on a fixed grid, so neither a late run nor a missed one
-- moves those that follow, and however many were missed, one run makes up for them.
create function shelfops.next_due(
    schedule text, every_seconds integer, daily_at time, time_zone text, after timestamptz
) returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    every interval := make_interval(secs => every_seconds);
    -- Within the interval; of daily times, within half an hour.
    room integer := case when daily_at is null then every_seconds else 1800 end;
    phase interval := make_interval(
        secs => mod(hashtextextended(schedule, 5) & 9223372036854775807, room));
    today timestamp;
    due timestamptz;
begin
    if daily_at is null then
        return date_bin(every, after - phase, timestamptz '2000-01-03 00:00:00+00') + every + phase;
    end if;
    today := date_trunc('day', after at time zone time_zone) + daily_at;
    due := today at time zone time_zone + phase;
    if due <= after then
        due := (today + interval '1 day') at time zone time_zone + phase;
    end if;
    -- A local time that a change of clocks skips can come out a little early.
    return greatest(due, after + interval '1 minute');
end
$$;
grant execute on function shelfops.next_due(text, integer, time, text, timestamptz) to shelfops_app;

-- Returns what is due, and moves each to its next time: who takes it must enqueue it in the same
-- transaction. One asks at a time; to the others nothing is due. It enters each tenant, because nobody
-- sees all tenants' rows at once, and leaves none entered.
create function shelfops.take_due_schedules()
returns table (
    due_customer_id uuid, due_kind text, due_integration_id uuid, due_stream text, due_at timestamptz
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    tenant uuid;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('shelfops schedules', 4)) then
        return;
    end if;
    return query
    with due as (
        select upkeep.kind, upkeep.next_due_at
        from shelfops.upkeep_schedules as upkeep
        where not upkeep.is_paused and upkeep.next_due_at <= now()
        for update
    )
    update shelfops.upkeep_schedules as upkeep
    set
        last_enqueued_at = now(),
        next_due_at = shelfops.next_due(upkeep.kind, upkeep.every_seconds, null, 'UTC', now())
    from due
    where due.kind = upkeep.kind
    returning null::uuid, upkeep.kind, null::uuid, null::text, due.next_due_at;
    for tenant in select tenants.customer_id from shelfops.tenants order by 1 loop
        perform shelfops.enter_tenant(tenant);
        return query
        with due as (
            select schedule.schedule_id, schedule.next_due_at, customer.time_zone
            from public.schedules as schedule
            join public.customers as customer on customer.customer_id = tenant
            left join public.integrations as integration
                on integration.customer_id = tenant
                and integration.integration_id = schedule.integration_id
            where schedule.customer_id = tenant
                and not schedule.is_paused
                and schedule.next_due_at <= now()
                -- One that is paused or revoked cannot be read; a failed one may have recovered.
                and (schedule.integration_id is null or integration.status in ('active', 'failed'))
            for update of schedule
        ), taken as (
            update public.schedules as schedule
            set
                last_enqueued_at = now(),
                next_due_at = shelfops.next_due(
                    schedule.schedule_id::text, schedule.every_seconds, schedule.daily_at,
                    due.time_zone, now())
            from due
            where schedule.customer_id = tenant and schedule.schedule_id = due.schedule_id
            returning schedule.schedule_id, schedule.kind, schedule.integration_id, schedule.stream,
                due.next_due_at
        )
        -- In the order they were made: stores and products before the sales that name them.
        select tenant, taken.kind, taken.integration_id, taken.stream, taken.next_due_at
        from taken
        order by taken.schedule_id;
    end loop;
    perform set_config('app.current_customer_id', '', true);
    perform set_config('app.tenant_proof', '', true);
end
$$;
