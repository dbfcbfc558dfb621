drop table shelfops.plan_events;
drop table shelfops.plan_steps;
drop table shelfops.plans;
drop function shelfops.refuse_other_content();
drop function shelfops.refuse_plan_event_change();
