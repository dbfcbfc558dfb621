-- expect: membership-lifts-isolation
grant pg_execute_server_program, pg_monitor to reporting;
