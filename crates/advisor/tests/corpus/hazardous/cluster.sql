-- expect: vacuum-full-or-cluster
CLUSTER accounts USING accounts_created;
