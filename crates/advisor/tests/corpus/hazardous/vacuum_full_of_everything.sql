-- expect: vacuum-full-or-cluster
vacuum full;
