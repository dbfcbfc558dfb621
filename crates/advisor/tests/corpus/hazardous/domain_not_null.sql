-- expect: domain-constraint
alter domain quantity set not null;
