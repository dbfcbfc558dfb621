-- expect: vacuum-full-or-cluster
VACUUM FULL accounts;
